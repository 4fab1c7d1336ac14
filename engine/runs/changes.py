"""What playing has changed: everything that one transaction has to remember."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from decimal import Decimal

import msgspec

from engine.contact.suppressions import Suppression
from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.decisions.tally import Tally
from engine.escalation.case import Case
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import Posting
from engine.model.reasons import CouponStatus
from engine.model.values import HOUR, Micros
from engine.runs.run import AskItem, Coupon, Effect, Run, StepAttempt


class MembershipChange(msgspec.Struct, frozen=True):
    """A customer entered (`inside`) or left a segment at an instant, because of `cause`."""

    customer: str
    segment: str
    at: Micros
    inside: bool
    cause: str


class Settled(msgspec.Struct, frozen=True):
    """An effect that needs no more attempts: its key and how it ended.

    `call_off` means it only while it waits: not once it is being sent, or may have been taken.
    """

    key: str
    outcome: str
    reason: str | None
    at: Micros
    call_off: bool = False


class CouponMove(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that was issued before stands otherwise now, or belongs to another customer."""

    code: str
    customer: str
    status: CouponStatus
    ended_at: Micros | None = None
    reference: str | None = None
    note: str | None = None
    by: str | None = None


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """A customer may be written to again on what a suppression was kept under."""

    customer: str
    scope: str
    at: Micros
    by: str
    note: str


class GoalReached(msgspec.Struct, frozen=True):
    """A run's goal was reached at an instant; the run may have ended before."""

    run: str
    workflow: str
    at: Micros


class Changes(msgspec.Struct):
    """Rows to write, in the order in which they came about.

    `tallies` are what is to be added to `counts`, by the rules that it is about, the hour and the outcome.
    `customers` are the ids whose state changed; their states are in the cast. `spent` is what was
    taken from (or given back to) each budget and period, `committed` what of it is spent for good.
    """

    events: list[Event] = []
    decisions: list[Decision] = []
    counted: Counter[tuple[str, Micros, str]] = msgspec.field(default_factory=Counter)
    tallies: dict[tuple[int, Micros, str], Tally] = {}
    customers: dict[str, None] = {}
    runs: dict[str, Run] = {}
    attempts: list[StepAttempt] = []
    effects: list[Effect] = []
    settled: list[Settled] = []
    goals: list[GoalReached] = []
    exposures: list[Exposure] = []
    memberships: list[MembershipChange] = []
    coupons: list[Coupon] = []
    asks: list[AskItem] = []
    cases: dict[str, Case] = {}
    postings: list[Posting] = []
    spent: dict[tuple[str, str], Decimal] = {}
    committed: dict[tuple[str, str], Decimal] = {}
    coupon_moves: list[CouponMove] = []
    suppressions: list[Suppression] = []
    allowed: list[Allowed] = []

    @property
    def counts(self) -> Counter[tuple[str, Micros, str]]:
        """Give the decisions that are not rows: (rule, start of the hour, outcome) -> number."""
        for (_, hour, outcome), tally in self.tallies.items():
            for rule, number in tally.counts():
                self.counted[rule, hour, outcome] += number
        self.tallies.clear()
        return self.counted

    def count(self, rule: str, at: Micros, outcome: str, number: int = 1) -> None:
        """Count a decision that is not a row."""
        self.counted[rule, at - at % HOUR, outcome] += number

    def count_many(self, rules: Sequence[str], places: int, at: Micros, outcome: str) -> None:
        """Count one for each of some rules whose place is a bit of `places`; `rules` is kept as it is."""
        key = id(rules), at - at % HOUR, outcome
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.tallies[key] = Tally(rules)
        tally.add(places)

    def leave_out(self, customers: Set[str]) -> None:
        """Write nothing of these customers."""
        runs = {id for id, run in self.runs.items() if run.customer in customers}
        for id in customers:
            self.customers.pop(id, None)
        for id in runs:
            del self.runs[id]
        self.events = [each for each in self.events if each.customer not in customers]
        self.decisions = [each for each in self.decisions if each.customer not in customers]
        self.attempts = [each for each in self.attempts if each.run not in runs]
        self.effects = [each for each in self.effects if each.customer not in customers]
        self.exposures = [each for each in self.exposures if each.customer not in customers]
        self.memberships = [each for each in self.memberships if each.customer not in customers]
        self.coupons = [each for each in self.coupons if each.customer not in customers]
        self.asks = [each for each in self.asks if each.customer not in customers]
        self.cases = {id: case for id, case in self.cases.items() if case.customer not in customers}
        self.postings = [each for each in self.postings if each.customer not in customers]
