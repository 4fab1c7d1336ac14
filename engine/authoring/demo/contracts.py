"""Contracts that are cancelled, kept after all, made smaller, not paid, or ended for a reason to respect."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import Calendar, iso
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story, Trigger
from engine.model.values import DAY, HOUR, MINUTE, Micros

TRIGGER: Trigger = "churn"
SAVE_RULE, LOST_RULE, PAYMENT_RULE, SILENCE_RULE = (
    "cancel-requested",
    "churned",
    "payment-failed",
    "do-not-contact",
)
DECIDED_WITHIN = HOUR
REASONS = ("price", "quality", "competition")
RETURNS = 0.2
"""Of those who leave, how many come back some days after the end."""


class Contract:
    """The contracts of one customer, told in order."""

    def __init__(self, customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
        self.customer, self.calendar, self.rng, self.story = customer, calendar, rng, story

    def at(self, day: int) -> Micros:
        """Give an instant in the working hours of a day."""
        return self.calendar.at(day, self.rng.randrange(600, 960), self.customer.zone)

    def set(self, at: Micros, mrr: int, number: int = 1, **rest: object) -> None:
        """Tell what one contract is from now on."""
        properties = {"subscription_id": f"{self.customer.id}-s{number}", "mrr": mrr, **rest}
        self.story.happenings.append(
            Happening(customer=self.customer.id, event="subscription_updated", at=at, properties=properties)
        )

    def cancel(self, at: Micros, ends: Micros, mrr: int, reason: str) -> None:
        """Tell that it was cancelled; what is paid runs until `ends`."""
        self.set(at, mrr, ends_at=iso(ends), reason=reason)

    def undo(self, at: Micros, mrr: int) -> None:
        """Tell that it goes on after all."""
        self.set(at, mrr, ends_at=None, reason=None)

    def fires(self, rule: str, at: Micros, within: Micros = DECIDED_WITHIN) -> None:
        """Plant a case of churn."""
        self.story.fires(TRIGGER, rule, self.customer.id, at, at + within)

    def spares(self, *rules: str) -> None:
        """Plant an innocent of each rule, for the whole time."""
        for rule in rules:
            self.story.spares(TRIGGER, rule, self.customer.id, self.calendar.start, self.calendar.end)


def contracts(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell contracts. Planted: requests to cancel, ends of paid time, failed payments, complaints and deaths;
    innocent: requests undone, a smaller contract beside a running one, and everybody who did not choose to
    leave, for the rules about those who did.

    A complaint or a death is no failed payment either.
    """
    story = Story([], [])
    for customer in customers:
        if customer.contract is not None:
            _tell(Contract(customer, calendar, rng, story), customer.contract)
    return story


def _tell(contract: Contract, course: str) -> None:
    rng, calendar = contract.rng, contract.calendar
    mrr = 50 if course == "shrinks" else rng.choice((20, 50, 80, 150, 300))
    begun = calendar.at(contract.customer.joined, 50) + rng.randrange(30) * MINUTE
    contract.set(begun, mrr)
    at = contract.at(rng.randrange(10, 70))
    ends = at + rng.randrange(10, 31) * DAY
    if course == "leaves":
        contract.cancel(at, ends, mrr, rng.choice(REASONS))
        contract.fires(SAVE_RULE, at)
        contract.fires(LOST_RULE, ends, DAY)
        if rng.random() < RETURNS:
            contract.set(ends + rng.randrange(4, 16) * DAY, mrr, number=2)
    elif course == "stays":
        contract.cancel(at, ends, mrr, rng.choice(REASONS))
        contract.fires(SAVE_RULE, at)
        contract.undo(at + rng.randrange(2, 9) * DAY, mrr)
        contract.spares(LOST_RULE)
    elif course == "shrinks":
        contract.set(begun + MINUTE, 30, number=2)
        contract.set(at, 0, number=2, ends_at=iso(at), reason="price")
        contract.spares(SAVE_RULE, LOST_RULE)
    elif course == "pays" or course == "fails":
        contract.cancel(at, at + 10 * DAY, mrr, "payment_failure")
        contract.fires(PAYMENT_RULE, at)
        if course == "pays":
            paid = at + rng.randrange(1, 8) * DAY
            contract.story.happenings.append(
                Happening(customer=contract.customer.id, event="payment_succeeded", at=paid, properties={})
            )
            contract.undo(paid + MINUTE, mrr)
        contract.spares(SAVE_RULE, LOST_RULE)
    elif course == "complains" or course == "dies":
        contract.cancel(at, ends, mrr, "complaint" if course == "complains" else "deceased")
        contract.fires(SILENCE_RULE, at)
        contract.spares(SAVE_RULE, LOST_RULE, PAYMENT_RULE)
