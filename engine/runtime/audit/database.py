"""Checking the audit record in its database: entries, tree, checkpoints, and what they commit to."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from engine.audit.checkpoints import NoteError, Verifier
from engine.audit.leaves import AnyLeaf, kind_of
from engine.audit.signing import verified
from engine.audit.tree import HASH_LENGTH, WIDTH, Tile
from engine.runtime.audit.checking import Damage, Entries, Roots
from engine.runtime.audit.exporting import all_checkpoints, openings
from engine.store.audit import LeafRow
from engine.store.interface import Reader
from engine.store.records import ReleaseRow

AT_ONCE = WIDTH * 16
"""Entries that are read at once: whole tiles."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What checking came to: what there is, and what is wrong with it."""

    size: int
    unsealed: int
    counts: dict[str, int]
    opened: int
    erased: int
    checkpoints: int
    damages: list[Damage]


def verify_database(
    reader: Reader, verifier: Verifier | None = None, kept: Sequence[tuple[str, str]] = ()
) -> Checked:
    """Check all of the audit record; with a public key the signatures of its checkpoints too.

    `kept` are checkpoints of before, each with its file's name; they take the key.
    """
    return _Database(reader, verifier).verify(kept)


class _Database:
    def __init__(self, reader: Reader, verifier: Verifier | None) -> None:
        self._reader = reader
        self._verifier = verifier
        self._damages: list[Damage] = []
        self._entries = Entries()
        self._opened = 0
        self._counts: Counter[str] = Counter()

    def verify(self, kept: Sequence[tuple[str, str]]) -> Checked:
        edge = self._reader.edge()
        claimed = self._claims(kept)
        roots = Roots(claimed)
        for start in range(0, edge.size, AT_ONCE):
            end = min(start + AT_ONCE, edge.size)
            self._tiles(roots.feed(self._portion(start, self._reader.leaves(start, end), end)))
        if self._reader.leaves(edge.size, edge.size + 1):
            self._add(f"entry {edge.size}", f"it is there, though the tree has {edge.size} entries")
        self._damages += roots.close()
        if roots.edge != edge:
            self._add("the tree", "it has grown to something else than its entries come to")
        self._entries.resolve(self._texts())
        erased = self._entries.close()
        return Checked(
            size=edge.size,
            unsealed=self._reader.count_unsealed(),
            counts=dict(sorted(self._counts.items())),
            opened=self._opened,
            erased=erased,
            checkpoints=len(claimed),
            damages=[*self._damages, *self._entries.damages],
        )

    def _add(self, place: str, what: str) -> None:
        self._damages.append(Damage(place, what))

    def _claims(self, kept: Sequence[tuple[str, str]]) -> dict[int, tuple[str, bytes]]:
        claimed: dict[int, tuple[str, bytes]] = {}
        notes = [(f"the checkpoint of {row.size} entries", row) for row in all_checkpoints(self._reader)]
        for name, row in notes:
            claimed[row.size] = name, row.root
            self._signature(name, row.note, row.size, row.root)
        for name, note in kept:
            found = self._signature(name, note)
            if found is None:
                continue
            size, root = found
            if size in claimed and claimed[size][1] != root:
                self._add(name, f"it signs another root of {size} entries: the record was forked")
            claimed.setdefault(size, (name, root))
        return claimed

    def _signature(
        self, name: str, note: str, size: int | None = None, root: bytes | None = None
    ) -> tuple[int, bytes] | None:
        if self._verifier is None:
            return None
        try:
            found = verified(note, self._verifier)
        except NoteError as error:
            self._add(name, str(error))
            return None
        if size is not None and (found.size, found.root) != (size, root):
            self._add(name, "its row is not what its note signs")
        return found.size, found.root

    def _portion(self, start: int, rows: Sequence[LeafRow], end: int) -> bytes:
        """Check some entries; give the hashes that they have, of missing ones none."""
        if len(rows) < end - start:
            held = {row.number for row in rows}
            first = next(number for number in range(start, end) if number not in held)
            self._add(f"entry {first}", "it is gone")
        committed: list[tuple[LeafRow, AnyLeaf]] = []
        for row in rows:
            leaf = self._entries.read(row.number, row.entry, row.hash)
            if leaf is None:
                continue
            kind = kind_of(leaf)
            self._counts[kind] += 1
            if row.kind != kind or row.ref != leaf.ref or row.at != leaf.at:
                self._add(f"entry {row.number}", "its row says something else than its entry")
            if leaf.commitment is not None:
                committed.append((row, leaf))
        self._open(committed)
        return b"".join(row.hash.ljust(HASH_LENGTH)[:HASH_LENGTH] for row in rows)

    def _open(self, committed: Iterable[tuple[LeafRow, AnyLeaf]]) -> None:
        for each in openings(self._reader, committed):
            document = base64.b64decode(each.document)
            self._entries.opened(each.number, each.customer, bytes.fromhex(each.salt), document)
            self._opened += 1

    def _tiles(self, complete: Sequence[Tile]) -> None:
        for tile in complete:
            held = [*self._reader.hashes(tile.level + 1, tile.number, tile.number + 1)]
            if held != [tile.root]:
                below = WIDTH ** (tile.level + 1)
                first = tile.number * below
                self._add(f"the tile of the entries {first} to {first + below - 1}", "it has another root")

    def _texts(self) -> dict[str, str]:
        """Give every definition that a release or a change names, as far as it is there."""
        found: dict[str, str] = {}
        wanted = [*self._entries.definitions]
        while wanted:
            text = self._reader.definition(sha256 := wanted.pop())
            if sha256 in found or text is None:
                continue
            found[sha256] = text
            if sha256 in self._entries.releases:
                wanted += msgspec.json.decode(text, type=ReleaseRow).files.values()
        return found
