"""Acting: what people may do through the doors, as methods of the engine, each done once it is committed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from decimal import Decimal
from typing import Any, Literal, TypeVar

from engine.escalation.case import Case
from engine.model.values import Micros
from engine.runs.run import AskItem, Coupon, Run
from engine.runtime import operating
from engine.runtime.actions.unsubscribe import Unsubscription, read_token
from engine.runtime.people import (
    casework,
    erasing,
    granting,
    listing,
    mending,
    points,
    reaching,
    replaying,
    scoring,
)
from engine.runtime.shell import Shell
from engine.store.records import OutboxRow, QuarantinedEvent, SuppressionRow

T = TypeVar("T")


class Acting(ABC):
    """What people do. Each gives a future that is resolved after the commit, or raises as it says."""

    _shell: Shell

    @abstractmethod
    def _do(self, work: Callable[[], T]) -> Future[T]:
        """Let the writer do something, once where the request says so."""

    def unsubscribe(self, token: str) -> Future[Unsubscription]:
        """Let the reader of a message go; `NotFoundError` for a link that is not one of ours."""
        wanted = read_token(self._shell.link_secret, token)
        return self._do(lambda: operating.unsubscribe(self._shell, wanted))

    def answer_ask(self, ask: str, choice: str, by: str) -> Future[AskItem]:
        """Answer a question; `ConflictError` when it no longer waits for an answer."""
        return self._do(lambda: operating.answer_ask(self._shell, ask, choice, by))

    def acknowledge_case(self, case: str, by: str) -> Future[Case]:
        """Take a case: nobody further up its ladder is told."""
        return self.act_on_case(case, "acknowledged", by)

    def resolve_case(self, case: str, by: str) -> Future[Case]:
        """Close a case as resolved."""
        return self.act_on_case(case, "resolved", by)

    def act_on_case(self, case: str, what: str, by: str, **said: str | None) -> Future[Case]:
        """Do something with a case; `what` and `said` are as in the event `case_<what>`.

        `ConflictError` where it cannot be done as the case stands, `RequestError` for a person, a
        priority or a time that there is not.
        """
        return self._do(lambda: casework.act(self._shell, case, f"case_{what}", by, said))

    def cancel_run(self, run: str, by: str) -> Future[Run]:
        """End a run; `ConflictError` when it has ended already."""
        return self._do(lambda: operating.cancel_run(self._shell, run, by))

    def retry_run(self, run: str, by: str) -> Future[Run]:
        """Let a failed run go on at its failed step; `ConflictError` when it has not failed."""
        return self._do(lambda: mending.retry_run(self._shell, run, by))

    def replay_dead_letter(self, key: str, by: str) -> Future[OutboxRow]:
        """Send an effect again that was given up; `ConflictError` when it is no dead letter."""
        return self._do(lambda: mending.replay(self._shell, key, by))

    def settle_dead_letter(
        self, key: str, outcome: Literal["executed", "failed"], note: str | None, by: str
    ) -> Future[OutboxRow]:
        """Write down how an effect ended after all; `ConflictError` when it is no dead letter."""
        return self._do(lambda: mending.settle(self._shell, key, outcome, note, by))

    def replay_quarantined(
        self, id: int, corrected: Mapping[str, Any] | None, by: str
    ) -> Future[QuarantinedEvent]:
        """Take an event of the quarantine in after all; `QuarantineError` where it is refused again.

        `NotFoundError`, `ConflictError` where it was replayed already, `RequestError` where it can be
        replayed only `corrected`.
        """
        return self._do(lambda: replaying.replay(self._shell, id, corrected, by))

    def pause(self, workflow: str | None = None, by: str | None = None) -> Future[frozenset[str]]:
        """Hold back what a workflow (without one: every workflow) would do; give the paused workflows."""
        return self._do(lambda: operating.pause(self._shell, workflow, by))

    def resume(self, workflow: str | None = None, by: str | None = None) -> Future[frozenset[str]]:
        """Let a workflow go on; without one, all of them. Gives the workflows that are paused still."""
        return self._do(lambda: operating.resume(self._shell, workflow, by))

    def merge_customers(self, into: str, other: str, by: str) -> Future[str]:
        """Make two customers one, for good, and give the surviving id.

        `NotFoundError`, or `ConflictError` when they are one.
        """
        return self._do(lambda: operating.merge_customers(self._shell, into, other, by))

    def erase_customer(self, customer: str, by: str) -> Future[erasing.Erased]:
        """Erase a customer for good; `NotFoundError`, `RequestError` for an account."""
        return self._do(lambda: erasing.erase(self._shell, customer, by))

    def act_on_points(
        self, customer: str, name: str, asked: Mapping[str, Any], by: str
    ) -> Future[points.Done]:
        """Redeem, reserve, commit, release or adjust points, as `engine.runs.acts` names it.

        `NotFoundError`, `ForbiddenError` for who may not decide, `ConflictError` where there are too few
        points or the key was used for something else.
        """
        return self._do(lambda: points.act(self._shell, customer, name, asked, by))

    def redeem_coupon(self, code: str, use: granting.Use) -> Future[Coupon]:
        """Use a coupon; `NotFoundError`, or `ConflictError` when it is good for nothing more."""
        return self._do(lambda: granting.redeem(self._shell, code, use))

    def void_coupon(self, code: str, reason: str, by: str) -> Future[Coupon]:
        """Make a coupon void; `ConflictError` when it has ended already."""
        return self._do(lambda: granting.void(self._shell, code, reason, by))

    def suppress(self, wanted: reaching.Wanted, by: str) -> Future[SuppressionRow]:
        """Suppress an address or a customer; `ConflictError` where it is so already."""
        return self._do(lambda: reaching.suppress(self._shell, wanted, by))

    def allow(self, suppression: int, reason: str, by: str) -> Future[SuppressionRow]:
        """Remove a suppression; raises `NotFoundError`."""
        return self._do(lambda: reaching.allow(self._shell, suppression, reason, by))

    def import_suppressions(self, text: str, by: str) -> Future[reaching.Imported]:
        """Add a list in CSV."""
        return self._do(lambda: reaching.import_list(self._shell, text, by))

    def record_consent(
        self, customer: str, said: reaching.Consent, by: str
    ) -> Future[list[reaching.ConsentNow]]:
        """Record what a customer said of consent; `RequestError` where the policy asks for none of it."""
        return self._do(lambda: reaching.record_consent(self._shell, customer, said, by))

    def override_score(
        self, score: str, customer: str, value: Decimal, reason: str, until: Micros, by: str
    ) -> Future[scoring.KnownScore]:
        """Let a value count for a customer's score before `until`; `NotFoundError`, `RequestError`."""
        return self._do(lambda: scoring.override(self._shell, score, customer, value, reason, until, by))

    def end_score_override(self, score: str, customer: str, by: str) -> Future[scoring.KnownScore]:
        """End an override before its time; `ConflictError` where there is none."""
        return self._do(lambda: scoring.end_override(self._shell, score, customer, by))

    def assign_members(
        self, segment: str, add: Sequence[str], remove: Sequence[str], by: str
    ) -> Future[listing.Listed]:
        """Put customers into a static segment and take others out; `NotFoundError`, `RequestError`."""
        return self._do(lambda: listing.assign(self._shell, segment, add, remove, by))
