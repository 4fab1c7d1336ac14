"""The audit record in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.audit.tree import Edge
from engine.model.values import Micros
from engine.store.audit import CheckpointRow, LeafRow, SubjectRow
from engine.store.entries import whole
from engine.store.memory.tables import MemoryTransaction, Tables, page, within
from engine.store.recording import Recorded, Recording
from engine.store.rows import Columns, columns_of, edge_columns, edge_of, ref_of

_DOCUMENTS = {
    "decision": ("decision", ("id",), "document"),
    "step": ("step_attempt", ("run", "seq", "attempt"), "document"),
    "change": ("event", ("seq",), "properties"),
}
"""Where the documents are that entries of a kind commit to."""


def _leaf(row: Columns) -> LeafRow:
    held = {name: row[name] for name in LeafRow.__struct_fields__}
    held["entry"] = whole(row["kind"], row["ref"], row["at"], row["entry"])
    return LeafRow(**held)


class AuditReading(MemoryTransaction):
    """What is asked about the audit record."""

    def subjects(self, customers: Iterable[str]) -> dict[str, SubjectRow]:
        table = self._table("subject")
        return {id: SubjectRow(**table[id]) for id in dict.fromkeys(customers) if id in table}

    def subjects_named(self, subjects: Iterable[str]) -> dict[str, SubjectRow]:
        wanted = set(subjects)
        rows = (row for row in self._rows("subject") if row["subject"] in wanted)
        return {row["subject"]: SubjectRow(**row) for row in rows}

    def edge(self) -> Edge:
        row = self._table("tree").get("audit")
        return Edge() if row is None else edge_of(row)

    def leaves(self, start: int, end: int) -> list[LeafRow]:
        table = self._table("leaf")
        return [_leaf(table[number]) for number in range(start, min(end, len(table)))]

    def leaves_of(self, kind: str, ref: str, at: Micros) -> list[LeafRow]:
        rows = self._rows("leaf")
        return [_leaf(row) for row in rows if (row["kind"], row["ref"], row["at"]) == (kind, ref, at)]

    def leaf_span(self, start: Micros | None, end: Micros | None) -> tuple[int, int] | None:
        numbers = [row["number"] for row in self._rows("leaf") if within(row["at"], start, end)]
        return (min(numbers), max(numbers) + 1) if numbers else None

    def acts(
        self,
        *kinds: str,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[LeafRow]:
        rows = [row for row in self._rows("leaf") if row["act"] in kinds and within(row["at"], start, end)]
        return [_leaf(row) for row in page(rows, ("at", "number"), after, limit)]

    def count_acts(self, *kinds: str, start: Micros | None = None, end: Micros | None = None) -> int:
        return sum(row["act"] in kinds and within(row["at"], start, end) for row in self._rows("leaf"))

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        if level:
            tiles = self._table("tile")
            return [tiles[level - 1, each]["root"] for each in range(start, end)]
        return [self._table("leaf")[each]["hash"] for each in range(start, end)]

    def documents(self, kind: str, refs: Sequence[str]) -> dict[str, bytes]:
        if kind not in _DOCUMENTS:
            return {}
        table, columns, document = _DOCUMENTS[kind]
        wanted = set(refs)
        found = ((ref_of(kind, [row[name] for name in columns]), row) for row in self._rows(table))
        return {ref: row[document] for ref, row in found if ref in wanted}

    def latest_checkpoint(self) -> CheckpointRow | None:
        table = self._table("checkpoint")
        return CheckpointRow(**table[max(table)]) if table else None

    def checkpoints(self, after: int = 0, limit: int = 1000) -> list[CheckpointRow]:
        return [CheckpointRow(**row) for row in page(self._rows("checkpoint"), ("size",), after, limit)]

    def count_unsealed(self) -> int:
        return len(self._table("unsealed"))


class AuditWriting(AuditReading, Recording):
    """What is written of the audit record."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._recorded: list[Recorded] = []

    @property
    def _seals_itself(self) -> bool:
        return True

    def _add_subjects(self, rows: Sequence[SubjectRow]) -> None:
        table = self._edit("subject")
        for row in rows:
            table.setdefault(row.customer, columns_of(row))

    def _delete_subjects(self, customers: Sequence[str]) -> int:
        table = self._edit("subject")
        return sum(table.pop(each, None) is not None for each in customers)

    def _queue(self, rows: Sequence[Columns]) -> None:
        for row in rows:
            self._edit("unsealed")[self._next("unsealed")] = row

    def _take_queued(self, limit: int) -> list[Columns]:
        table = self._edit("unsealed")
        return [table.pop(seq) for seq in sorted(table)[:limit]]

    def _add_leaves(self, rows: Sequence[Columns]) -> None:
        for row in rows:
            self._add("leaf", row["number"], row, "a sealed entry")

    def _add_tiles(self, rows: Sequence[Columns]) -> None:
        for row in rows:
            self._add("tile", (row["level"], row["number"]), row, "a tile")

    def _move_edge(self, before: int, edge: Edge) -> bool:
        if self.edge().size != before:
            return False
        self._edit("tree")["audit"] = edge_columns(edge)
        return True

    def add_checkpoint(self, row: CheckpointRow) -> None:
        self._add("checkpoint", row.size, columns_of(row), "a checkpoint")
