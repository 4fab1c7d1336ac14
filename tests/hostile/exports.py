"""Exports of the audit record, and checkpoints, that were tampered with: the checker names the place."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from engine.audit.checkpoints import Verifier
from engine.audit.signing import Signer
from engine.runtime.audit import container
from engine.runtime.audit.offline import ExportError, verify_file
from tests.hostile.case import Case, ground

Contents = dict[str, bytes]
MB = 1024 * 1024


class Taken(NamedTuple):
    """An export, the key that it is checked with, the signer who made it, and a checkpoint from before."""

    contents: Contents
    verifier: Verifier
    signer: Signer
    kept: str
    size: int


@cache
def _taken() -> Taken:
    with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as shop:
        _events(shop.ingest, 0)
        before = shop.engine.checkpoint().result()
        assert before is not None
        _events(shop.ingest, 5)
        data = b"".join(shop.engine.export_audit(None, None, "eve@example.com"))
        with shop.engine.store.reader() as reader:
            size = reader.edge().size
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        return Taken(contents, shop.engine.verifier, shop.engine._shell.signer, before.note, size)


def _events(ingest: Callable[[bytes], str], first: int) -> None:
    for number in range(first, first + 5):
        ingest(
            b'{"customer": "c%d", "event": "order_completed", "id": "o%d", "total": 200}' % (number, number)
        )


def _told(data: bytes, taken: Taken, kept: str | None = None, key: Verifier | None = None) -> str:
    """Check an export; give the first place at which something is wrong, "refused" for what is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        path.write_bytes(data)
        try:
            notes = [] if kept is None else [("kept", kept)]
            found = verify_file(path, key or taken.verifier, notes)
        except ExportError:
            return "refused"
    places = [re.sub(r" line \d+| [0-9a-f]{64}$|(?<=byte) \d+", "", each.place) for each in found.damages]
    told = [each for each in places if each == "kept"] + [
        each for each in places if each.startswith("entry ")
    ]
    first = [*told, *places, "good"][0]
    return "the last entry" if first == f"entry {taken.size - 1}" else first


def _packed(contents: Contents) -> bytes:
    return b"".join(container.write((name, [data]) for name, data in contents.items()))


def _file(what: str, wanted: str, name: str, change: Callable[[bytes], bytes]) -> Case:
    def got(_: object) -> str:
        taken = _taken()
        return _told(_packed({**taken.contents, name: change(taken.contents[name])}), taken)

    return Case("exports", what, wanted, got, alone=False)


def _lines(what: str, wanted: str, change: Callable[[list[bytes]], list[bytes]]) -> Case:
    return _file(what, wanted, "entries.jsonl", lambda data: b"".join(change(data.splitlines(keepends=True))))


def _archive(what: str, make: Callable[[Contents], bytes], wanted: str = "refused") -> Case:
    made = cache(lambda: make(_taken().contents))

    def got(_: object) -> str:
        return _told(made(), _taken())

    return Case("exports", what, wanted, got, alone=False)


def _note(what: str, wanted: str, note: Callable[[Taken], str]) -> Case:
    def got(_: object) -> str:
        taken = _taken()
        return _told(_packed(taken.contents), taken, note(taken))

    return Case("checkpoints", what, wanted, got, alone=False)


def _stranger(taken: Taken) -> Signer:
    return Signer(taken.signer.name, bytes(32))


def _zipped(contents: Contents, more: Contents, method: int = zipfile.ZIP_STORED) -> bytes:
    """Write a ZIP as anybody would, with these files behind it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in [*contents.items(), *more.items()]:
            archive.writestr(name, data)
    return out.getvalue()


def _bomb(name: str) -> Callable[[Contents], bytes]:
    def make(contents: Contents) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, data in contents.items():
                with archive.open(each, "w") as member:
                    for piece in [bytes(MB)] * 120 if each == name else [data]:
                        member.write(piece)
        return out.getvalue()

    return make


def _named(name: str) -> Callable[[Contents], bytes]:
    return lambda contents: _zipped(contents, {name: b"root:x:0:0"})


def _twice(contents: Contents) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name), data)
        archive.filelist.append(archive.getinfo("entries.jsonl"))
    return out.getvalue()


def _at_entry(data: bytes, number: int) -> bytes:
    """Change a bit in the time of an entry."""
    lines = data.splitlines(keepends=True)
    at = lines[number].index(b'"at":') + 8
    lines[number] = lines[number][:at] + bytes([lines[number][at] ^ 1]) + lines[number][at + 1 :]
    return b"".join(lines)


def _resized(note: str, size: str = "3") -> str:
    origin, _, rest = note.split("\n", 2)
    return f"{origin}\n{size}\n{rest}"


CASES = [
    _archive("nothing changed", _packed, "good"),
    _file("a bit of an entry", "entry 2", "entries.jsonl", lambda data: _at_entry(data, 2)),
    _lines("an entry dropped", "entry 3", lambda lines: lines[:3] + lines[4:]),
    _lines("two entries swapped", "entry 3", lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]]),
    _lines("an entry twice", "entry 4", lambda lines: [*lines[:4], lines[3], *lines[4:]]),
    _lines("the last entry cut off", "entries.jsonl", lambda lines: lines[:-1]),
    _lines("an entry cut short", "entry 3", lambda lines: [*lines[:3], lines[3][:20] + b"\n", *lines[4:]]),
    _lines("one more entry", "entries.jsonl", lambda lines: [*lines, lines[-1]]),
    _lines("an entry of 5 MB", "entry 3", lambda lines: [*lines[:3], b"[" * (5 * MB) + b"\n", *lines[4:]]),
    _lines("an entry of 100,000 levels", "entry 3",
           lambda lines: [*lines[:3], b"[" * 100_000 + b"]" * 100_000 + b"\n", *lines[4:]]),
    _lines("an entry that is no UTF-8", "entry 3", lambda lines: [*lines[:3], b"\xff\xfe\n", *lines[4:]]),
    _file("a bit of a hash", "entry 0", "hashes.bin", lambda data: bytes([data[0] ^ 1]) + data[1:]),
    _file("hashes cut off", "the last entry", "hashes.bin", lambda data: data[:-5]),
    _file("a tree that goes on otherwise", "the last entry", "hashes.bin",
          lambda data: data[:-32] + bytes(32)),
    _file("a checkpoint dropped", "checkpoints.jsonl", "checkpoints.jsonl",
          lambda data: b"".join(data.splitlines(keepends=True)[:-1])),
    _file("a checkpoint whose signature is no base64", "checkpoints.jsonl", "checkpoints.jsonl",
          lambda data: data.replace(b"= ", b"? ", 1).replace("— ".encode(), "— !".encode(), 1)),
    _file("a record of somebody else", "the record of entry 5", "records.jsonl",
          lambda data: data.replace(b'"customer":"c1"', b'"customer":"c9"', 1)),
    _file("a record dropped", "entry 2", "records.jsonl",
          lambda data: b"".join(data.splitlines(keepends=True)[1:])),
    _file("a text of a rule changed", "the definition", "definitions.jsonl",
          lambda data: data.replace(b"100.10", b"900.10", 1)),
    _file("a manifest of fewer entries", "manifest.sig", "manifest.json",
          lambda data: data.replace(b'"size": ', b'"size": 1', 1)),
    _file("a manifest that is no JSON", "refused", "manifest.json", lambda data: data[:-9]),
    _file("a manifest that nobody signed", "manifest.sig", "manifest.sig", lambda data: b""),
    _file("a signature of 1 MB", "manifest.sig", "manifest.sig", lambda data: b"A" * MB),
    _archive("an empty file", lambda _: b""),
    _archive("no archive at all", lambda _: b"PK\x03\x04 and nothing"),
    _archive("an archive cut off in the middle", lambda contents: _packed(contents)[:2000]),
    _archive("bytes behind the archive", lambda contents: _packed(contents) + bytes(99), "byte of the file"),
    _archive("bytes before the archive", lambda contents: bytes(99) + _packed(contents), "byte of the file"),
    _archive("a path out of the folder", _named("../../../etc/passwd")),
    _archive("an absolute path", _named("/etc/passwd")),
    _archive("a file twice in the directory", _twice),
    _archive("another order of files", lambda contents: _packed(dict(reversed(contents.items())))),
    _archive("a file missing", lambda contents: _packed(dict([*contents.items()][1:]))),
    _archive("packed small", lambda contents: _zipped(contents, {}, zipfile.ZIP_DEFLATED)),
    _archive("120 MB of nought packed small, as the manifest", _bomb("manifest.json")),
    _archive("120 MB of nought packed small, as hashes", _bomb("hashes.bin")),
    _archive("120 MB of nought packed small, as an entry", _bomb("entries.jsonl")),
    _note("one from before", "good", lambda taken: taken.kept),
    _note("one of another root: a fork", "kept", lambda taken: taken.signer.sign(taken.size, bytes(32))),
    _note("one of more entries than there are", "kept", lambda taken: taken.signer.sign(10**6, bytes(32))),
    _note("one signed by another key", "kept", lambda taken: _stranger(taken).sign(taken.size, bytes(32))),
    _note("one with its size changed", "kept", lambda taken: _resized(taken.kept)),
    _note("one that is empty", "kept", lambda _: ""),
    _note("one whose root is no base64", "kept", lambda taken: taken.kept.replace("=", "?", 1)),
    _note("one without a signature", "kept", lambda taken: taken.kept.partition("\n\n")[0] + "\n\n"),
    _note("one of 1,000 signatures", "kept", lambda taken: taken.kept + taken.kept.split("\n\n")[1] * 1000),
    _note("one of 10 MB", "kept", lambda taken: "A" * (10 * MB)),
    _note("one of a size of 5,000 digits", "kept", lambda taken: _resized(taken.kept, "9" * 5_000)),
    _note("one with line ends of another system", "kept", lambda taken: taken.kept.replace("\n", "\r\n")),
]  # fmt: skip
