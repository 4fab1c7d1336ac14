"""What people write who come from another language, and what it is called here."""

from __future__ import annotations

import re

from engine.errors import ExpressionError

# Each is looked for where the parser stopped, or where its last word began.
_SLIPS: tuple[tuple[str, str, str | None], ...] = (
    (r"[\u2018\u2019\u201c\u201d]", "curly quotes mean nothing here; write straight ones", "'"),
    (r"&&", "`&&` is written and", "and"),
    (r"\|\|", "`||` is written or", "or"),
    (r"===", "`===` is written ==", "=="),
    (r"!==", "`!==` is written !=", "!="),
    (r"<>", "`<>` is written !=", "!="),
    (r"=>", "`=>` is written >=", ">="),
    (r"=<", "`=<` is written <=", "<="),
    (r"=(?![=~])", "a comparison is written ==", "=="),
    (r"!(?![=~])", "`!` is written not", "not "),
    (r"is\s+not\s+null\b", "`is not null` is written != null", "!= null"),
    (r"is\s+null\b", "`is null` is written == null", "== null"),
    (r"is\b", "`is` is written ==", "=="),
    (r"AND\b", "`AND` is written and", "and"),
    (r"OR\b", "`OR` is written or", "or"),
    (r"NOT\b", "`NOT` is written not", "not"),
    (r"IN\b", "`IN` is written in", "in"),
    (r"%\s*($|[)\],]|and\b|or\b)", "a share is written as a number: 0.4 instead of 40%", None),
    (
        r"(contains|like|matches)\b",
        "write 'x' in customer.tags, or customer.email =~~ 'x' for a pattern",
        None,
    ),
    (r"between\b", "write x >= 1 and x <= 5", None),
    (r"then\b|else\b", "write condition ? one : other", None),
)
_PATTERNS = tuple((re.compile(pattern), message, instead) for pattern, message, instead in _SLIPS)

WORDS = {
    "True": "true",
    "False": "false",
    "TRUE": "true",
    "FALSE": "false",
    "yes": "true",
    "no": "false",
    "None": "null",
    "NULL": "null",
    "nil": "null",
    "none": "null",
    "undefined": "null",
    "today": "now",
}
"""Names that are words of the language when they are written otherwise."""


def slip_at(text: str, offset: int) -> ExpressionError | None:
    """Give the error that names the slip at this place, None when it is none that we know."""
    for begin in (offset, offset - 1):
        if begin < 0:
            continue
        for pattern, message, instead in _PATTERNS:
            found = pattern.match(text, begin)
            if found is not None and found.end() > offset:
                return ExpressionError("syntax", message, begin, instead)
    return None
