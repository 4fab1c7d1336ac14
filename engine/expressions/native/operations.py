"""What compiled expressions call. Each does what rule-engine does with plain values and gives up on others.

Plain are exactly text, whole and Decimal numbers, booleans, null, times with a zone and lengths of time. A
float is not plain: rule-engine reads it by its digits. Giving up means that rule-engine evaluates the line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

from engine.expressions.arithmetic import EXACT, elapsed


class GiveUp(Exception):
    """The values are for rule-engine to judge."""


class Raises(Exception):
    """rule-engine would raise here, whatever the other values are."""


NUMBERS = frozenset((int, Decimal))
TIMELESS = frozenset((str, int, Decimal, bool, NoneType, timedelta))
"""Plain types whose values mean the same by themselves and inside a list."""
SCALARS = TIMELESS | {datetime, float}
"""Types that rule-engine takes over without looking inside; values of two such types are never equal."""
_ORDERED = frozenset((str, int, Decimal, bool, timedelta))
_EXACT_SCALARS = SCALARS - {float}


def truth(value: Any) -> bool:
    """Tell whether a value counts as true."""
    if type(value) in SCALARS:
        return bool(value)
    raise GiveUp


def result(value: Any) -> Any:
    """Give a value as rule-engine gives it: numbers as Decimal."""
    kind = type(value)
    if kind is int:
        return Decimal(value)
    if kind in TIMELESS or (kind is datetime and value.tzinfo is not None):
        return value
    raise GiveUp


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal."""
    one, other = type(left), type(right)
    if one is datetime and other is datetime:
        if left.tzinfo is None or right.tzinfo is None:
            raise GiveUp
        return bool(left == right)
    if (one is other and one in TIMELESS) or (one in NUMBERS and other in NUMBERS):
        return bool(left == right)
    if one is not other and one in _EXACT_SCALARS and other in _EXACT_SCALARS:
        return False
    raise GiveUp


def _check_order(left: Any, right: Any) -> None:
    one, other = type(left), type(right)
    if (one is other and one in _ORDERED) or (one in NUMBERS and other in NUMBERS):
        return
    if one is datetime and other is datetime and left.tzinfo is not None and right.tzinfo is not None:
        return
    raise GiveUp


def less(left: Any, right: Any) -> bool:
    """`<` of two values that are not null."""
    _check_order(left, right)
    return bool(left < right)


def at_most(left: Any, right: Any) -> bool:
    """`<=` of two values that are not null."""
    _check_order(left, right)
    return bool(left <= right)


def greater(left: Any, right: Any) -> bool:
    """`>` of two values that are not null."""
    _check_order(left, right)
    return bool(left > right)


def at_least(left: Any, right: Any) -> bool:
    """`>=` of two values that are not null."""
    _check_order(left, right)
    return bool(left >= right)


def contains(container: Any, member: Any) -> bool:
    """`in`: a member of a list, or a part of a text."""
    kind = type(container)
    if kind is list or kind is tuple:
        if type(member) in TIMELESS and TIMELESS.issuperset(map(type, container)):
            return member in container
    elif kind is str and type(member) is str:
        return member in container
    elif container is None:
        raise Raises
    raise GiveUp


def _unfit(left: Any, right: Any) -> Exception:
    return Raises() if left is None or right is None else GiveUp()


def add(left: Any, right: Any) -> Any:
    """`+` of numbers, texts, times and lengths of time."""
    one, other = type(left), type(right)
    if one in NUMBERS and other in NUMBERS:
        return EXACT.add(left, right)
    if one is other and one in (str, timedelta):
        return left + right
    if (one is datetime and other is timedelta and left.tzinfo is not None) or (
        one is timedelta and other is datetime and right.tzinfo is not None
    ):
        return left + right
    raise _unfit(left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-`; the difference of two times is taken in UTC."""
    one, other = type(left), type(right)
    if one in NUMBERS and other in NUMBERS:
        return EXACT.subtract(left, right)
    if one is datetime and left.tzinfo is not None:
        if other is datetime and right.tzinfo is not None:
            return elapsed(left, right)
        if other is timedelta:
            return left - right
    elif one is timedelta and other is timedelta:
        return left - right
    raise _unfit(left, right)


def _exact(operation: Callable[[Any, Any], Decimal]) -> Callable[[Any, Any], Decimal]:
    def compute(left: Any, right: Any) -> Decimal:
        if type(left) in NUMBERS and type(right) in NUMBERS:
            return operation(left, right)
        raise _unfit(left, right)

    return compute


multiply = _exact(EXACT.multiply)
divide = _exact(EXACT.divide)
divide_whole = _exact(EXACT.divide_int)
remainder = _exact(EXACT.remainder)


def negate(value: Any) -> Any:
    """`-` of a number or a length of time."""
    kind = type(value)
    if kind in NUMBERS:
        return EXACT.minus(value)
    if kind is timedelta:
        return -value
    raise _unfit(value, value)


def _items(value: Any) -> Any:
    kind = type(value)
    if kind is str or ((kind is list or kind is tuple) and TIMELESS.issuperset(map(type, value))):
        return value
    raise _unfit(value, value)


def length(value: Any) -> int:
    """`.length` of a text or a list."""
    return len(_items(value))


def is_empty(value: Any) -> bool:
    """`.is_empty` of a text or a list."""
    return len(_items(value)) == 0


def as_lower(value: Any) -> str:
    """`.as_lower` of a text."""
    if type(value) is str:
        return value.lower()
    raise _unfit(value, value)


def as_upper(value: Any) -> str:
    """`.as_upper` of a text."""
    if type(value) is str:
        return value.upper()
    raise _unfit(value, value)
