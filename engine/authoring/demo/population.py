"""The whole base: a seed gives the same customers, deliveries and truth, byte for byte."""

from __future__ import annotations

import random
from datetime import date

from engine.authoring.demo import calendar as days_of
from engine.authoring.demo.contracts import contracts
from engine.authoring.demo.delivery import deliver
from engine.authoring.demo.people import introduce, people
from engine.authoring.demo.planted import TRIGGERS, Demo, Planted
from engine.authoring.demo.renewals import renewals
from engine.authoring.demo.shop import shop
from engine.authoring.demo.surveys import accounts, surveys
from engine.authoring.demo.usage import usage
from engine.model.values import Micros


def generate(seed: int, customers: int = 2000, days: int = 120, first: date = days_of.FIRST_MONDAY) -> Demo:
    """Make the base of `customers` (persons and accounts) over `days` from the Monday `first`.

    Each part draws from a generator of its own, so that a change to one leaves the others as they were.
    ValueError where the base is too small or too short for every case to be told.
    """
    calendar = days_of.calendar(first, days)

    def chance(part: str) -> random.Random:
        return random.Random(f"{seed}/{part}")

    persons = people(customers - accounts(customers), customers, chance("people"))
    stories = (
        introduce(persons, calendar, chance("introduction")),
        usage(persons, calendar, chance("usage")),
        shop(persons, calendar, chance("shop")),
        surveys(persons, customers, calendar, chance("surveys")),
        renewals(persons, customers, calendar, chance("renewals")),
        contracts(persons, calendar, chance("contracts")),
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
        events=deliver(happenings, calendar.end, chance("delivery")),
        planted=tuple(sorted(planted, key=_order)),
    )


def _order(case: Planted) -> tuple[int, Micros, str, str]:
    return TRIGGERS.index(case.trigger), case.at, case.customer, case.rule
