"""How a value of the core becomes a row: columns for what is queried, and a document for the rest.

A document is MessagePack in which every value comes back with the very type it had: a Decimal is not
the text of it. Fields that hold their default are left out, and the others go by their place in the
Struct instead of their name: a new field of a stored Struct is added behind the others. Names are read too,
as older databases hold them.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache, partial
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.msgpack import Ext

T = TypeVar("T", bound=msgspec.Struct)


class Row(Protocol):
    """A row, by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """Give a column."""
        ...


_NATIVE: frozenset[type] = frozenset((str, bool, type(None), float, bytes))
_COLUMN = _NATIVE | {int}
_WRITTEN: dict[type, tuple[int, Callable[[Any], str]]] = {
    Decimal: (1, str),
    int: (2, str),
    dt.datetime: (3, dt.datetime.isoformat),
    dt.date: (4, dt.date.isoformat),
    dt.timedelta: (5, lambda span: f"{span.days},{span.seconds},{span.microseconds}"),
}
"""Types that MessagePack does not have (or not at every size): extension number, and the text."""


def _span(text: str) -> dt.timedelta:
    return dt.timedelta(*map(int, text.split(",")))


_INSTANT = 6
"""A time in UTC, which most are: microseconds since 1970, in eight bytes."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

_READ: dict[int, Callable[[str], Any]] = {
    1: Decimal,
    2: int,
    3: dt.datetime.fromisoformat,
    4: dt.date.fromisoformat,
    5: _span,
}


def _extension(code: int, data: memoryview) -> Any:
    if code == _INSTANT:
        return _EPOCH + dt.timedelta(microseconds=int.from_bytes(data, "big", signed=True))
    return _READ[code](str(data, "ascii"))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ext_hook=_extension)


def _tagged(value: Any) -> Any:
    kind = type(value)
    tag = _TAGS.get(kind)
    if tag is None:
        tag = _TAGS[kind] = _tag_of(kind)
    return tag(value)


def _same(value: Any) -> Any:
    return value


def _number(value: int) -> Any:
    return value if -(2**63) <= value < 2**63 else _extended(int, value)


def _mapping(value: dict[Any, Any]) -> Any:
    return {key: each if type(each) in _NATIVE else _tagged(each) for key, each in value.items()}


def _sequence(value: list[Any] | tuple[Any, ...]) -> Any:
    return [each if type(each) in _NATIVE else _tagged(each) for each in value]


def _set(value: set[Any] | frozenset[Any]) -> Any:
    return [_tagged(each) for each in sorted(value)]


def _moment(value: dt.datetime) -> Any:
    if value.tzinfo is dt.UTC:
        return Ext(_INSTANT, ((value - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True))
    return _extended(dt.datetime, value)


def _extended(kind: type, value: Any) -> Ext:
    code, text = _WRITTEN[kind]
    return Ext(code, text(value).encode())


def _struct(value: msgspec.Struct) -> Any:
    if value.__struct_config__.array_like:
        return _sequence(msgspec.structs.astuple(value))
    return {
        name: held if type(held) in _NATIVE else _tagged(held)
        for name, default in _fields(type(value))
        if (held := getattr(value, name)) is not default and (held or default is not _EMPTY)
    }


_TAGS: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys(_NATIVE, _same),
    int: _number,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
    set: _set,
    frozenset: _set,
    dt.datetime: _moment,
    **{kind: partial(_extended, kind) for kind in (Decimal, dt.date, dt.timedelta)},
}
"""How values of a type are written; of enums and Structs it is found when the first of each comes."""


def _tag_of(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, enum.Enum):
        # A member's `value` is looked up by a descriptor in Python; this is where that finds it.
        return attrgetter("_value_")
    if issubclass(kind, msgspec.Struct):
        return _struct
    return _set if issubclass(kind, (set, frozenset)) else _same


_EMPTY = object()
"""Stands for a default that is an empty list, dict or set."""


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Give each field's name and default, `msgspec.NODEFAULT` where it has none."""
    return tuple(
        (field.name, _EMPTY if field.default_factory in (list, dict, set) else field.default)
        for field in msgspec.structs.fields(kind)
    )


def pack(value: Any) -> bytes:
    """Give the bytes of a value of the core: JSON's types, Decimals, times, enums and Structs."""
    return _encoder.encode(_tagged(value))


def unpack(data: bytes) -> Any:
    """Read what `pack` wrote; Structs come back as dicts, tuples and sets as lists."""
    return _decoder.decode(data)


class Shape(Generic[T]):
    """How Structs of one type are split into columns and a document.

    `hashes` are fields that hold hexadecimal digits as a rule; those take half the room.
    """

    def __init__(self, kind: type[T], *columns: str, hashes: Sequence[str] = ()) -> None:
        self.kind = kind
        self.columns = columns
        places = {name: place for place, name in enumerate(kind.__struct_fields__)}
        self._names = {place: name for name, place in places.items()}
        rest = [(name, default) for name, default in _fields(kind) if name not in columns]
        self._rest = tuple((places[name], default, name in hashes) for name, default in rest)
        self._held = attrgetter(*columns, *(name for name, _ in rest))
        self._hashes = tuple(name for name in hashes if name not in columns)

    def row(self, value: T) -> dict[str, Any]:
        """Give the row of a value, as its table's columns name it."""
        held = iter(self._held(value))
        row: dict[str, Any] = {
            name: each if type(each) in _COLUMN else _tagged(each)
            for name, each in zip(self.columns, held, strict=False)
        }
        document: dict[int, Any] = {}
        for (place, default, hashed), each in zip(self._rest, held, strict=True):
            if each is default or (default is _EMPTY and not each):
                continue
            if type(each) in _NATIVE:
                document[place] = digits(each) if hashed and type(each) is str else each
            else:
                document[place] = _tagged(each)
        row["document"] = _encoder.encode(document)
        return row

    def value(self, row: Row) -> T:
        """Read a value back from its row."""
        fields = self.fields(row["document"])
        for name in self.columns:
            fields[name] = row[name]
        return msgspec.convert(fields, self.kind)

    def fields(self, document: bytes) -> dict[str, Any]:
        """Read what a document holds, by the names of its fields."""
        names = self._names
        fields: dict[str, Any] = {
            names.get(place) or place: held for place, held in _decoder.decode(document).items()
        }
        for name in self._hashes:
            if type(held := fields.get(name)) is bytes:
                fields[name] = held.hex()
        return fields


def digits(text: str) -> str | bytes:
    """Give the bytes that hexadecimal digits stand for, or a text that is none as it is."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return text
    # Capital letters and spaces would not come back.
    return found if found.hex() == text else text
