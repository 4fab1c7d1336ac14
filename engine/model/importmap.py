"""An import map: how the files of somewhere else become events."""

from __future__ import annotations

import msgspec


class ImportMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`query` is DuckDB's SQL over the files, as `source`; without it the files' columns are taken as
    they are. `zone` is where times without an offset are from. `import` names the source of the events.
    """

    id: str = msgspec.field(name="import")
    query: str | None = None
    zone: str = "UTC"
    owner: str | None = None
    description: str | None = None
