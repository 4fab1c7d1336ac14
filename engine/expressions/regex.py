"""Regular expressions: what both Python and RE2 read the same way, matched by RE2 in linear time."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import re2

from engine.errors import ExpressionError

LARGEST_PROGRAM = 1500
"""Instructions of a pattern: at some 2,000 RE2 gives its fast way up, and takes seconds for a long text."""

_WORDS = (
    ("unterminated character set", "a [ is never closed; write ] after it, or \\[ for the sign itself"),
    ("missing )", "a ( is never closed; write ) after it, or \\( for the sign itself"),
    ("unbalanced parenthesis", "a ) closes nothing; write \\) for the sign itself"),
    ("nothing to repeat", "nothing stands before what repeats; write \\* for the sign itself"),
    ("multiple repeat", "two signs repeat the same part; write one of them"),
    ("bad repetition operator", "two signs repeat the same part; write one of them"),
    ("repetition size", "a part is repeated too often; write at most 1000 in all"),
    ("bad character range", "a range ends before it begins; write the lower end first"),
    ("global flags", "a flag stands inside; write it first, as (?i)example"),
    ("unknown extension ?<", "a part is named otherwise; write (?P<name>...), or only (...)"),
    ("escape sequence: \\Z", "\\Z has no meaning; write $ for the end"),
    ("escape", "a letter after a backslash has no meaning; write the letter alone, or two backslashes"),
)
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
        raise _refused(pattern, _in_words(str(error))) from None
    try:
        found = re2.compile(pattern, _options())
    except (re2.error, UnicodeEncodeError) as error:
        raise _refused(pattern, _words_of(pattern, error)) from None
    size = max(found.programsize, found.reverseprogramsize)
    if size > LARGEST_PROGRAM:
        raise _refused(
            pattern, f"it has {size} instructions, {LARGEST_PROGRAM} are allowed; repeat less, or write two"
        )
    return found


@functools.lru_cache(maxsize=1024)
def finder(patterns: tuple[str, ...], *, at_start: bool) -> Callable[[bytes], list[int] | None]:
    """Give what tells the places of those patterns that a text in UTF-8 has, None where it has none.

    They are looked for at its start, or anywhere, all at once: RE2 walks over the text a single time, and
    need not tell where the match is, so this is the faster way for one pattern too. They are patterns that
    `compiled` takes, together no larger than `LARGEST_PROGRAM`.
    """
    options = _options()
    found = re2.Set.MatchSet(options) if at_start else re2.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    match: Callable[[bytes], list[int] | None] = found.Match
    return match


def _refused(pattern: str, reason: str) -> ExpressionError:
    shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
    return ExpressionError("regex", f"the pattern {shown!r} is refused: {reason}")


def _words_of(pattern: str, error: Exception) -> str:
    if re.search(r"\(\?<?[=!]", pattern):
        return "looking ahead or behind is not possible; write two conditions"
    if re.search(r"\\[1-9]|\(\?P=", pattern):
        return "a part of the match cannot be referred to again; write that part out"
    said = error.args[0] if error.args else error
    return _in_words(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))


def _in_words(said: str) -> str:
    """Give what a library says of a pattern as a sentence with a remedy."""
    for part, sentence in _WORDS:
        if part in said:
            return sentence
    return f"{said}; write it without that"


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
