"""JSON Schemas (2020-12) of everything that is authored, made from the Structs, for editors.

They say what stands where; what needs the whole workspace (names, sums, expressions) only
`holdfast check` knows.
"""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import re
import types
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from engine.authoring.binding import fields
from engine.authoring.definitions import KINDS, SECTIONS
from engine.authoring.meanings import meaning
from engine.errors import ValueSyntaxError
from engine.model.facts import Computed, EventType, Fact, FactsFile, FactType, PropertyType, Trait
from engine.model.importmap import ImportMap
from engine.model.message import Message
from engine.model.schedule import FORMS, Schedule
from engine.model.testcase import HistoryEntry, TimelineEntry
from engine.model.values import Formula, TimeOfDay, Written
from engine.model.workflow import Until
from engine.model.workspace import Secret, Settings

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Mapping[Any, Schema] = {
    bool: {"enum": [True, False, "yes", "no"]},
    int: {"type": "integer"},
    Decimal: {"type": "number"},
    str: {"type": ["string", "number", "boolean"]},
    dt.date: {"type": "string", "format": "date"},
}
_EXPRESSION: Schema = {
    "type": ["string", "number", "boolean"],
    "description": "An expression.",
    "examples": [Formula.EXAMPLE],
}


def schemas() -> dict[str, Schema]:
    """Give the schema of each kind of file by its name; `settings` is that of holdfast.yaml."""
    found = {name: _document(name, kind) for name, kind in KINDS.items() if name not in SECTIONS}
    found["settings"] = _document("settings", Settings)
    found["message"] = _document("message", Message, ("id", "body"))
    found["import"] = _document("import", ImportMap)
    return found


def _document(name: str, kind: type[msgspec.Struct], left_out: Iterable[str] = ()) -> Schema:
    writer = _Writer()
    body = writer.body(kind, left_out)
    return {
        "$schema": DIALECT,
        "title": f"Holdfast {name}",
        **body,
        "$defs": dict(sorted(writer.named.items())),
    }


class _Writer:
    """Collects the named parts of one document."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Give the schema of a type, Structs by reference."""
        special = self._special(kind)
        if special is not None:
            return special
        origin = get_origin(kind)
        if kind is Any or origin is Annotated:
            return {"description": "A literal, or an expression after `=`."}
        if origin in (Union, types.UnionType):
            return self._union([part for part in get_args(kind) if part is not types.NoneType])
        if origin is Literal:
            return {"enum": [True, "yes"] if get_args(kind) == (True,) else list(get_args(kind))}
        if origin is tuple:
            return self._tuple(get_args(kind))
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(get_args(kind)[1])}
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if issubclass(kind, Written):
            return _written(kind)
        if issubclass(kind, enum.Enum):
            return {"enum": [choice.value for choice in kind]}
        return self._reference(kind)

    def _reference(self, kind: type[msgspec.Struct]) -> Schema:
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}
            self.named[name] = self.body(kind)
        return {"$ref": f"#/$defs/{name}"}

    def body(self, kind: type[msgspec.Struct], left_out: Iterable[str] = ()) -> Schema:
        """Give the schema of a Struct itself."""
        own = {key: field for key, field in fields(kind).items() if key not in set(left_out)}
        schema: Schema = {
            "type": "object",
            "description": inspect.cleandoc(kind.__doc__ or ""),
            "properties": {key: self._key(kind.__name__, key, field.type) for key, field in own.items()},
            "additionalProperties": False,
        }
        required = [key for key, field in own.items() if field.required]
        if required:
            schema["required"] = required
        if kind in (Computed, Secret):
            schema["oneOf"] = [{"required": list(mark)} for mark in kind.MARKS]
        if kind is FactsFile:
            schema["anyOf"] = [{"required": list(mark)} for mark in FactsFile.MARKS]
        if kind in (HistoryEntry, TimelineEntry):
            # What is no key of its own is a property of its event.
            del schema["properties"]["properties"]
            schema["additionalProperties"] = True
        return schema

    def _key(self, name: str, key: str, kind: Any) -> Schema:
        """Give the schema of a key: that of what it holds, described as the key is."""
        return {**self.of(kind), "description": meaning(name, key)}

    def _special(self, kind: Any) -> Schema | None:
        """Give the schema of a type that is not written as its Struct reads."""
        if kind == Fact:
            return {"anyOf": [dict(_EXPRESSION), self._reference(Trait), self._reference(Computed)]}
        if kind is Formula:
            return dict(_EXPRESSION)
        if kind is EventType:
            properties = {"anyOf": [self.of(FactType), self._reference(PropertyType)]}
            return {
                "type": "object",
                "properties": {"revises": self._key("EventType", "revises", str)},
                "additionalProperties": properties,
            }
        if kind is Until:
            moments = [_written(TimeOfDay), {"type": "string", "pattern": "^(day [0-9]{1,4}|=.+)$"}]
            return {
                "type": "object",
                "properties": {"until": {"anyOf": moments, "description": meaning("Until", "until")}},
                "required": ["until"],
                "additionalProperties": False,
            }
        return None

    def _union(self, parts: list[Any]) -> Schema:
        if len(parts) == 1:
            return self.of(parts[0])
        marked = all(getattr(part, "MARKS", ()) for part in parts)
        return {"oneOf" if marked else "anyOf": [self.of(part) for part in parts]}

    def _tuple(self, parts: tuple[Any, ...]) -> Schema:
        if parts[-1] is Ellipsis:
            return {"type": "array", "items": self.of(parts[0])}
        return {
            "type": "array",
            "prefixItems": [self.of(part) for part in parts],
            "minItems": len(parts),
            "items": False,
        }


def _written(kind: type[Written]) -> Schema:
    """Give the schema of a value written as a text: its pattern, and examples that it reads."""
    schema: Schema = {"type": "string", "description": f"{kind.NAME.capitalize()}."}
    pattern = "|".join(FORMS) if kind is Schedule else kind.PATTERN
    tail = "( in customer time)?" if kind is Schedule else ""
    schema["pattern"] = f"^({_portable(pattern)}){tail}$"
    schema["examples"] = examples(kind)
    return schema


def examples(kind: type[Written]) -> list[str]:
    """Give the values that the example of a type's error names."""
    parts = re.split(r", (?:or )?| or ", kind.EXAMPLE) + re.findall(r'"([^"]+)"', kind.EXAMPLE)
    return [part for part in parts if _reads(kind, part)]


def _reads(kind: type[Written], text: str) -> bool:
    try:
        kind.parse(text)
    except ValueSyntaxError:
        return False
    return True


def _portable(pattern: str) -> str:
    """Write a pattern as ECMA 262 knows it."""
    return re.sub(r"\(\?P<\w+>", "(", pattern).replace("(?s)", "")
