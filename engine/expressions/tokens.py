"""The words of an expression, by rule-engine's own lexer, each with its place in the author's text."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from rule_engine import Rule
from rule_engine.errors import EngineError

from engine.errors import ExpressionError
from engine.expressions.slips import slip_at

_LEXER = Rule.parser._lexer
_RESERVED = re.compile(r"elif|else|while")
_UNITS = {"m": "PT{}M", "h": "PT{}H", "d": "P{}D", "w": "P{}W"}
_SPELT_UNITS = re.compile(
    r"(?P<m>mins?|minutes?)|(?P<h>hrs?|hours?)|(?P<d>days?)|(?P<w>wks?|weeks?)"
    r"|(?P<longer>mo|mths?|months?|y|yrs?|years?|quarters?)|(?P<shorter>s|secs?|seconds?|ms)"
)


class Token(msgspec.Struct):
    """One word: rule-engine's type of it, its value, and where it begins in the author's text."""

    type: str
    value: str
    lexpos: int
    lineno: int = 1
    lexer: Any = None


class Replay:
    """Tokens once more, for rule-engine's parser: what was checked is what is parsed."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = iter(tokens)

    def input(self, text: str) -> None:
        """Take the text that the parser hands to its lexer; the tokens are there already."""

    def token(self) -> Token | None:
        """Give the next token, None at the end."""
        return next(self._tokens, None)


def scan(text: str) -> list[Token]:
    """Split a text into tokens; a length of time such as `45d` is one, as t"P45D" is.

    Raises ExpressionError where something is no token of the language.
    """
    lexer = _LEXER.clone()
    lexer.input(text)
    tokens: list[Token] = []
    try:
        while (found := lexer.token()) is not None:
            tokens.append(Token(found.type, found.value, found.lexpos))
    except EngineError as error:
        token = getattr(error, "token", None)
        # A reserved word is refused after it was read, with no token told.
        place = lexer.lexmatch.start() if token is None else token.lexpos
        raise _illegal(text, place) from None
    return _with_durations(tokens)


def _illegal(text: str, offset: int) -> ExpressionError:
    slip = slip_at(text, offset)
    if slip is not None:
        return slip
    if text[offset] in "'\"":
        return ExpressionError(
            "syntax", f"the text that begins here is never closed; close it with {text[offset]}", offset
        )
    word = _RESERVED.match(text, offset)
    if word is not None:
        return ExpressionError(
            "syntax", f"`{word[0]}` is not used here; write condition ? one : other", offset
        )
    return ExpressionError(
        "syntax", f"{text[offset]!r} has no meaning here; take it out, or put the text in quotes", offset
    )


def _with_durations(tokens: list[Token]) -> list[Token]:
    result: list[Token] = []
    waiting = iter(range(len(tokens)))
    for index in waiting:
        token = tokens[index]
        follower = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.type != "FLOAT" or follower is None or not _adjacent(token, follower):
            result.append(token)
            continue
        result.append(Token("TIMEDELTA", _duration(token, follower), token.lexpos))
        next(waiting)
    return result


def _adjacent(token: Token, follower: Token) -> bool:
    return follower.type == "SYMBOL" and follower.lexpos == token.lexpos + len(token.value)


def _duration(number: Token, unit: Token) -> str:
    written = number.value + unit.value
    shape = _UNITS.get(unit.value)
    if shape is None:
        spelt = _SPELT_UNITS.fullmatch(unit.value.lower())
        kind = spelt.lastgroup if spelt is not None else None
        if kind in _UNITS:
            better = number.value + str(kind)
            raise _not_a_duration(number, f"`{written}` is written {better}", better)
        hint = (
            "write months and years in days, such as 30d or 365d"
            if kind == "longer"
            else "write 30m, 12h, 3d or 2w"
        )
        raise _not_a_duration(number, f"`{written}` is no length of time; {hint}")
    if not number.value.isdecimal():
        raise _not_a_duration(number, f"`{written}` needs a whole number; write 36h instead of 1.5d")
    if len(number.value) > 6:
        raise _not_a_duration(
            number, f"`{written}` is longer than any history; write at most 999999{unit.value}"
        )
    return shape.format(int(number.value))


def _not_a_duration(number: Token, message: str, suggestion: str | None = None) -> ExpressionError:
    return ExpressionError("duration", message, number.lexpos, suggestion)
