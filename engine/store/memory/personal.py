"""Privacy in memory: readings of personal data, erased ids, and erasing somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.model.values import Micros
from engine.store.erasing import ErasingInOrder, Left
from engine.store.memory.events import EventWriting
from engine.store.memory.tables import MemoryTransaction, page, within
from engine.store.personal import AccessFilter, AccessRow, ErasureRow
from engine.store.rows import OUTSIDE, Columns, columns_of

_KEYS = {"run": ("id",), "posting": ("program", "key"), "outbox": ("key",), "coupon": ("code",)}
"""Columns that make up the key of a table whose rows are written anew under another one."""


class PersonalReading(MemoryTransaction):
    """What is asked about readings and erasures."""

    def accesses(
        self, found: AccessFilter, after: tuple[Micros, int] | None = None, limit: int = 100
    ) -> list[AccessRow]:
        rows = [row for row in self._rows("access") if _fits(row, found)]
        return [AccessRow(**row) for row in page(rows, ("at", "id"), after, limit)]

    def count_accesses(self, found: AccessFilter) -> int:
        return sum(_fits(row, found) for row in self._rows("access"))

    def erasures(self) -> list[ErasureRow]:
        return [ErasureRow(**row) for row in page(self._rows("erasure"), ("mark",), None, None)]

    def every_name(self) -> Iterator[str]:
        for table, column in (
            ("customer", "id"), ("alias", "id"), ("alias", "survivor"), ("event", "customer"),
            ("event", "anonymous_id"), ("quarantine", "customer"),
        ):  # fmt: skip
            yield from {row[column] for row in self._rows(table)} - {None}


class PersonalWriting(EventWriting, PersonalReading, ErasingInOrder):
    """What is written of readings and erasures."""

    def add_accesses(self, rows: Sequence[AccessRow]) -> None:
        for id, row in enumerate(rows, self._next("access")):
            self._edit("access")[id] = columns_of(row) | {"id": id}

    def keep_erasures(self, erased: Mapping[str, Micros]) -> None:
        for mark, at in erased.items():
            self._edit("erasure")[mark] = {"mark": mark, "at": at, "lifted_at": None}

    def lift_erasures(self, marks: Iterable[str], at: Micros) -> None:
        known = self._edit("erasure")
        for mark in marks:
            if mark in known:
                known[mark] = known[mark] | {"lifted_at": at}

    def _reshape(
        self, table: str, column: str, values: Sequence[str], left: Left
    ) -> tuple[list[Columns], int]:
        asked, changed = set(values), 0
        before = {key: row for key, row in self._table(table).items() if row[column] in asked}
        for key, row in before.items():
            new = left(row)
            if new is not None and {**row, **new} == row:
                continue
            changed += 1
            del self._edit(table)[key]
            if new is not None:
                kept = {**row, **new}
                columns = _KEYS.get(table)
                if columns is not None:
                    key = kept[columns[0]] if len(columns) == 1 else tuple(kept[name] for name in columns)
                self._edit(table)[key] = kept
        return list(before.values()), changed

    def _rename_lots(self, program: str, names: Mapping[str, str]) -> None:
        """Nothing: lots are summed of the postings."""

    def _delete(self, table: str, column: str, values: Sequence[Any]) -> int:
        if table == "bucket_chunk":
            held = [self._edit(table).pop(value, {"chunks": {}}) for value in values]
            return sum(len(each["chunks"]) for each in held)
        asked = set(values)
        gone = [(key, row) for key, row in self._table(table).items() if row[column] in asked]
        for key, row in gone:
            del self._edit(table)[key]
            if table == "event":
                del self._edit("message")[row["source"], row["message_id"]]
        return len(gone)

    def _delete_answers(self, named: Callable[[bytes], bool]) -> int:
        gone = [
            request
            for request, row in self._table("idempotency").items()
            if named(request.path.encode()) or named(row["body"])
        ]
        for request in gone:
            del self._edit("idempotency")[request]
        return len(gone)

    def _hush_reasons(self, named: Callable[[bytes], bool]) -> int:
        rows = self._table("access").items()
        hushed = [id for id, row in rows if row["reason"] is not None and named(row["reason"].encode())]
        for id in hushed:
            self._edit("access")[id] = self._table("access")[id] | {"reason": None}
        return len(hushed)

    def _count_sent(self, names: Iterable[str]) -> tuple[int, int]:
        asked = set(names)
        rows = [row for row in self._rows("event") if row["customer"] in asked]
        sent = sum(row["cause"] in OUTSIDE for row in rows)
        return sent, sum(row["decided_at"] is None for row in rows)


def _fits(row: Columns, found: AccessFilter) -> bool:
    return (
        within(row["at"], found.start, found.end)
        and found.who in (None, row["owner"], row["key_id"])
        and (found.subjects is None or row["subject"] in found.subjects)
    )
