"""The reference of every key: whether it holds an expression or a literal, and what to write.

`python -m engine.authoring.keys > docs/reference/keys.md` writes it anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from engine.authoring.binding import fields
from engine.authoring.definitions import KINDS, SECTIONS
from engine.authoring.meanings import meaning
from engine.authoring.wording import called, example
from engine.model.conditions import AnyOf
from engine.model.facts import EventType, Fact, NamedExpression
from engine.model.message import Message
from engine.model.testcase import HistoryEntry, TimelineEntry
from engine.model.values import Formula, Value, Written
from engine.model.workspace import Settings

_INTRODUCTION = """\
# Every key

Made from the models by `engine/authoring/keys.py`; a test fails when it is out of date.

*expression* keys always hold one, without `=`. Under *literal or =* a value is literal, unless it begins
with `=`. All others hold a literal of the form shown. Keys in **bold** must be written.
"""

_NOT_LISTED = (NamedExpression,)


def table() -> str:
    """Give the reference as Markdown: a table for each Struct, in the order in which they are reached."""
    parts = [_INTRODUCTION]
    seen: set[Any] = set()
    todo: list[tuple[str, type[msgspec.Struct]]] = [
        *((f"{name}:", kind) for name, kind in KINDS.items() if name not in SECTIONS),
        ("holdfast.yaml", Settings),
        ("A message's header", Message),
    ]
    while todo:
        title, kind = todo.pop(0)
        if kind in seen or kind in _NOT_LISTED:
            continue
        seen.add(kind)
        parts.append(_section(title, kind))
        inner = [(_title(part), part) for field in fields(kind).values() for part in structs(field.type)]
        todo[:0] = [(name, part) for name, part in inner if part not in seen]
    return "\n".join(parts)


def _title(kind: type[msgspec.Struct]) -> str:
    marks = [mark[0] for mark in getattr(kind, "MARKS", ())]
    shown = ", ".join(f"`{mark}`" for mark in marks[:1]) if len(marks) == 1 else ""
    return f"{kind.__name__} ({shown})" if shown else kind.__name__


def _section(title: str, kind: type[msgspec.Struct]) -> str:
    lines = [
        f"## {title}",
        "",
        inspect.cleandoc(kind.__doc__ or ""),
        "",
        "| key | holds | write | says |",
        "|---|---|---|---|",
    ]
    for key, field in fields(kind).items():
        if key in ("id", "body") and kind is Message:
            continue
        if key == "properties" and kind in (HistoryEntry, TimelineEntry, EventType):
            lines.append("| any other | literal or = | a property | |")
            continue
        shown = f"**`{key}`**" if field.required else f"`{key}`"
        says = (meaning(kind.__name__, key) or "").replace("|", "\\|")
        lines.append(f"| {shown} | {_holds(field.type)} | {_write(field.type)} | {says} |")
    return "\n".join([*lines, ""])


def _holds(kind: Any) -> str:
    parts = set(_parts(kind))
    if Formula in parts or AnyOf in parts:
        return "expression"
    return "literal or =" if any(part == Value for part in parts) else "literal"


def _write(kind: Any) -> str:
    if kind == Value:
        return "a value"
    names = [example(part) or called(part) for part in _leaves(kind)]
    return " · ".join(dict.fromkeys(names or ["values"])).replace("|", "\\|")


def _leaves(kind: Any) -> Iterator[Any]:
    for part in _parts(kind):
        if isinstance(part, type) and issubclass(part, msgspec.Struct) and not issubclass(part, Written):
            yield msgspec.Struct
        elif part != Value:
            yield part


def _parts(kind: Any) -> Iterator[Any]:
    """Give what a type is made of: the members of unions, the items of lists, the values of maps."""
    inner = [part for part in get_args(kind) if part not in (type(None), Ellipsis)]
    if kind == Value or not inner or all(isinstance(part, (str, bool)) for part in inner):
        yield kind
        return
    for part in inner[1:] if getattr(kind, "__origin__", None) is dict else inner:
        yield from _parts(part)


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Give the Structs that a key's type is made of."""
    for part in get_args(Fact) if kind == Fact else _parts(kind):
        if isinstance(part, type) and issubclass(part, msgspec.Struct) and not issubclass(part, Written):
            yield part


if __name__ == "__main__":
    sys.stdout.write(table())
