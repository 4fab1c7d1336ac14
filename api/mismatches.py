"""What does not fit in a body or a query: where it stands, and what to send instead.

msgspec tells it in its own terms (`Expected int, got str - at $.points`); people are told in theirs.
"""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from engine.authoring.wording import either, known_or

_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "date": "a day, as 2026-03-01",
    "datetime": "a time, as 2026-03-01T09:00:00Z",
    "decimal": "a number",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "a text",
}
_FORMS = {
    "datetime": "no time is written so; send it as 2026-03-01T09:00:00Z",
    "date": "no day is written so; send it as 2026-03-01",
    "decimal": "no number is written so; send it as 12.50",
}
_PATTERNS = {
    r"^[^\x00]*$": "a text cannot hold a NUL character; take it out",
    r"^[^\x00]*\S[^\x00]*$": "send a text with more than spaces in it, and no NUL character",
    r"^[a-z][a-z0-9_]{0,63}$": "send small letters, digits and _, at most 64, a letter first",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_PART = re.compile(r"\.(?P<name>\w+)|\[(?:\d+|\.\.\.)\]")


def told(error: msgspec.ValidationError, kind: Any, whole: str) -> tuple[str, str, str]:
    """Give the JSON pointer of what does not fit `kind`, its place in words, and what to send instead.

    `whole` is what the place is called where it is no single field.
    """
    said, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`")
    pointer = path.replace("[...]", "/*").replace("[", "/").replace("]", "").replace(".", "/")
    return pointer, path.removeprefix(".").replace("[...]", ".*") or whole, _sentence(said, kind, path)


def _sentence(said: str, kind: Any, path: str) -> str:
    if match := re.fullmatch(r"Expected `(.+)`, got `(.+)`", said):
        wanted, sent = (either(_WORDS.get(one, one) for one in each.split(" | ")) for each in match.groups())
        return f"send {wanted}, not {sent.partition(',')[0]}"
    if match := re.fullmatch(r"Object missing required field `(.+)`", said):
        return f"the field `{match[1]}` is missing; send it"
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", said):
        hint = known_or(match[1], _fields(kind, path))
        return f"unknown field `{match[1]}`{',' if hint.endswith('?') else ';'} {hint}"
    if match := re.fullmatch(r"Invalid enum value (.+)", said):
        choices = either(str(choice) for choice in _choices(kind, path))
        return f"{match[1]} is not known here; send {choices}" if choices else f"{match[1]} is not known here"
    if match := re.fullmatch(r"Expected `(.+)` of length ([<>]=?) (\d+)", said):
        counted = "characters" if match[1] == "str" else "entries"
        return f"send {_WORDS.get(match[1], match[1])} of {_BOUNDS[match[2]]} {match[3]} {counted}"
    if match := re.fullmatch(r"Expected `(?:.+)` ([<>]=?) (.+)", said):
        return f"send a number of {_BOUNDS[match[1]]} {match[2]}"
    if match := re.fullmatch(r"Expected `str` matching regex '(.*)'", said):
        pattern = match[1].replace("\\\\", "\\")
        return _PATTERNS.get(pattern, f"send a text of the form {pattern}")
    if match := re.fullmatch(r"Invalid (?:RFC3339 encoded )?(\w+)(?: string)?", said):
        return _FORMS.get(match[1], f"no {match[1]} is written so; see /openapi.json for its form")
    return f"{said[:1].lower()}{said[1:]}; see /openapi.json for what is taken here"


def _fields(kind: Any, path: str) -> list[str]:
    return [
        field.encode_name
        for one in _at(kind, path)
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
        for field in msgspec.structs.fields(one)
    ]


def _choices(kind: Any, path: str) -> Iterator[Any]:
    for one in _at(kind, path):
        if get_origin(one) is Literal:
            yield from get_args(one)
        elif isinstance(one, type) and issubclass(one, enum.Enum):
            yield from (choice.value for choice in one)


def _at(kind: Any, path: str) -> list[Any]:
    """Give the types that may stand under a path such as `.steps[0].name`."""
    found = _members(kind)
    for part in _PART.finditer(path):
        found = [member for one in found for below in _below(one, part["name"]) for member in _members(below)]
    return found


def _below(kind: Any, name: str | None) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [field.type for field in msgspec.structs.fields(kind) if field.encode_name == name]
    return [one for one in get_args(kind)[-1:] if one is not Ellipsis] or list(get_args(kind)[:1])


def _members(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [member for one in get_args(kind) for member in _members(one)]
    return [kind]
