"""Checking an exported audit record from the file alone, with a public key and kept checkpoints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from engine.audit.checkpoints import Checkpoint, NoteError, Verifier
from engine.audit.leaves import kind_of
from engine.audit.signing import check_export, verified
from engine.audit.tree import HASH_LENGTH
from engine.errors import HoldfastError
from engine.runtime.audit.checking import Damage, Entries, Roots
from engine.runtime.audit.container import CHUNK, first_difference, names
from engine.runtime.audit.exporting import FORMAT, Beside, Definition, Kept, Manifest, Opened
from engine.store.told import told_document

FILES = (
    "entries.jsonl", "hashes.bin", "checkpoints.jsonl", "records.jsonl", "context.jsonl", "definitions.jsonl",
    "manifest.json", "manifest.sig",
)  # fmt: skip
T = TypeVar("T")


class ExportError(HoldfastError):
    """A file is no export of an audit record at all."""


class Findings(msgspec.Struct, frozen=True):
    """What checking came to: what the file says it holds, and what is wrong."""

    manifest: Manifest
    damages: list[Damage]


def verify_file(path: Path, verifier: Verifier, kept: Sequence[tuple[str, str]] = ()) -> Findings:
    """Check an export against a public key; `kept` are checkpoints of before, each with its file's name.

    Raises `ExportError` for what is no export or too damaged to be read, `OSError` where there is no file.
    """
    with path.open("rb") as file:
        return _verify(path, file, verifier, kept)


def _verify(path: Path, file: BinaryIO, verifier: Verifier, kept: Sequence[tuple[str, str]]) -> Findings:
    try:
        with zipfile.ZipFile(file) as archive:
            if names(archive) != list(FILES):
                raise ExportError(f"{path}: it does not hold the files of an export: {', '.join(FILES)}")
            return _Export(path, archive, verifier).verify(kept)
    # A damaged directory leads to places and methods that there are none of.
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        told = str(error)
        where = "the file" if any(name in told for name in FILES) else "the ZIP around its files"
        raise ExportError(f"{path}: {where} is damaged: {told}") from error


class _Export:
    def __init__(self, path: Path, archive: zipfile.ZipFile, verifier: Verifier) -> None:
        self._path = path
        self._archive = archive
        self._verifier = verifier
        self._damages: list[Damage] = []
        self._entries = Entries()

    def verify(self, kept: Sequence[tuple[str, str]]) -> Findings:
        text = self._archive.read("manifest.json")
        manifest = self._decoded("manifest.json", text, Manifest)
        if manifest is None:
            raise ExportError(f"{self._path}: manifest.json cannot be read")
        self._signed(text, manifest)
        hashes = self._archive.read("hashes.bin")
        if len(hashes) != manifest.size * HASH_LENGTH:
            self._add("hashes.bin", f"it does not hold the hashes of {manifest.size} entries")
        self._tree(hashes, manifest, kept)
        self._period(hashes, manifest)
        self._beside(hashes)
        texts = {each.sha256: each.text for each in self._lines("definitions.jsonl", Definition)}
        self._entries.resolve(texts)
        opened, erased = self._records(), self._entries.close()
        if (opened, erased) != (manifest.opened, manifest.erased):
            self._add("manifest.json", f"it tells of {manifest.opened} records and {manifest.erased} erased"
                      f" ones, and there are {opened} and {erased}")  # fmt: skip
        self._damages += self._entries.damages
        self._whole(manifest)
        return Findings(manifest, self._damages)

    def _add(self, place: str, what: str) -> None:
        self._damages.append(Damage(place, what))

    def _signed(self, text: bytes, manifest: Manifest) -> None:
        try:
            check_export(text, self._archive.read("manifest.sig").decode(), self._verifier)
        except (NoteError, UnicodeDecodeError) as error:
            self._add("manifest.sig", str(error))
        if (manifest.format, manifest.log, manifest.key) != (
            FORMAT,
            self._verifier.name,
            str(self._verifier),
        ):
            self._add("manifest.json", "its format, its log or its key is another")

    def _tree(self, hashes: bytes, manifest: Manifest, kept: Sequence[tuple[str, str]]) -> None:
        claimed: dict[int, tuple[str, bytes]] = {}
        for number, each in enumerate(self._lines("checkpoints.jsonl", Kept), 1):
            self._claim(claimed, f"checkpoints.jsonl line {number}", each.note)
        if manifest.size and manifest.size not in claimed:
            self._add("checkpoints.jsonl", f"the root of all {manifest.size} entries is not signed in it")
        for name, note in kept:
            self._claim(claimed, name, note)
        roots = Roots(claimed)
        roots.feed(hashes[: len(hashes) // HASH_LENGTH * HASH_LENGTH])
        self._damages += roots.close()
        root = claimed.get(manifest.size, ("", hashlib.sha256(b"").digest()))[1]
        if root.hex() != manifest.root:
            self._add("manifest.json", f"its root is not that of the checkpoint of {manifest.size} entries")

    def _claim(self, claimed: dict[int, tuple[str, bytes]], name: str, note: str) -> None:
        try:
            found: Checkpoint = verified(note, self._verifier)
        except NoteError as error:
            self._add(name, str(error))
            return
        if found.size in claimed and claimed[found.size][1] != found.root:
            other = claimed[found.size][0]
            self._add(
                name, f"it signs another root of {found.size} entries than {other}: the record was forked"
            )
        elif found.size:
            claimed.setdefault(found.size, (name, found.root))

    def _period(self, hashes: bytes, manifest: Manifest) -> None:
        counts: Counter[str] = Counter()
        number = manifest.first
        for line in self._raw("entries.jsonl"):
            if number >= manifest.end:
                self._add(
                    f"entries.jsonl line {number - manifest.first + 1}", "there is one more entry than told"
                )
                break
            leaf = self._entries.read(number, line, _at(hashes, number))
            if leaf is not None:
                counts[kind_of(leaf)] += 1
            number += 1
        if number < manifest.end:
            self._add("entries.jsonl", f"it ends before the entry {number}; there have to be {manifest.end}")
        if not self._entries.damages and dict(counts) != manifest.counts:
            self._add("manifest.json", "its counts are not those of the entries")

    def _beside(self, hashes: bytes) -> None:
        for each in self._lines("context.jsonl", Beside):
            self._entries.beside(each.number, each.entry.encode(), _at(hashes, each.number))

    def _records(self) -> int:
        opened = 0
        for each in self._lines("records.jsonl", Opened):
            place = f"the record of entry {each.number}"
            leaf = self._entries.committed.get(each.number)
            if leaf is not None and (kind_of(leaf), leaf.ref) != (each.kind, each.ref):
                self._add(place, f"it says that it is {each.kind} {each.ref}, which that entry is not")
            try:
                salt, document = bytes.fromhex(each.salt), base64.b64decode(each.document, validate=True)
                told = bytes(told_document(each.kind, document))
            except (
                ValueError,
                binascii.Error,
                TypeError,
                LookupError,
                msgspec.MsgspecError,
                ArithmeticError,
            ) as error:
                self._add(place, f"it cannot be read: {error}")
                continue
            self._entries.opened(each.number, each.customer, salt, document)
            if told != bytes(each.told):
                self._add(place, "what it tells in words is not what its document says")
            opened += 1
        return opened

    def _whole(self, manifest: Manifest) -> None:
        """Hold every file against its digest, and the file itself against what they make."""
        for name in FILES[:-2]:
            digest = hashlib.sha256()
            with self._archive.open(name) as member:
                while piece := member.read(CHUNK):
                    digest.update(piece)
            if digest.hexdigest() != manifest.files.get(name):
                self._add(name, "it is not the file that the manifest tells of")
        place = first_difference(self._path, self._archive)
        if place is not None:
            self._add(f"byte {place} of the file", "it is not as an export is written")

    def _raw(self, name: str) -> Iterator[bytes]:
        with self._archive.open(name) as member:
            for line in member:
                yield line.removesuffix(b"\n")

    def _lines(self, name: str, kind: type[T]) -> Iterator[T]:
        for number, line in enumerate(self._raw(name), 1):
            found = self._decoded(f"{name} line {number}", line, kind)
            if found is not None:
                yield found

    def _decoded(self, place: str, data: bytes, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._add(place, f"it cannot be read: {error}")
            return None


def _at(hashes: bytes, number: int) -> bytes:
    return hashes[number * HASH_LENGTH : (number + 1) * HASH_LENGTH] if number >= 0 else b""
