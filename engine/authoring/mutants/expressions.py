"""An expression changed in one word: a threshold moved, a comparison's strictness turned."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from engine.authoring.mutants.thresholds import moved_day, moved_length, moved_number
from engine.errors import ExpressionError
from engine.expressions.tokens import Token, scan

TURNED = {"GE": ">", "GT": ">=", "LE": "<", "LT": "<=", "EQ": "!=", "NE": "=="}
"""What a comparison becomes, by the name of its token."""

_LENGTH = re.compile(r"\d+[mhdw]")
_DAY = re.compile(r"d(?P<quote>['\"])(?P<day>\d{4}-\d\d-\d\d)(?P=quote)")


class Turn(msgspec.Struct, frozen=True):
    """One change of an expression: at which character, the whole text after it, and a test's hint."""

    offset: int
    text: str
    hint: str


def turns(text: str) -> Iterator[Turn]:
    """Give every change of an expression; what stands in texts between quotes is left alone."""
    try:
        tokens = scan(text)
    except ExpressionError:
        return
    for token in tokens:
        written, near = _near(token, text)
        for other in near:
            after = text[: token.lexpos] + other + text[token.lexpos + len(written) :]
            yield Turn(token.lexpos, after, _hint(token, text, written, other))


def _near(token: Token, text: str) -> tuple[str, list[str]]:
    """Give how a word is written, and what may stand in its place."""
    if token.type in TURNED:
        return token.value, [TURNED[token.type]]
    if token.type == "FLOAT":
        return token.value, moved_number(token.value)
    if token.type == "TIMEDELTA" and (length := _LENGTH.match(text, token.lexpos)):
        return length[0], moved_length(length[0])
    if token.type == "DATETIME" and (day := _DAY.match(text, token.lexpos)):
        return day[0], [f'd"{one}"' for one in moved_day(day["day"])]
    return "", []


def _hint(token: Token, text: str, written: str, other: str) -> str:
    line = " ".join(text.split())
    if token.type not in TURNED:
        return f"a test that comes out otherwise with {other} in the place of {written} in `{line}`"
    if token.type in ("EQ", "NE"):
        return f"a test in which `{line}` alone decides, and one for its opposite"
    return f"a test in which both sides of `{written}` in `{line}` are exactly equal"
