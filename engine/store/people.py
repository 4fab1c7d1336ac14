"""What waits for people: what may be asked of questions and cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from engine.escalation.case import Case
from engine.model.values import Micros
from engine.runs.run import AskItem
from engine.store.records import EVERY_CASE, CaseCount, CaseFilter


class PeopleReader(Protocol):
    """What may be asked of it."""

    def ask(self, id: str) -> AskItem | None:
        """Give one question to a person."""
        ...

    def asks(
        self,
        *,
        answered: bool = False,
        who: str | None = None,
        after: str | None = None,
        limit: int = 100,
        due_from: Micros | None = None,
    ) -> list[AskItem]:
        """Page the questions that are open, or those that were answered; `who` was asked.

        By id; with `due_from` by (due, id), those after that instant and the id `after`.
        """
        ...

    def count_open_asks(self) -> int:
        """Count the questions that are open."""
        ...

    def open_asks(self, ids: Iterable[str]) -> dict[str, AskItem]:
        """Give those of some questions that nobody has answered yet, by id."""
        ...

    def asks_of(self, customers: Sequence[str]) -> list[AskItem]:
        """Give the questions about customers, by (asked, id)."""
        ...

    def case(self, id: str) -> Case | None:
        """Give one case."""
        ...

    def cases(
        self,
        *,
        status: str | None = None,
        customers: Sequence[str] | None = None,
        found: CaseFilter = EVERY_CASE,
        after: str | None = None,
        limit: int = 100,
        due_from: Micros | None = None,
    ) -> list[Case]:
        """Page cases by id; with `due_from` by (due, id), after that instant and the id `after`.

        Then those come last of which nothing is due.
        """
        ...

    def case_counts(self) -> list[CaseCount]:
        """Count the open cases, by ladder and how they stand, in that order."""
        ...
