"""How far an import has come: kept with each portion of its events, so that it can go on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeAlias

import msgspec

from engine.runtime.writer import IngestAnswer
from engine.store.interface import Store, Writer

PORTION = 1000
"""Events that are accepted in one commit."""

Refusal: TypeAlias = dict[str, Any]
Refused: TypeAlias = Callable[[Sequence[Refusal]], None]
"""Told which rows of a portion were refused: each has its `index` among all rows, counted from 0."""

Do: TypeAlias = Callable[[Callable[[], Any]], Any]
"""Has the engine's writer do something, and gives what came of it."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of imported rows; of those, `skipped` had gone in before it was interrupted."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    skipped: int = 0

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.accepted + self.duplicates + self.conflicts + self.quarantined


class Kept(msgspec.Struct, frozen=True):
    """What the database knows of an import under way; `seal` is over the rows that are in."""

    done: Imported
    seal: str


def nobody(refused: Sequence[Refusal]) -> None:
    """Tell nobody."""


class Course:
    """One import, from its first row to its last.

    Under a `name` it is kept how many rows are in, in the transaction that accepts them. Begun again
    under this name, it skips them, if they are the very rows that it took before; else it begins anew,
    and what is in already comes up as duplicates.
    """

    def __init__(self, store: Store, call: Do, name: str | None, refused: Refused = nobody) -> None:
        self.done = Imported()
        self._store = store
        self._call = call
        self._mark = f"import:{name}" if name else None
        self._refused = refused
        self._seal = blake2b(digest_size=16)

    def portions(self, raws: Iterable[object]) -> Iterator[list[object]]:
        """Give the rows that are not in yet, in portions of one commit."""
        rows = iter(raws)
        kept = self._call(self._begin) if self._mark else None
        if kept is not None and kept.done.rows:
            for row in islice(rows, kept.done.rows):
                self._add(row)
            if self._seal.hexdigest() == kept.seal:
                self.done = msgspec.structs.replace(kept.done, skipped=kept.done.rows)
            else:
                self._seal = blake2b(digest_size=16)
                rows = iter(raws)
        while portion := list(islice(rows, PORTION)):
            if self._mark:
                for row in portion:
                    self._add(row)
            yield portion

    def note(self, writer: Writer, answer: IngestAnswer) -> None:
        """Keep, with a portion's events, that they are in."""
        if self._mark:
            kept = Kept(added(self.done, answer), self._seal.hexdigest())
            writer.mark(self._mark, msgspec.json.encode(kept).decode())

    def advance(self, answer: IngestAnswer) -> None:
        """Count a portion that was answered, and tell of the rows that were refused."""
        found = refused_of(answer, self.done.rows)
        self.done = added(self.done, answer)
        if found:
            self._refused(found)

    def end(self) -> None:
        """Forget how far it has come: the next import of this name is another one."""
        if self._mark:
            self._call(self._forget)

    def _begin(self) -> Kept | None:
        with self._store.begin() as writer:
            text = writer.own_mark(self._mark or "", "")
        return msgspec.json.decode(text, type=Kept) if text else None

    def _forget(self) -> None:
        with self._store.begin() as writer:
            writer.mark(self._mark or "", None)

    def _add(self, row: object) -> None:
        try:
            self._seal.update(msgspec.json.encode(row))
        except (TypeError, ValueError):
            self._seal.update(repr(row).encode("utf-8", "backslashreplace"))


def refused_of(answer: IngestAnswer, first: int) -> list[Refusal]:
    """Give what was refused of a portion, in the order of its rows, the first of which has that number."""
    entries = sorted((*answer.conflicts, *answer.quarantined), key=lambda entry: entry["index"])
    return [entry | {"index": first + entry["index"]} for entry in entries]


def added(total: Imported, answer: IngestAnswer) -> Imported:
    """Add the answer for a portion."""
    return msgspec.structs.replace(
        total,
        accepted=total.accepted + answer.accepted,
        duplicates=total.duplicates + answer.duplicates,
        conflicts=total.conflicts + len(answer.conflicts),
        quarantined=total.quarantined + len(answer.quarantined),
    )
