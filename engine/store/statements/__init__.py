"""Every SQL statement of the store, each a named function; what only one dialect has is passed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Executable, Table


class Upsert(Protocol):
    """An INSERT that says what becomes of a row that is there already."""

    @property
    def excluded(self) -> Any:
        """The columns of the row that was to be inserted."""
        ...

    def on_conflict_do_update(self, *, index_elements: Any, set_: Any, where: Any = None) -> Executable:
        """Change the row that is there."""
        ...

    def on_conflict_do_nothing(self, *, index_elements: Any = None) -> Executable:
        """Leave the row that is there."""
        ...


Insert: TypeAlias = Callable[[Table], Upsert]
"""The dialect's own INSERT: `sqlalchemy.dialects.*.insert`."""
