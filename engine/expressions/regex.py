"""Regular expressions: what both Python and RE2 read the same way, matched by RE2 in linear time."""

from __future__ import annotations

import functools
import re
from typing import Any

import re2

from engine.errors import ExpressionError

_SET_OPERATORS = ("--", "&&", "~~", "||")


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """Give the RE2 form of a pattern; it has `match` (at the start) and `search`, for text and for UTF-8.

    Raises ExpressionError for what Python lacks, RE2 lacks, or the two read differently.
    """
    _check_portable(pattern)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refused(pattern, str(error)) from None
    try:
        return re2.compile(pattern, _options())
    except (re2.error, UnicodeEncodeError) as error:
        raise _refused(pattern, _words_of(pattern, error)) from None


def _refused(pattern: str, reason: str) -> ExpressionError:
    shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
    return ExpressionError("regex", f"the pattern {shown!r} is refused: {reason}")


def _words_of(pattern: str, error: Exception) -> str:
    if re.search(r"\(\?<?[=!]", pattern):
        return "looking ahead or behind is not possible; write two conditions"
    if re.search(r"\\[1-9]|\(\?P=", pattern):
        return "a part of the match cannot be referred to again"
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _check_portable(pattern: str) -> None:
    in_set = False
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 2
            continue
        if in_set:
            in_set = not (char == "]")
            if char == "[" or pattern.startswith(_SET_OPERATORS, index):
                raise _refused(pattern, f"write \\{char} for {char!r} between square brackets")
        elif char == "[":
            in_set = True
            # A bracket that comes first belongs to the set.
            index += 1 + pattern.startswith("^", index + 1)
            index += pattern.startswith("]", index)
            continue
        elif pattern.startswith("{,", index):
            raise _refused(pattern, "write {0,n} instead of {,n}")
        index += 1
