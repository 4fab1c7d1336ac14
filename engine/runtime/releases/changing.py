"""Changing: what people do with releases, as methods of the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from engine.authoring.planning import Plan
from engine.errors import ConflictError
from engine.runtime.clock import Clock
from engine.runtime.releases import deciding
from engine.runtime.releases.drafting import draft
from engine.runtime.releases.standing import Human
from engine.runtime.releasing import catch_up
from engine.runtime.shell import Shell
from engine.runtime.writer import Writer
from engine.store.proposing import ProposalRow
from engine.store.records import ReleaseRow

T = TypeVar("T")


class Changing(ABC):
    """What people do with releases. Each gives a future that is resolved after the commit.

    Once something is to go live, the writer's next piece of work is to bring that about: events that
    come meanwhile wait.
    """

    _shell: Shell
    _writer: Writer
    clock: Clock

    @abstractmethod
    def _do(self, work: Callable[[], T]) -> Future[T]:
        """Let the writer do something, once where the request says so."""

    @abstractmethod
    def _now_do(self, work: Callable[[], T]) -> T:
        """Let the writer do something, and wait for it."""

    @property
    def going(self) -> tuple[int, int] | None:
        """How many customers have come over to a release that goes live in this process, of how many."""
        return self._shell.going

    @property
    def files_wait(self) -> bool:
        """Tell whether the folder that this process started on has other files than were live then."""
        return self._shell.files_wait

    def plan(self, files: Mapping[str, str | None], *, whole: bool = False, by: str = "") -> Plan:
        """Plan files against what is live, and keep the plan; null takes a file away.

        `whole` files are all that there are to be, others lie over the live ones. Takes seconds, and one
        is made at a time: `ConflictError` while another is.
        """
        if not self._shell.planning.acquire(blocking=False):
            raise ConflictError("another plan is being made just now; try again", code="planning")
        try:
            return self._plan(files, whole=whole, by=by)
        finally:
            self._shell.planning.release()

    def _plan(self, files: Mapping[str, str | None], *, whole: bool, by: str) -> Plan:
        # What this process is to make live comes first: the plan stands on it.
        self._writer.call(int).result()
        plan, row = draft(self._shell, files, whole=whole, by=by, now=self.clock.now())
        if row is not None:
            kept = row
            self._now_do(lambda: deciding.keep_plan(self._shell, kept))
        return plan

    def propose_release(
        self, token: str, by: Human, note: str | None = None, replaces: int | None = None
    ) -> Future[ProposalRow]:
        """Put a plan before the others; `NotFoundError`, `ConflictError` where it is stale."""
        return self._do(lambda: deciding.propose(self._shell, token, by, note, replaces))

    def approve_release(
        self, number: int, hash: str, by: Human, note: str | None = None
    ) -> Future[ProposalRow]:
        """Say yes to a proposal, or to an emergency; it goes live.

        `ForbiddenError` for its author, `ConflictError` where it cannot be approved as it stands.
        """
        return self._then_live(self._do(lambda: deciding.approve(self._shell, number, hash, by, note)))

    def reject_release(
        self, number: int, by: Human, note: str, *, own_only: bool = False
    ) -> Future[ProposalRow]:
        """Say no to a proposal."""
        return self._do(lambda: deciding.reject(self._shell, number, by, note, own_only=own_only))

    def hurry_release(self, number: int, reason: str, by: Human) -> Future[ProposalRow]:
        """Make a proposal live at once; it goes back after a day unless another human approves it."""
        return self._then_live(self._do(lambda: deciding.hurry(self._shell, number, reason, by)))

    def roll_back(
        self, number: int, by: Human, to: int | None = None, reason: str | None = None
    ) -> Future[ReleaseRow]:
        """Go back from the release that is live to what was live before, or to the one that is named."""
        return self._then_live(self._do(lambda: deciding.roll_back(self._shell, number, to, reason, by)))

    def _then_live(self, future: Future[T]) -> Future[T]:
        def tell(doing: str, done: int, of: int) -> None:
            self._shell.going = (done, of)

        def go_live() -> None:
            try:
                catch_up(self._shell, tell)
            finally:
                self._shell.going = None

        self._writer.call(go_live)
        return future
