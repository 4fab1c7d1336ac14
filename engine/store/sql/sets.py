"""One statement for many rows, as PostgreSQL takes them: each column an array, unnested side by side.

A statement that is run once for each row costs PostgreSQL, and the driver, several times as much as
the row itself. Written for sets, the same statement is run once: INSERT from a SELECT, UPDATE and
DELETE joined with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PARAMETER = re.compile(r'%\((\w+)\)s(?:::[A-Z]+)?( COLLATE "C")?')
_CONFLICT = re.compile(r"ON CONFLICT \(([^)]*)\)[^D]*DO UPDATE")


class SetStatement:
    """A statement for one row, rewritten for many; `types` are those of what differs from row to row."""

    def __init__(self, text: str, types: Mapping[str, str]) -> None:
        used: dict[str, str] = {}

        def moved(found: re.Match[str]) -> str:
            name, collated = found.groups()
            if name not in types:
                return found.group(0)
            used[name] = types[name]
            return f"v.{name}{collated or ''}"

        rewritten = _PARAMETER.sub(moved, text)
        self._names = tuple(used)
        arrays = ", ".join(f"%({name})b::{kind}[]" for name, kind in used.items())
        rows = f"unnest({arrays}) AS v ({', '.join(used)})"
        head, where, tail = rewritten.partition(" WHERE ")
        if text.startswith("INSERT"):
            self.text = re.sub(
                r"VALUES \((.*?)\)(?= ON CONFLICT| RETURNING|$)",
                lambda values: f"SELECT {values.group(1)} FROM {rows}",
                rewritten,
                count=1,
            )
            conflict = _CONFLICT.search(text)
            self._key = () if conflict is None else tuple(conflict.group(1).replace('"', "").split(", "))
        else:
            joint = "USING" if text.startswith("DELETE") else "FROM"
            self.text = f"{head} {joint} {rows}{where}{tail}"
            self._key = tuple(name for name in used if f"v.{name}" in tail)

    def takes(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether these rows may go together: no two of them would change the same row."""
        key = self._key
        return not key or len({tuple(row[name] for name in key) for row in rows}) == len(rows)

    def values(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Give the parameters: each column of all rows."""
        return {name: [row[name] for row in rows] for name in self._names}
