"""What a plain scalar is: YAML 1.2's core, without the forms that people write by mistake.

`on`, `NO`, `1:30`, `010` and `2026-12-25` stay text; what is text to a reader is text here.
"""

from __future__ import annotations

import re
from decimal import Decimal

from engine.authoring.nodes import ScalarNode

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_YES_NO = {**_TRUTHS, "yes": True, "no": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,36})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9]\d{0,36})(?:\.\d{1,36})?(?:[eE][-+]?\d{1,2})?")

Plain = str | int | bool | Decimal | None


def is_null(node: ScalarNode) -> bool:
    """Tell whether nothing is written, or null."""
    return node.plain and node.text in _NULL


def number(node: ScalarNode) -> int | Decimal | None:
    """Give the number that a plain scalar is, None for every other text."""
    if not node.plain:
        return None
    if _INTEGER.fullmatch(node.text):
        return int(node.text)
    return Decimal(node.text) if _DECIMAL.fullmatch(node.text) else None


def truth(node: ScalarNode) -> bool | None:
    """Give what `yes`, `no`, `true` or `false` say where one of them is expected."""
    return _YES_NO.get(node.text) if node.plain else None


def value(node: ScalarNode) -> Plain:
    """Give the plain value where anything may stand: `yes` and `no` are texts there."""
    if is_null(node):
        return None
    if node.plain and node.text in _TRUTHS:
        return _TRUTHS[node.text]
    found = number(node)
    return node.text if found is None else found
