"""An import map: how the files of somewhere else become events."""

from __future__ import annotations

from typing import Literal

import msgspec


class ImportMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`query` is DuckDB's SQL over the files, as `source`; without it the files' columns are taken as
    they are. `zone` is where times without an offset are from. `import` names the source of the events.

    With `cells: text` every cell of a file is text, `source` has a column `source_row` with the number
    of each row, and rows that cannot be taken apart are refused by themselves; else the kinds of
    columns are guessed. A file must have the columns in `needs`; those in `may_have` are empty where
    it has them not.
    """

    id: str = msgspec.field(name="import")
    query: str | None = None
    zone: str = "UTC"
    cells: Literal["text", "guessed"] = "guessed"
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()
    owner: str | None = None
    description: str | None = None
