"""What an expression may name, and of which kind each name is."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec
from rule_engine import DataType


class Kind(enum.Enum):
    """The kinds of a value, in the words of YAML.

    A `date` is a local midnight and a `time` an instant; both are aware datetimes. `ANY` is a value that
    is known only when it comes, such as an event's undeclared property.
    """

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    LIST = "list"
    ANY = "any"


Names = Mapping[str, Kind]


class Scope(msgspec.Struct, frozen=True):
    """The names that an expression may use in one place.

    customer, event, input: declared names and kinds; None refuses the root itself.
    event_open: an undeclared property is an attribute of kind ANY (True) or an error (False).
    run: step name to its answers; None instead of the answers allows any.
    zone: the IANA zone in which d"2026-03-01" is a midnight.
    refusals: the sentence to show when a refused root is used.
    """

    customer: Names | None
    event: Names | None
    event_open: bool = True
    input: Names | None = None
    run: Mapping[str, Names | None] | None = None
    zone: str = "UTC"
    refusals: Mapping[str, str] = {}


_TYPES: dict[Kind, Any] = {
    Kind.TEXT: DataType.STRING,
    Kind.NUMBER: DataType.FLOAT,
    Kind.BOOLEAN: DataType.BOOLEAN,
    Kind.DATE: DataType.DATETIME,
    Kind.TIME: DataType.DATETIME,
    Kind.DURATION: DataType.TIMEDELTA,
    Kind.LIST: DataType.ARRAY,
    Kind.ANY: DataType.UNDEFINED,
}


def type_of(kind: Kind) -> Any:
    """Give rule-engine's type of a kind."""
    return _TYPES[kind]


def kind_of(data_type: Any) -> Kind:
    """Give the kind of a result of rule-engine's type; a datetime counts as a time."""
    for kind in (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.TIME, Kind.DURATION):
        if data_type == _TYPES[kind]:
            return kind
    return Kind.LIST if DataType.is_type(data_type, DataType.ARRAY) else Kind.ANY


class ScopeKey:
    """A scope that can be the key of a cache: two scopes that allow the same are one key."""

    __slots__ = ("_fingerprint", "_hash", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._fingerprint = (
            _frozen(scope.customer),
            _frozen(scope.event),
            scope.event_open,
            _frozen(scope.input),
            None
            if scope.run is None
            else frozenset((step, _frozen(answers)) for step, answers in scope.run.items()),
            scope.zone,
            frozenset(scope.refusals.items()),
        )
        self._hash = hash(self._fingerprint)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScopeKey) and self._fingerprint == other._fingerprint


def _frozen(names: Names | None) -> frozenset[tuple[str, Kind]] | None:
    return None if names is None else frozenset(names.items())
