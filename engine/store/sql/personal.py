"""Privacy in SQL: readings of personal data, erased ids, and erasing somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.model.values import Micros
from engine.store.erasing import ErasingInOrder, Left
from engine.store.personal import AccessFilter, AccessRow, ErasureRow
from engine.store.rows import OUTSIDE, Columns, columns_of
from engine.store.sql.events import EventWriting
from engine.store.sql.transaction import SqlTransaction, portions
from engine.store.statements import personal as sql
from engine.store.tables import IDEMPOTENCY, METADATA


class PersonalReading(SqlTransaction):
    """What is asked about readings and erasures."""

    def accesses(
        self, found: AccessFilter, after: tuple[Micros, int] | None = None, limit: int = 100
    ) -> list[AccessRow]:
        return [AccessRow(**row) for row in self._rows(sql.access_page(found, after, limit))]

    def count_accesses(self, found: AccessFilter) -> int:
        return int(self._scalar(sql.count_accesses(found)))

    def erasures(self) -> list[ErasureRow]:
        return [ErasureRow(**row) for row in self._rows(sql.erasures())]

    def every_name(self) -> Iterator[str]:
        for names in sql.every_name():
            for (name,) in self._stream(names):
                yield name


class PersonalWriting(EventWriting, PersonalReading, ErasingInOrder):
    """What is written of readings and erasures."""

    def add_accesses(self, rows: Sequence[AccessRow]) -> None:
        plain = [columns_of(row) for row in rows]
        for row in plain:
            del row["id"]
        self._change(sql.insert_access(), plain)

    def keep_erasures(self, erased: Mapping[str, Micros]) -> None:
        rows = [{"mark": mark, "at": at, "lifted_at": None} for mark, at in erased.items()]
        self._change(sql.put_erasure(self._insert), rows)

    def lift_erasures(self, marks: Iterable[str], at: Micros) -> None:
        self._change(sql.lift_erasure(), [{"b_mark": mark, "lifted_at": at} for mark in marks])

    def _reshape(
        self, table: str, column: str, values: Sequence[str], left: Left
    ) -> tuple[list[Columns], int]:
        rows = METADATA.tables[table]
        keys = [key.name for key in rows.primary_key]
        before = [
            dict(row) for some in portions(values) for row in self._rows(sql.rows_of(rows, column, some))
        ]
        changed: list[Columns] = []
        gone: list[Columns] = []
        for row in before:
            known = {f"b_{key}": row[key] for key in keys}
            new = left(row)
            if new is None:
                gone.append(known)
            elif (new := {**row, **new}) != row:
                changed.append(known | new)
        self._change(sql.reshape(rows), changed)
        self._change(sql.delete_row(rows), gone)
        return before, len(changed) + len(gone)

    def _rename_lots(self, program: str, names: Mapping[str, str]) -> None:
        rows = [{"b_program": program, "b_key": old, "key": new} for old, new in names.items()]
        self._change(sql.rename_lot(), rows)

    def _delete(self, table: str, column: str, values: Sequence[Any]) -> int:
        return sum(
            self._run(sql.delete_rows(METADATA.tables[table], column, some)) for some in portions(values)
        )

    def _delete_answers(self, named: Callable[[bytes], bool]) -> int:
        keys = [key.name for key in IDEMPOTENCY.primary_key]
        gone = [
            {f"b_{key}": row[key] for key in keys}
            for row in self._rows(sql.answers())
            if named(row["path"].encode()) or named(row["body"])
        ]
        return self._change(sql.delete_row(IDEMPOTENCY), gone)

    def _hush_reasons(self, named: Callable[[bytes], bool]) -> int:
        hushed = [
            {"b_id": id, "reason": None}
            for id, reason in self._tuples(sql.access_reasons())
            if named(reason.encode())
        ]
        return self._change(sql.set_access_reason(), hushed)

    def _count_sent(self, names: Iterable[str]) -> tuple[int, int]:
        (sent, pending), *_ = self._tuples(sql.count_sent(list(names), OUTSIDE))
        return int(sent), int(pending)
