"""Patterns as Polars evaluates them, where that is what RE2 says."""

from __future__ import annotations

import re

import polars as pl

# Plain ASCII text, dots, sets of plain signs, groups, alternatives, repetitions and both anchors: no flags,
# no classes such as \d, no case folding, which the two take from different tables of Unicode.
_PORTABLE = re.compile(
    r"""(?:
        [ !"#%&',\-/0-9:;<=>@A-Z_`a-z~]
      | \\[.^$*+?()\[\]{}|\\/@-]
      | \[\^?[ !"#$%'()*+,./0-9:;<=>?@A-Z_`a-z{}]+(?:-(?=\]))?\]
      | \[\^?(?:[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]|[ !"#$%'()*+,./0-9:;<=>?@A-Z_`a-z{}])+\]
      | [.^$|)]
      | \((?:\?:)?(?!\?)
      | [*+?]\??
      | \{[0-9]{1,2}(?:,[0-9]{0,2})?\}
    )*""",
    re.VERBOSE,
)


def portable(pattern: str) -> bool:
    """Tell whether a pattern, one that `regex.compiled` takes, means the same to Polars."""
    return _PORTABLE.fullmatch(pattern) is not None


# Plain signs, each by itself, in a set of its own, or behind a backslash; an end may come after them.
_SIGN = r"[ !\"#%&',\-/0-9:;<=>@A-Z_`a-z~]|\[[.@$*+?(){}|]\]|\\[.$*+?(){}|@/-]"
_LITERAL = re.compile(rf"((?:{_SIGN})+)(\$?)")
_SIGNS = re.compile(_SIGN)


def matched(values: pl.Expr, pattern: str, *, at_start: bool) -> pl.Expr | None:
    """Give where a pattern is found, or found at the start; None where Polars may say otherwise than RE2.

    A text alone is looked for as such, which takes a seventh of the time.
    """
    if not at_start:
        found = _LITERAL.fullmatch(pattern)
        if found is not None:
            text = _literal(found[1])
            return values.str.ends_with(text) if found[2] else values.str.contains(text, literal=True)
        return values.str.contains(pattern) if portable(pattern) else None
    found = _LITERAL.fullmatch(pattern.removeprefix("^"))
    if found is not None:
        text = _literal(found[1])
        return values == text if found[2] else values.str.starts_with(text)
    found = _LITERAL.fullmatch(pattern.removeprefix("^").removeprefix(".*"))
    if found is not None and found[2]:
        # A dot is no end of a line.
        return values.str.ends_with(_literal(found[1])) & ~values.str.contains("\n", literal=True)
    return values.str.contains(f"^(?:{pattern})") if portable(pattern) else None


def _literal(written: str) -> str:
    return "".join(sign[-1] if len(sign) < 3 else sign[1] for sign in _SIGNS.findall(written))
