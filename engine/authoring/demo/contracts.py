"""Contracts that are cancelled, kept after all, made smaller or dearer, not paid, or ended for a reason to
respect."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import RISE, RISE_TOLD, YEAR, Calendar, iso
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE, Micros

SAVE_RULE, LOST_RULE, PAYMENT_RULE, SILENCE_RULE = (
    "cancel-requested",
    "churned",
    "payment-failed",
    "do-not-contact",
)
EXIT_RULE = "exit-survey-due"
ANNOUNCED_RULE = "change-announced"
ANNOUNCED = (14, 0)
"""Days before a planned change on which those whom it concerns are told."""

DECIDED_WITHIN = HOUR
REASONS = ("price", "quality", "competition")
RETURNS = 0.2
"""Of those who leave, how many come back some days after the end."""

TAKES_A_PLAN = 15
"""Days from a trial that is forgotten to the plan that is taken all the same."""

DEARER = 1.12
CHANGE = "The team plan costs 12% more"


class Contract:
    """The contracts of one customer, told in order."""

    def __init__(self, customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
        self.customer, self.calendar, self.rng, self.story = customer, calendar, rng, story

    def at(self, day: int) -> Micros:
        """Give an instant in the working hours of a day."""
        return self.calendar.at(day, self.rng.randrange(600, 960), self.customer.zone)

    def set(self, at: Micros, mrr: int, number: int = 1, **rest: object) -> None:
        """Tell what one contract is from now on."""
        id = f"{self.customer.id}-s{number}"
        self.story.tell(self.customer.id, "subscription_updated", at, subscription_id=id, mrr=mrr, **rest)

    def cancel(self, at: Micros, ends: Micros, mrr: int, reason: str) -> None:
        """Tell that it was cancelled; what is paid runs until `ends`."""
        self.set(at, mrr, ends_at=iso(ends), reason=reason)

    def undo(self, at: Micros, mrr: int) -> None:
        """Tell that it goes on after all."""
        self.set(at, mrr, ends_at=None, reason=None)

    def leave(self, at: Micros, ends: Micros, mrr: int, reason: str) -> None:
        """Ask to cancel by choice, and leave."""
        self.cancel(at, ends, mrr, reason)
        self.fires(SAVE_RULE, at)
        self.fires(EXIT_RULE, at)
        self.fires(LOST_RULE, ends, DAY)

    def fires(self, rule: str, at: Micros, within: Micros = DECIDED_WITHIN) -> None:
        """Plant a case."""
        self.story.fires(rule, self.customer.id, at, at + within)

    def spares(self, *rules: str) -> None:
        """Plant an innocent of each rule, for the whole year."""
        for rule in rules:
            self.story.spares(rule, self.customer.id, self.calendar.start, self.calendar.at(YEAR, 0))


def contracts(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell contracts. Planted: requests to cancel, ends of paid time, failed payments, complaints and deaths,
    and a price that rises for some; innocent: requests undone, a smaller contract beside a running one, and
    everybody who did not choose to leave, for the rules about those who did.

    A complaint or a death is no failed payment either.
    """
    story = Story([], [])
    for customer in customers:
        if customer.pays:
            _tell(Contract(customer, calendar, rng, story), customer.part.contract)
    return story


def _tell(contract: Contract, course: str | None) -> None:
    rng, calendar = contract.rng, contract.calendar
    mrr = 50 if course == "shrinks" else rng.choice((20, 50, 80, 150, 300))
    begun = calendar.at(contract.customer.joined, 50) + rng.randrange(30) * MINUTE
    if contract.customer.part.course == "converts":
        begun = contract.at((contract.customer.fall or 0) + TAKES_A_PLAN)
        contract.story.tell(contract.customer.id, "identify", begun - MINUTE, plan="team")
    contract.set(begun, mrr)
    if course is None:
        return
    at = contract.at(rng.randrange(10, 320))
    ends = at + rng.randrange(10, 31) * DAY
    if course == "leaves":
        contract.leave(at, ends, mrr, rng.choice(REASONS))
        if rng.random() < RETURNS:
            contract.set(ends + rng.randrange(4, 16) * DAY, mrr, number=2)
    elif course == "stays":
        contract.cancel(at, ends, mrr, rng.choice(REASONS))
        contract.fires(SAVE_RULE, at)
        contract.fires(EXIT_RULE, at)
        contract.spares(SILENCE_RULE)
        contract.undo(at + rng.randrange(2, 9) * DAY, mrr)
        contract.spares(LOST_RULE)
    elif course == "shrinks":
        contract.set(begun + MINUTE, 30, number=2)
        contract.set(at, 0, number=2, ends_at=iso(at), reason="price")
        contract.spares(SAVE_RULE, LOST_RULE, EXIT_RULE, ANNOUNCED_RULE, SILENCE_RULE)
    elif course in ("pays", "fails"):
        contract.cancel(at, at + 10 * DAY, mrr, "payment_failure")
        contract.fires(PAYMENT_RULE, at)
        if course == "pays":
            paid = at + rng.randrange(1, 8) * DAY
            contract.story.tell(contract.customer.id, "payment_succeeded", paid)
            contract.undo(paid + MINUTE, mrr)
        contract.spares(SAVE_RULE, LOST_RULE, EXIT_RULE)
    elif course in ("complains", "dies"):
        contract.cancel(at, ends, mrr, "complaint" if course == "complains" else "deceased")
        contract.fires(SILENCE_RULE, at)
        contract.spares(SAVE_RULE, LOST_RULE, PAYMENT_RULE)
    else:
        _rise(contract, mrr, stays=course == "rises")


def _rise(contract: Contract, mrr: int, *, stays: bool) -> None:
    """Tell of a price that rises on a day: who finds it too dear leaves before."""
    rng, calendar, customer = contract.rng, contract.calendar, contract.customer
    told = calendar.at(RISE_TOLD, rng.randrange(600, 960), customer.zone)
    contract.story.tell(customer.id, "identify", told, change_on=calendar.date(RISE), change=CHANGE)
    for before in ANNOUNCED:
        contract.fires(ANNOUNCED_RULE, calendar.at(RISE - before, 540, customer.zone), 6 * HOUR)
    if stays:
        contract.set(contract.at(RISE), round(mrr * DEARER))
        contract.spares(SAVE_RULE, LOST_RULE, EXIT_RULE)
    else:
        at = contract.at(RISE + rng.randrange(2, 20))
        contract.leave(at, at + rng.randrange(10, 25) * DAY, mrr, "price")
