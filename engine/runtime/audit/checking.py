"""Checking the audit record entry by entry: the same for a database and for an exported file.

Whoever checks feeds what there is in the order of the numbers, and is given each place at which
something is wrong. Nothing is taken from the checked side that can be computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from engine.audit.leaves import (
    AnyLeaf,
    ChangeLeaf,
    DecisionLeaf,
    ErasedLeaf,
    StartLeaf,
    leaf_hash,
    read_entry,
)
from engine.audit.subjects import commitment_of, content_of
from engine.audit.tree import HASH_LENGTH, Edge, Tile, append, root_of
from engine.model.reasons import ReleaseCause
from engine.store.records import ReleaseRow

UNASKED = frozenset(each.value for each in (ReleaseCause.START, ReleaseCause.ROLLBACK, ReleaseCause.REVERSAL))
"""Why a release goes live that nobody has to agree to; of an emergency its entry says so."""


class Damage(msgspec.Struct, frozen=True):
    """Something that is not as it was sealed: where, and what is wrong there."""

    place: str
    what: str

    def __str__(self) -> str:
        """Write it in a line."""
        return f"{self.place}: {self.what}"


class Roots:
    """Computes roots from the hashes of all entries, and holds signed ones against them."""

    def __init__(self, claimed: Mapping[int, tuple[str, bytes]]) -> None:
        """Take the roots to hold, by size, each with the name of who says so."""
        self._claimed = dict(sorted(claimed.items()))
        self.edge = Edge()
        self.damages: list[Damage] = []
        self._good = 0

    def feed(self, hashes: bytes) -> list[Tile]:
        """Take the hashes of the next entries; give the tiles that are complete with them."""
        tiles: list[Tile] = []
        end = self.edge.size + len(hashes) // HASH_LENGTH
        place = 0
        for size in [*(size for size in self._claimed if self.edge.size < size <= end), end]:
            upto = place + (size - self.edge.size) * HASH_LENGTH
            more = (hashes[at : at + HASH_LENGTH] for at in range(place, upto, HASH_LENGTH))
            self.edge, complete = append(self.edge, more)
            tiles += complete
            place = upto
            if size in self._claimed:
                self._hold(size)
        return tiles

    def _hold(self, size: int) -> None:
        name, root = self._claimed[size]
        if root_of(self.edge) == root:
            self._good = size
        elif not self.damages:
            # Every later root differs too, and tells nothing more.
            first = "the first entry" if not self._good else f"the entry {self._good}"
            self.damages.append(
                Damage(
                    name,
                    f"its root is not that of the entries: one from {first} to the entry {size - 1}"
                    " was changed, added, dropped or moved",
                )
            )

    def close(self) -> list[Damage]:
        """Give what was wrong, now that there are no more entries."""
        for size, (name, _) in self._claimed.items():
            if size > self.edge.size:
                self.damages.append(
                    Damage(name, f"it is of {size} entries, and there are {self.edge.size}: the rest is gone")
                )
        return self.damages


class Entries:
    """Reads entries and remembers what later ones and their records rest on."""

    def __init__(self) -> None:
        self.damages: list[Damage] = []
        self.committed: dict[int, AnyLeaf] = {}
        self.erased: set[str] = set()
        self.releases: dict[str, int] = {}
        self._rules: dict[tuple[str, str], int] = {}
        self._closures: dict[tuple[str, str], int] = {}
        self.definitions: dict[str, int] = {}

    def read(self, number: int, entry: bytes, hash: bytes) -> AnyLeaf | None:
        """Read one entry of the period, None where that cannot be."""
        if leaf_hash(entry) != hash:
            self.damages.append(Damage(f"entry {number}", "it is not what was sealed under that number"))
        leaf = self._parsed(number, entry)
        if leaf is None:
            return None
        if leaf.commitment is not None:
            self.committed[number] = leaf
        if isinstance(leaf, DecisionLeaf):
            self._rules.setdefault((leaf.rule, leaf.definition), number)
        elif isinstance(leaf, StartLeaf):
            self._closures.setdefault((leaf.workflow, leaf.definition), number)
        self._noted(number, leaf)
        return leaf

    def beside(self, number: int, entry: bytes, hash: bytes) -> None:
        """Read one entry of another period, which those of this one rest on."""
        if leaf_hash(entry) != hash:
            self.damages.append(Damage(f"entry {number}", "it is not what was sealed under that number"))
        leaf = self._parsed(number, entry)
        if leaf is not None:
            self._noted(number, leaf)

    def _parsed(self, number: int, entry: bytes) -> AnyLeaf | None:
        try:
            return read_entry(entry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.damages.append(Damage(f"entry {number}", f"it cannot be read: {error}"))
            return None

    def _noted(self, number: int, leaf: AnyLeaf) -> None:
        if isinstance(leaf, ErasedLeaf) and leaf.subject is not None:
            self.erased.add(leaf.subject)
        if isinstance(leaf, ChangeLeaf) and leaf.definition is not None:
            self.definitions.setdefault(leaf.definition, number)
            if leaf.what == "release":
                self._agreed(number, leaf)

    def _agreed(self, number: int, leaf: ChangeLeaf) -> None:
        self.releases[leaf.definition or ""] = number
        if leaf.emergency or leaf.detail in UNASKED:
            return
        if leaf.approver is None:
            self.damages.append(Damage(f"entry {number}", f"{leaf.ref} went live without an approval"))
        elif leaf.approver == leaf.who:
            self.damages.append(Damage(f"entry {number}", f"{leaf.ref} was approved by its own author"))

    def opened(self, number: int, customer: str, salt: bytes, document: bytes) -> None:
        """Hold a record against what its entry commits to."""
        leaf = self.committed.pop(number, None)
        if leaf is None:
            self.damages.append(Damage(f"the record of entry {number}", "no such entry commits to a record"))
        elif commitment_of(salt, content_of(customer, document)) != leaf.commitment:
            self.damages.append(
                Damage(f"the record of entry {number}", "it is not the record that the entry commits to")
            )

    def resolve(self, texts: Mapping[str, str]) -> None:
        """Hold definitions against the hashes that entries name."""
        for sha256, text in texts.items():
            if hashlib.sha256(text.encode()).hexdigest() != sha256:
                self.damages.append(Damage(f"the definition {sha256}", "its text has another hash"))
        for sha256, number in self.definitions.items():
            if sha256 not in texts:
                self.damages.append(Damage(f"entry {number}", f"the definition {sha256} is not there"))
        rules, closures = set[str](), set[tuple[str, str]]()
        for sha256, number in self.releases.items():
            release = _release(texts.get(sha256, ""))
            if release is None:
                continue
            closures.update(release.closures.items())
            rules.update(release.files.values())
            for path, file in release.files.items():
                if file not in texts:
                    self.damages.append(Damage(f"entry {number}", f"the text of {path} is not there: {file}"))
        for (rule, definition), number in self._rules.items():
            if definition not in {_rule_hash(rule, source) for source in rules}:
                self.damages.append(
                    Damage(f"entry {number}", f"no release has the rule {rule} with the hash {definition}")
                )
        for (workflow, definition), number in self._closures.items():
            if (workflow, definition) not in closures:
                self.damages.append(
                    Damage(f"entry {number}", f"no release has {workflow} with the hash {definition}")
                )

    def close(self) -> int:
        """Say which records are missing; give how many cannot be opened because of an erasure."""
        erased = 0
        for number, leaf in self.committed.items():
            if leaf.subject in self.erased:
                erased += 1
            else:
                self.damages.append(
                    Damage(f"entry {number}", "what it commits to is gone, and its subject was not erased")
                )
        return erased


def _release(text: str) -> ReleaseRow | None:
    try:
        return msgspec.json.decode(text, type=ReleaseRow)
    except msgspec.DecodeError:
        return None


def _rule_hash(rule: str, source: str) -> str:
    return hashlib.sha256(f"rule\x1f{rule}\x1f{source}".encode()).hexdigest()[:16]
