"""How values are written in requests: what the API's description promises to understand.

The patterns only describe. What is read besides, such as 29 February or a week date, is up to who reads it.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

_YEAR = "(?:197[1-9]|19[89][0-9]|20[0-9][0-9]|21[0-8][0-9]|219[0-8])"
_LEAP = "(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26])|21(?:0[48]|[2468][048]|[1357][26]|9[26]))"
_DAY = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_TIME = (
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


def written(pattern: str, *examples: str) -> dict[str, Any]:
    """Give what a schema says of a text: that it is understood where it has this pattern."""
    return {"pattern": f"^(?:{pattern})$", "examples": list(examples)}


Instant: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="An instant in ISO 8601, with an offset; without one it is UTC.",
        extra_json_schema=written(f"{_DAY}(?:{_TIME})?|[0-9]{{10}}|[0-6][0-9]{{12}}", "2026-01-05T10:00:00Z"),
    ),
]

Moment: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="A day, meaning its midnight in the workspace's zone, or an instant in ISO 8601;"
        " without an offset it is in that zone.",
        extra_json_schema=written(f"{_DAY}(?:{_TIME})?", "2026-01-05", "2026-01-05T10:00:00Z"),
    ),
]

LocalMoment: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="An instant in ISO 8601, or a day, whose midnight in the workspace's zone ends it.",
        extra_json_schema=written(f"{_DAY}(?:{_TIME})?", "2026-01-05"),
    ),
]

Length: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="A length of time, such as 90d or 12w.",
        extra_json_schema=written("[1-9][0-9]{0,2}[hd]|[1-9][0-9]?w", "90d", "12w"),
    ),
]

ShortLength: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="A length of time of at most 30d: 15m, 2h.",
        extra_json_schema=written("[1-9][0-9]{0,2}[mh]|[12]?[1-9]d|[123]0d", "15m", "2h"),
    ),
]

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = (
    f"{_BYTE}(?:[.]{_BYTE}){{3}}|{_BYTE}[.]0[.]0[.]0/8|{_BYTE}[.]{_BYTE}[.]0[.]0/16|(?:{_BYTE}[.]){{3}}0/24"
)
_IPV6 = "[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|[0-9a-f]{1,4}:[0-9a-f]{1,4}::/32"

Network: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        description="A range of addresses, IPv4 or IPv6, or one address.",
        extra_json_schema=written(f"{_IPV4}|{_IPV6}", "10.0.0.0/8", "2001:db8::/32"),
    ),
]

_NO_NUL = r"^[^\x00]*$"
_NAMED = {
    "propertyNames": {"pattern": _NO_NUL},
    "additionalProperties": {"$ref": "#/components/schemas/Value"},
}

TraitValues: TypeAlias = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema=_NAMED)]
VALUE: dict[str, Any] = {
    "description": "What a trait may hold; numbers lie within 2^63.",
    "anyOf": [
        {"type": ["null", "boolean"]},
        {"type": "string", "pattern": _NO_NUL},
        {"type": "number", "minimum": -(2**63), "maximum": 2**63 - 1},
        {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
        {"type": "object", **_NAMED},
    ],
}
"""The schema named `Value`."""


def one_of(*names: str) -> msgspec.Meta:
    """Say that exactly one of some fields is there and is not null."""
    there = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]
    return msgspec.Meta(extra_json_schema={"oneOf": there})
