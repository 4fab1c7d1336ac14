"""Exporting: the audit record of a period as one file, from which everything about it can be checked.

- `entries.jsonl`: the sealed entries as they are stored, a line each, from the number `first` on
- `hashes.bin`: the hashes of all entries of the whole record, 32 bytes each, so that every root follows
- `checkpoints.jsonl`: all signed roots
- `records.jsonl`: what the entries commit to: whom each is about, its salt, the stored document, and
  that document in words
- `context.jsonl`: entries from outside the period that those inside rest on: releases, approvals, erasures
- `definitions.jsonl`: every release's list of files, and the sources, by their hash
- `manifest.json`, `manifest.sig`: what was asked for, what is there, a SHA-256 of each file, signed
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from engine.audit.leaves import AnyLeaf, ChangeLeaf, read_entry
from engine.audit.signing import Signer
from engine.audit.subjects import salt_of
from engine.customers.zones import moment_of
from engine.model.values import Micros
from engine.runtime.audit.container import write
from engine.store.audit import CheckpointRow, LeafRow, SubjectRow
from engine.store.interface import Reader
from engine.store.records import ReleaseRow
from engine.store.told import told_document

FORMAT = 1
AT_ONCE = 1000
"""Entries that are read at once."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds. Entries `first` to before `end` of a record with `size`; `files` by SHA-256.

    `counts` are the entries by kind, `opened` those whose commitment is opened, `erased` those that
    cannot be any more.
    """

    format: int
    log: str
    key: str
    made: str
    from_: str | None = msgspec.field(name="from")
    to: str | None
    first: int
    end: int
    size: int
    root: str
    counts: dict[str, int]
    opened: int
    erased: int
    files: dict[str, str]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry commits to. `document` is what is stored, in base64; `told` says the same in words."""

    number: int
    kind: str
    ref: str
    customer: str
    salt: str
    document: str
    told: msgspec.Raw


class Beside(msgspec.Struct, frozen=True):
    """An entry of another period: its number, and its bytes as text."""

    number: int
    entry: str


class Definition(msgspec.Struct, frozen=True):
    """A text by its hash: a file of a release, or the list of a release's files."""

    sha256: str
    text: str


class Kept(msgspec.Struct, frozen=True):
    """A checkpoint, and when it was signed."""

    at: str
    note: str


_encoder = msgspec.json.Encoder()


def export(
    reader: Reader, signer: Signer, start: Micros | None, end: Micros | None, now: Micros
) -> Iterator[bytes]:
    """Give the bytes of the export of a period, as of the last checkpoint in a snapshot."""
    return write(_Export(reader, signer, start, end, now).members())


class _Export:
    def __init__(
        self, reader: Reader, signer: Signer, start: Micros | None, end: Micros | None, now: Micros
    ) -> None:
        self._reader = reader
        self._signer = signer
        self._asked = start, end
        self._now = now
        self._checkpoint = reader.latest_checkpoint()
        size = 0 if self._checkpoint is None else self._checkpoint.size
        first, after = reader.leaf_span(start, end) or (0, 0)
        self._first, self._end, self._size = min(first, size), min(after, size), size
        self._counts: Counter[str] = Counter()
        self._opened = self._erased = 0
        self._files: dict[str, str] = {}

    def members(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Give every file in its order; the manifest, which tells of the others, comes last."""
        contents = {
            "entries.jsonl": self._entries(),
            "hashes.bin": self._hashes(),
            "checkpoints.jsonl": self._checkpoints(),
            "records.jsonl": self._records(),
            "context.jsonl": self._context(),
            "definitions.jsonl": self._definitions(),
        }
        for name, content in contents.items():
            yield name, self._digested(name, content)
        manifest = msgspec.json.format(_encoder.encode(self._manifest())) + b"\n"
        yield "manifest.json", [manifest]
        yield "manifest.sig", [self._signer.sign_export(manifest).encode()]

    def _digested(self, name: str, content: Iterable[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in content:
            digest.update(piece)
            yield piece
        self._files[name] = digest.hexdigest()

    def _leaves(self, first: int, end: int) -> Iterator[list[LeafRow]]:
        for start in range(first, end, AT_ONCE):
            yield self._reader.leaves(start, min(start + AT_ONCE, end))

    def _entries(self) -> Iterator[bytes]:
        for rows in self._leaves(self._first, self._end):
            self._counts.update(row.kind for row in rows)
            yield b"".join(row.entry + b"\n" for row in rows)

    def _hashes(self) -> Iterator[bytes]:
        for start in range(0, self._size, 256):
            yield b"".join(self._reader.hashes(0, start, min(start + 256, self._size)))

    def _checkpoints(self) -> Iterator[bytes]:
        for row in all_checkpoints(self._reader):
            yield _line(Kept(moment_of(row.at).isoformat(), row.note))

    def _records(self) -> Iterator[bytes]:
        for rows in self._leaves(self._first, self._end):
            committed = [
                (row, leaf) for row in rows if (leaf := read_entry(row.entry)).commitment is not None
            ]
            found = openings(self._reader, committed)
            self._opened += len(found)
            self._erased += len(committed) - len(found)
            yield b"".join(map(_line, found))

    def _context(self) -> Iterator[bytes]:
        for kind in ("change", "erased"):
            for row in all_acts(self._reader, kind):
                outside = not self._first <= row.number < self._end
                if outside and row.number < self._size and _rested_on(read_entry(row.entry)):
                    yield _line(Beside(row.number, row.entry.decode()))

    def _definitions(self) -> Iterator[bytes]:
        wanted: dict[str, None] = {}
        for row in all_acts(self._reader, "change"):
            leaf = read_entry(row.entry)
            if isinstance(leaf, ChangeLeaf) and leaf.definition is not None:
                wanted[leaf.definition] = None
        for sha256 in list(wanted):
            text = self._reader.definition(sha256)
            if text is not None and text.startswith("{"):
                wanted.update(dict.fromkeys(msgspec.json.decode(text, type=ReleaseRow).files.values()))
        for sha256 in wanted:
            text = self._reader.definition(sha256)
            if text is not None:
                yield _line(Definition(sha256, text))

    def _manifest(self) -> Manifest:
        start, end = (None if at is None else moment_of(at).isoformat() for at in self._asked)
        row = self._checkpoint
        return Manifest(
            format=FORMAT,
            log=self._signer.name,
            key=str(self._signer.verifier),
            made=moment_of(self._now).isoformat(),
            from_=start,
            to=end,
            first=self._first,
            end=self._end,
            size=self._size,
            root=hashlib.sha256(b"").hexdigest() if row is None else row.root.hex(),
            counts=dict(sorted(self._counts.items())),
            opened=self._opened,
            erased=self._erased,
            files=self._files,
        )


def openings(reader: Reader, committed: Iterable[tuple[LeafRow, AnyLeaf]]) -> list[Opened]:
    """Give what entries commit to, where it is still there: of those who were erased it is not."""
    found = list(committed)
    subjects = reader.subjects_named(leaf.subject for _, leaf in found if leaf.subject is not None)
    documents = {
        kind: reader.documents(kind, [row.ref for row, _ in found if row.kind == kind])
        for kind in {row.kind for row, _ in found}
    }
    opened = []
    for row, leaf in found:
        subject = subjects.get(leaf.subject or "")
        document = documents[row.kind].get(row.ref)
        if subject is not None and document is not None:
            opened.append(_opened(row, subject, document))
    return opened


def _opened(row: LeafRow, subject: SubjectRow, document: bytes) -> Opened:
    return Opened(
        number=row.number,
        kind=row.kind,
        ref=row.ref,
        customer=subject.customer,
        salt=salt_of(subject.secret, f"{row.kind}/{row.ref}").hex(),
        document=base64.b64encode(document).decode(),
        told=told_document(row.kind, document),
    )


def all_checkpoints(reader: Reader) -> Iterator[CheckpointRow]:
    """Give every checkpoint, by size."""
    after = 0
    while rows := reader.checkpoints(after, AT_ONCE):
        yield from rows
        after = rows[-1].size


def all_acts(
    reader: Reader, kind: str, start: Micros | None = None, end: Micros | None = None
) -> Iterator[LeafRow]:
    """Give every entry of one kind of what people did, by (at, number)."""
    after = None
    while rows := reader.acts(kind, start=start, end=end, after=after, limit=AT_ONCE):
        yield from rows
        after = rows[-1].at, rows[-1].number


def _rested_on(leaf: AnyLeaf) -> bool:
    """Tell whether entries of other periods may rest on this one."""
    return not isinstance(leaf, ChangeLeaf) or leaf.definition is not None or leaf.approver is not None


def _line(record: msgspec.Struct) -> bytes:
    return _encoder.encode(record) + b"\n"
