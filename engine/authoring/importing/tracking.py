"""Knowing an import again: its name, and an id for those of its rows that have nothing to tell them by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from engine.authoring.importing.events import Row
from engine.authoring.importing.maps import MapFile
from engine.customers.normalise import MESSAGE_KEYS, TIME_KEYS

_TOLD = frozenset((*MESSAGE_KEYS, *TIME_KEYS))


def import_name(paths: Sequence[Path], map: MapFile | None, source: str) -> str:
    """Give the name of the import of these very files, as they are now, through this map.

    The same command on files that nobody has touched is the same import.
    """
    files = [(path.name, found.st_size, found.st_mtime_ns) for path in paths for found in [path.stat()]]
    told = (source, files, None if map is None else msgspec.to_builtins(map.map))
    return blake2b(msgspec.json.encode(told), digest_size=16).hexdigest()


def with_ids(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Give rows that have neither an id nor a time one by their place in the import of that name.

    Without it nothing would tell such a row from itself when the import is begun again.
    """
    for place, row in enumerate(rows):
        event = row.event
        if isinstance(event, Mapping) and all(event.get(key) is None for key in _TOLD):
            row = row._replace(event={**event, "id": f"{name}-{place}"})
        yield row
