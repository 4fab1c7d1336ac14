"""The SQL of proposed maps: one SELECT for each kind of event that a row stands for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.authoring.importing.columns import Column
from engine.authoring.importing.events import ROW
from engine.authoring.importing.query import quoted_name
from engine.authoring.importing.roles import is_day_number, is_identifier

WIDE = 100
"""Characters of a line of SQL."""

_CASTS = {"whole": "bigint", "number": "double", "truth": "boolean"}
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M%p")


class Select(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of event: SQL for who, what, when and which, and the properties as (expression, name)."""

    customer: str
    event: str
    at: str
    id: str | None = None
    properties: Sequence[tuple[str, str]] = ()
    relation: str = "source"
    where: str = ""
    grouped: bool = False
    numbered: bool = True

    def sql(self) -> str:
        """Give the SELECT, in lines of a sane length."""
        parts = [f"{self.customer} as customer", f"{self.event} as event", f"{self.at} as at"]
        if self.id is not None:
            parts.append(f"{self.id} as id")
        parts += [
            expression if expression == quoted_name(name) else f"{expression} as {quoted_name(name)}"
            for expression, name in self.properties
        ]
        if self.numbered:
            parts.append(f"min({ROW}) as {ROW}" if self.grouped else ROW)
        lines, line = [], "select"
        for place, part in enumerate(parts):
            piece = part + ("," if place < len(parts) - 1 else "")
            if len(line) + len(piece) > WIDE:
                lines.append(line)
                line = "      "
            line += f" {piece}"
        lines += [line, f"from {self.relation}" + (f" where {self.where}" if self.where else "")]
        return "\n".join([*lines, "group by all"] if self.grouped else lines)


def value_of(column: Column, *, texts: bool) -> str:
    """Give the expression of a property: a number as one, where cells are texts; an id stays a text."""
    cast = None if is_identifier(column) else _CASTS.get(column.kind)
    name = quoted_name(column.name)
    return f"try_cast({name} as {cast})" if texts and cast else name


def time_of(column: Column, *, texts: bool) -> str:
    """Give the expression of a time; what is none stays as it is, to be refused with its text."""
    name = quoted_name(column.name)
    if is_day_number(column):
        text = name if texts else f"{name}::varchar"
        return f"coalesce(strftime(try_strptime({text}, '%Y%m%d'), '%Y-%m-%d'), {text})"
    if column.kind == "whole":
        return f"try_cast({name} as bigint)"
    if texts and (separator := _separator(column)):
        first, second = ("%d", "%m") if column.day_first else ("%m", "%d")
        day = separator.join((first, second, "%Y"))
        forms = ", ".join(f"'{one}'" for one in (day, *(f"{day} {clock}" for clock in _CLOCKS)))
        return f"coalesce(strftime(try_strptime({name}, [{forms}]), '%Y-%m-%dT%H:%M:%S'), {name})"
    return name


def _separator(column: Column) -> str:
    """Give what stands between day and month, nothing where a time is written as ISO 8601 has it."""
    day = column.examples[0].split(" ")[0] if column.examples else ""
    return next((mark for mark in "/." if mark in day), "")
