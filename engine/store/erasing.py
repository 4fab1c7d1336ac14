"""The order in which an erased customer is taken out of the tables: the same for every store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from engine.store import remains
from engine.store.documents import unpack
from engine.store.remains import Erasure, Renaming
from engine.store.rows import Columns

Left: TypeAlias = Callable[[Columns], Columns | None]
"""Gives what stays of a row, the row itself where nothing changes, None for nothing."""

DELETED = (
    ("event", "customer"),
    ("bucket_chunk", "customer"),
    ("customer", "id"),
    ("customer_word", "customer"),
    ("ask", "customer"),
    ("segment_membership", "customer"),
    ("alias", "id"),
    ("alias", "survivor"),
)
"""Tables of which nothing stays, each with a column that names the customer."""


class ErasingInOrder(Protocol):
    """Takes everything personal of a customer away; a store says how rows are found and changed."""

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Take it away; give how many rows of each table were concerned."""
        names, renaming = erasure.names, Renaming(erasure.pseudonym)
        found: dict[str, int] = {}

        def shape(table: str, column: str, values: Sequence[str], left: Left) -> list[Columns]:
            before, number = self._reshape(table, column, values, left)
            found[table] = found.get(table, 0) + number
            return before

        if erasure.related:
            _hush(erasure, renaming, shape)
        shape("decision", "customer", names, lambda row: remains.decision_left(row, erasure))
        runs = shape("run", "customer", names, lambda row: remains.run_left(row, erasure))
        shape("step_attempt", "run", [row["id"] for row in runs], remains.attempt_left)
        shape("outbox", "customer", names, lambda row: remains.effect_left(row, erasure, renaming))
        shape("exposure", "customer", names, lambda row: remains.exposure_left(row, erasure))
        shape("coupon", "customer", names, lambda row: remains.coupon_left(row, erasure, renaming))
        shape("case", "customer", names, lambda row: remains.case_left(row, erasure))
        hidden = shape("suppression", "target", list(erasure.addresses.values()), lambda row: row)
        still = remains.StillSuppressed(erasure, hidden)
        shape("suppression", "target", [*names, *erasure.addresses], still.left)
        booked = shape("posting", "customer", names, lambda row: remains.posting_left(row, erasure, renaming))
        for program in sorted({row["program"] for row in booked}):
            self._rename_lots(program, renaming.renamed(f"lot {program}"))
        # What is taken away was accepted once, and is decided for good.
        sent, pending = self._count_sent(names)
        for table, column in DELETED:
            found[table] = found.get(table, 0) + self._delete(table, column, names)
        found["quarantine"] = self._delete("quarantine", "id", erasure.quarantined)
        self.count(erased=sent, decided=pending, quarantine_erased=found["quarantine"])
        found["idempotency"] = self._delete_answers(erasure.answers)
        found["access"] = self._hush_reasons(erasure.answers)
        return found

    def _reshape(
        self, table: str, column: str, values: Sequence[str], left: Left
    ) -> tuple[list[Columns], int]:
        """Let only what is left of rows stay; give them as they were, and how many changed."""
        ...

    def _rename_lots(self, program: str, names: Mapping[str, str]) -> None:
        """Give lots the names that their postings have from now on."""
        ...

    def _delete(self, table: str, column: str, values: Sequence[object]) -> int:
        """Take rows away; give how many."""
        ...

    def _delete_answers(self, named: Callable[[bytes], bool]) -> int:
        """Take kept answers away whose path or body names the customer; give how many."""
        ...

    def _hush_reasons(self, named: Callable[[bytes], bool]) -> int:
        """Take the reasons of readings away that name the customer; give how many."""
        ...

    def _count_sent(self, names: Iterable[str]) -> tuple[int, int]:
        """Count the events of somebody that came from outside, and those not decided yet."""
        ...

    def count(self, *, decided: int = 0, erased: int = 0, quarantine_erased: int = 0) -> None: ...


def _hush(
    erasure: Erasure,
    renaming: Renaming,
    shape: Callable[[str, str, Sequence[str], Left], list[Columns]],
) -> None:
    """Take what the customer's events said out of the rows of their accounts."""

    def speaks(row: Columns) -> bool:
        return erasure.speaks_of([*row.values(), unpack(row["document"])])

    def of_accounts(table: str, hushed: Left) -> list[str]:
        rows = shape(table, "customer", erasure.related, lambda row: hushed(row) if speaks(row) else row)
        return [row["id"] for row in rows if speaks(row)]

    of_accounts("decision", remains.decision_hushed)
    runs = of_accounts("run", lambda row: remains.run_hushed(row, erasure))
    of_accounts("case", lambda row: remains.case_hushed(row, erasure))
    shape("step_attempt", "run", runs, remains.attempt_left)
    shape("outbox", "run", runs, lambda row: remains.effect_hushed(row, erasure, renaming))
    shape("ask", "run", runs, lambda row: None)
