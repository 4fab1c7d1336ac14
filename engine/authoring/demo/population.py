"""The whole base: a seed gives the same customers, deliveries and truth, byte for byte."""

from __future__ import annotations

import random
from datetime import date

from engine.authoring.demo import calendar as days_of
from engine.authoring.demo.characters import CHARACTERS, characters
from engine.authoring.demo.contracts import contracts
from engine.authoring.demo.delivery import deliver
from engine.authoring.demo.lately import lately
from engine.authoring.demo.occasions import occasions, refer
from engine.authoring.demo.onboarding import onboarding
from engine.authoring.demo.people import Customer, introduce, people
from engine.authoring.demo.planted import Demo, Planted, within_days
from engine.authoring.demo.relations import relations
from engine.authoring.demo.renewals import renewals
from engine.authoring.demo.shop import shop
from engine.authoring.demo.surveys import accounts, surveys
from engine.authoring.demo.usage import outage, usage
from engine.model.values import Micros
from engine.timeline.ruleset import BASE


def generate(
    seed: int,
    customers: int = 2000,
    days: int = days_of.YEAR,
    first: date = days_of.FIRST_MONDAY,
    now: Micros | None = None,
) -> Demo:
    """Make the base of `customers` (persons and accounts) over `days` from the Monday `first`.

    With `now`, an instant of those days, it is told up to there, and of some more who came `lately`.

    Each part draws from a generator of its own, so that a change to one leaves the others as they were.
    Fewer days are the beginning of the same year. ValueError where the base is too small for every case
    to be told, or the days are none.
    """
    calendar = days_of.calendar(first, days)

    def chance(part: str) -> random.Random:
        return random.Random(f"{seed}/{part}")

    persons = people(customers - accounts(customers) - len(CHARACTERS), customers, chance("people"))
    shopped = shop(persons, calendar, chance("shop"))
    refer(persons, shopped, chance("referrals"), calendar)
    used = usage(persons, calendar, chance("usage"))
    stories = (
        introduce(persons, calendar, chance("introduction")),
        used,
        outage(calendar, days_of.OUTAGE_WEEK, BASE),
        shopped,
        surveys(persons, customers, calendar, chance("surveys")),
        renewals(persons, customers, calendar, chance("renewals")),
        contracts(persons, calendar, chance("contracts")),
        onboarding(persons, calendar, chance("onboarding")),
        relations(persons, used, customers, calendar, chance("relations")),
        occasions(persons, shopped, calendar, chance("occasions")),
        characters(calendar),
        *(() if now is None else (lately(now),)),
    )
    happenings = [happening for story in stories for happening in story.happenings]
    planted = [case for story in stories for case in story.planted]
    return Demo(
        seed=seed,
        start=calendar.start,
        end=calendar.end,
        days=days,
        customers=customers,
        zones=days_of.ZONES,
        readers=frozenset(CHARACTERS).union(one.id for one in persons if _reads(one)),
        events=deliver(happenings, calendar.end if now is None else now, chance("delivery")),
        planted=tuple(sorted(within_days(planted, calendar.end), key=_order)),
    )


def _reads(customer: Customer) -> bool:
    return customer.part.shopping in ("browser", "seldom") or customer.part.beginning is not None


def _order(case: Planted) -> tuple[str, Micros, str, str]:
    return case.trigger, case.at, case.customer, case.expect
