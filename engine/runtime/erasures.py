"""Erasures: whose ids may not come in again, known by keyed digests in the database and in a file.

The file stands in the workspace beside its secrets and is only ever added to. A database that comes out
of a back-up knows less than the file: what it lacks is erased once more before anybody is served.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engine.model.values import Micros
from engine.runtime.secret import FOLDER
from engine.store.personal import ErasureRow
from engine.store.reading import Reader
from engine.store.remains import PREFIX

FILE = "erased"
"""The list, in the workspace's folder of secrets: a mark and an instant a line."""

_LINE = re.compile(r"([0-9a-f]{32}) (\d{1,18})")
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.){1,1024})"')


class Erasures:
    """The erased ids of one workspace, as one process knows them.

    `version` is the mark under which the database keeps that they have changed. Whoever writes looks
    whether it still stands, and loads them anew where it does not.
    """

    def __init__(self, secret: bytes, folder: Path) -> None:
        self._secret = secret
        self._path = folder / FOLDER / FILE
        self._marks: frozenset[str] = frozenset()
        self.version: str | None = None

    def __bool__(self) -> bool:
        return bool(self._marks)

    def mark(self, name: str) -> str:
        """Give the mark of an id: nobody without the workspace's secret can tell whose it is."""
        return hmac.digest(self._secret, b"erased\0" + name.encode(), "sha256").hex()[:32]

    def hidden(self, address: str) -> str:
        """Give what stands for an erased customer's address among those that get nothing."""
        digest = hmac.digest(self._secret, b"address\0" + address.encode(), "sha256")
        return f"{PREFIX}{digest.hex()[:32]}"

    def load(self, reader: Reader, version: str | None) -> None:
        """Take over what the database says."""
        self._marks = frozenset(row.mark for row in reader.erasures() if row.lifted_at is None)
        self.version = version

    def holds(self, name: str) -> bool:
        """Tell whether an id was erased, and nobody new was registered under it."""
        return bool(self._marks) and (self.mark(name) in self._marks or name.startswith(PREFIX))

    def named_in(self, value: object) -> bool:
        """Tell whether an erased id stands anywhere in what a client sent, decoded or not."""
        return bool(self._marks) and any(self.holds(text) for text in _texts(value))

    def listed(self) -> dict[str, Micros]:
        """Give what the file says: marks, each with when it was erased last."""
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return {}
        found: dict[str, Micros] = {}
        # A line that a crash cut short was never answered for.
        for mark, at in _LINE.findall(text):
            found[mark] = max(int(at), found.get(mark, 0))
        return found

    def write(self, erased: Mapping[str, Micros]) -> None:
        """Add to the file; on the disk when this returns."""
        if not erased:
            return
        lines = "".join(f"{mark} {at}\n" for mark, at in sorted(erased.items()))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # After a line that was cut short, ours begins anew.
            whole = os.fstat(descriptor).st_size == 0 or self._path.read_bytes().endswith(b"\n")
            os.write(descriptor, (lines if whole else f"\n{lines}").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def missing_from(self, rows: Iterable[ErasureRow]) -> dict[str, Micros]:
        """Give what the file says and a database does not: it is older than those erasures."""
        known = {row.mark: row.at for row in rows}
        return {mark: at for mark, at in self.listed().items() if at > known.get(mark, -1)}

    def unlisted(self, rows: Iterable[ErasureRow]) -> dict[str, Micros]:
        """Give what a database says and the file does not: it was erased from another machine."""
        listed = self.listed()
        return {row.mark: row.at for row in rows if row.at > listed.get(row.mark, -1)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, bytes):
        for found in _TOKEN.findall(value):
            yield found.decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
