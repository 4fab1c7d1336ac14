"""The audit record in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from engine.audit.tree import Edge
from engine.model.values import Micros
from engine.store.audit import CheckpointRow, LeafRow, SubjectRow
from engine.store.entries import whole
from engine.store.recording import Recorded, Recording
from engine.store.rows import Columns, columns_of, edge_columns, edge_of, ref_of
from engine.store.sql.transaction import Habits, SqlTransaction, portions
from engine.store.statements import audit as sql


class AuditReading(SqlTransaction):
    """What is asked about the audit record."""

    def subjects(self, customers: Iterable[str]) -> dict[str, SubjectRow]:
        rows = (row for some in portions(customers) for row in self._tuples(sql.subjects_of(), ids=some))
        return {row[0]: SubjectRow(*row) for row in rows}

    def subjects_named(self, subjects: Iterable[str]) -> dict[str, SubjectRow]:
        rows = (row for some in portions(subjects) for row in self._rows(sql.subjects_named(), ids=some))
        return {row["subject"]: SubjectRow(**row) for row in rows}

    def edge(self) -> Edge:
        row = self._row(sql.edge())
        return Edge() if row is None else edge_of(row)

    def leaves(self, start: int, end: int) -> list[LeafRow]:
        return _sealed(self._tuples(sql.leaves(), start=start, end=end))

    def leaves_of(self, kind: str, ref: str, at: Micros) -> list[LeafRow]:
        return _sealed(self._tuples(sql.leaves_of_instant(), kind=kind, ref=ref, at=at))

    def leaf_span(self, start: Micros | None, end: Micros | None) -> tuple[int, int] | None:
        ((first, last),) = self._tuples(sql.leaf_span(start, end))
        return None if first is None else (first, last + 1)

    def acts(
        self,
        *kinds: str,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[LeafRow]:
        return _sealed(self._tuples(sql.act_page(kinds, start, end, after, limit)))

    def count_acts(self, *kinds: str, start: Micros | None = None, end: Micros | None = None) -> int:
        return int(self._scalar(sql.count_acts(kinds, start, end)))

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        if level:
            found = self._tuples(sql.tile_roots(), level=level - 1, start=start, end=end)
        else:
            found = self._tuples(sql.leaf_hashes(), start=start, end=end)
        return [hash for (hash,) in found]

    def documents(self, kind: str, refs: Sequence[str]) -> dict[str, bytes]:
        statement, id_of = sql.DOCUMENTS.get(kind, (None, str))
        if statement is None:
            return {}
        wanted = set(refs)
        found = (row for some in portions(map(id_of, refs)) for row in self._tuples(statement(), ids=some))
        return {ref: document for *parts, document in found if (ref := ref_of(kind, parts)) in wanted}

    def latest_checkpoint(self) -> CheckpointRow | None:
        row = self._row(sql.latest_checkpoint())
        return None if row is None else CheckpointRow(**row)

    def checkpoints(self, after: int = 0, limit: int = 1000) -> list[CheckpointRow]:
        return [CheckpointRow(**row) for row in self._rows(sql.checkpoints(), after=after, limit=limit)]

    def count_unsealed(self) -> int:
        return int(self._scalar(sql.count_unsealed()))


class AuditWriting(AuditReading, Recording):
    """What is written of the audit record."""

    def __init__(self, connection: Connection, habits: Habits) -> None:
        super().__init__(connection, habits)
        self._recorded: list[Recorded] = []

    @property
    def _seals_itself(self) -> bool:
        return not self._habits.shared

    def _add_subjects(self, rows: Sequence[SubjectRow]) -> None:
        self._change(sql.insert_subject(self._insert), [columns_of(row) for row in rows])

    def _delete_subjects(self, customers: Sequence[str]) -> int:
        return self._change(sql.delete_subject(), [{"b_customer": each} for each in customers])

    def _queue(self, rows: Sequence[Columns]) -> None:
        self._change(sql.insert_unsealed(), rows)

    def _take_queued(self, limit: int) -> list[Columns]:
        rows = [dict(row) for row in self._rows(sql.take_unsealed(), limit=limit)]
        rows.sort(key=lambda row: int(row.pop("seq")))
        return rows

    def _add_leaves(self, rows: Sequence[Columns]) -> None:
        self._add(sql.insert_leaf(), rows, "a sealed entry", "number")

    def _add_tiles(self, rows: Sequence[Columns]) -> None:
        self._add(sql.insert_tile(), rows, "a tile", "number")

    def _move_edge(self, before: int, edge: Edge) -> bool:
        row = edge_columns(edge) | {"name": "audit", "b_before": before}
        return self._change(sql.move_edge(self._insert), [row]) == 1

    def add_checkpoint(self, row: CheckpointRow) -> None:
        self._add(sql.insert_checkpoint(), [columns_of(row)], "a checkpoint", "size")


def _sealed(rows: Iterable[Sequence[Any]]) -> list[LeafRow]:
    # Not by name: of a million entries a check spends more on the names than on the hashes.
    return [
        LeafRow(number=number, kind=kind, ref=ref, at=at, entry=whole(kind, ref, at, entry), hash=hash)
        for number, kind, ref, at, entry, hash in rows
    ]
