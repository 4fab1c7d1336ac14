"""The file of an export: a ZIP whose every byte follows from what is in it, written as a stream.

Nothing in it is compressed and nothing tells when or where it was written, so that whoever checks one
writes it again and compares: there is no room beside the contents in which a change would not be seen.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

CHUNK = 1 << 20


class _Sink(io.RawIOBase):
    """Takes what a ZIP writes, which cannot seek in it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        taken = bytes(data)  # type: ignore[call-overload]
        self.written.append(taken)
        return len(taken)

    def take(self) -> bytes:
        taken = b"".join(self.written)
        self.written.clear()
        return taken


def write(members: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Give the bytes of a file with these members, each a name and its content in pieces."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                for piece in content:
                    member.write(piece)
                    if len(sink.written) > 64:
                        yield sink.take()
            yield sink.take()
    yield sink.take()


def names(archive: zipfile.ZipFile) -> list[str]:
    """Give the names of the members in their order; a `ValueError` where one is packed.

    An export packs nothing, so that reading it never takes more than its file is long.
    """
    found = archive.infolist()
    for info in found:
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ValueError(f"{info.filename} in it is packed, and an export packs nothing")
    return [info.filename for info in found]


def pieces(member: IO[bytes]) -> Iterator[bytes]:
    """Give the content of a member, in pieces."""
    while piece := member.read(CHUNK):
        yield piece


def first_difference(path: Path, archive: zipfile.ZipFile) -> int | None:
    """Give the first byte at which a file is not what its own contents make, None where there is none."""

    def contents() -> Iterator[tuple[str, Iterable[bytes]]]:
        for info in archive.infolist():
            with archive.open(info) as member:
                yield info.filename, pieces(member)

    place = 0
    with path.open("rb") as file:
        for wanted in write(contents()):
            found = file.read(len(wanted))
            if found != wanted:
                pairs = zip(found, wanted, strict=False)
                return place + next((n for n, (a, b) in enumerate(pairs) if a != b), len(found))
            place += len(wanted)
        return place if file.read(1) else None
