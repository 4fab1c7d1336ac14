"""The order in which one transaction's changes are written: the same for every store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from engine.contact.suppressions import Suppression
from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.escalation.case import Case
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import Posting
from engine.model.values import Micros
from engine.runs.changes import Allowed, Changes, CouponMove, GoalReached, MembershipChange, Settled
from engine.runs.run import AskItem, Coupon, Effect, Run, StepAttempt

NOTHING = Decimal(0)


class ChangesInOrder(Protocol):
    """Writes everything that playing has changed; a store says how each kind is written."""

    def write(self, changes: Changes) -> None:
        """Write it: what others refer to comes before them."""
        self.add_engine_events(changes.events)
        self._write_decisions(changes.decisions)
        self._write_counts(changes.counts)
        self._write_runs(changes.runs)
        self._write_goals(changes.goals)
        self._write_attempts(changes.attempts)
        self._write_effects(changes.effects)
        self._write_settled(changes.settled)
        self._write_exposures(changes.exposures)
        self._write_memberships(changes.memberships)
        self._write_coupons(changes.coupons)
        self._move_coupons(changes.coupon_moves)
        self._lift_suppressions(changes.allowed)
        self._write_suppressions(changes.suppressions)
        self._write_asks(changes.asks)
        self._write_cases(changes.cases.values())
        self._write_postings(changes.postings)
        self._write_spent(changes.spent, changes.committed)

    def spend(self, budget: str, period: str, amount: Decimal, at_most: Decimal | None = None) -> bool:
        """Take from a budget's period; False where `at_most` would be exceeded."""
        spent = self.budgets(((budget, period),)).get((budget, period), NOTHING) + amount
        if at_most is not None and spent > at_most:
            return False
        self._put_spent((budget, period), spent, NOTHING)
        return True

    def _write_spent(
        self, spent: Mapping[tuple[str, str], Decimal], committed: Mapping[tuple[str, str], Decimal]
    ) -> None:
        for place in sorted({*spent, *committed}):
            taken = self.budgets((place,)).get(place, NOTHING)
            self._put_spent(place, taken + spent.get(place, NOTHING), committed.get(place, NOTHING))

    def budgets(self, periods: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Decimal]: ...
    def _put_spent(self, place: tuple[str, str], spent: Decimal, more: Decimal) -> None: ...
    def add_engine_events(self, events: Sequence[Event]) -> list[Event]: ...
    def _write_decisions(self, decisions: Sequence[Decision]) -> None: ...
    def _write_counts(self, counts: Mapping[tuple[str, Micros, str], int]) -> None: ...
    def _write_runs(self, runs: Mapping[str, Run]) -> None: ...
    def _write_goals(self, goals: Sequence[GoalReached]) -> None: ...
    def _write_attempts(self, attempts: Sequence[StepAttempt]) -> None: ...
    def _write_effects(self, effects: Sequence[Effect]) -> None: ...
    def _write_settled(self, settled: Sequence[Settled]) -> None: ...
    def _write_exposures(self, exposures: Sequence[Exposure]) -> None: ...
    def _write_memberships(self, changes: Sequence[MembershipChange]) -> None: ...
    def _write_coupons(self, coupons: Sequence[Coupon]) -> None: ...
    def _move_coupons(self, moves: Sequence[CouponMove]) -> None: ...
    def _lift_suppressions(self, allowed: Sequence[Allowed]) -> None: ...
    def _write_suppressions(self, suppressions: Sequence[Suppression]) -> None: ...
    def _write_asks(self, asks: Sequence[AskItem]) -> None: ...
    def _write_cases(self, cases: Iterable[Case]) -> None: ...
    def _write_postings(self, postings: Sequence[Posting]) -> None: ...
