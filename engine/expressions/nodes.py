"""rule-engine's nodes with our own checks: names, types, patterns, and numbers too large to make whole.

Each class stands in for its parent in the grammar. What rule-engine computes is left as it is but for the two
places that the language names: patterns are RE2's, and the difference of two times is taken in UTC.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rule_engine import DataType
from rule_engine import ast as rule_ast
from rule_engine.errors import EvaluationError

from engine.errors import ExpressionError
from engine.expressions import regex as patterns
from engine.expressions.arithmetic import LARGEST_WHOLE_EXPONENT, elapsed
from engine.expressions.mismatch import described, mismatch, type_in_words

_HELD = "is_empty length starts_with ends_with to_ary to_set"
_OF_A_TYPE: tuple[tuple[Any, frozenset[str]], ...] = tuple(
    (data_type, frozenset(names.split()))
    for data_type, names in (
        (DataType.STRING, f"as_lower as_upper to_flt to_int to_str {_HELD}"),
        (DataType.FLOAT, "ceiling floor is_nan to_flt to_int to_str"),
        (
            DataType.DATETIME,
            "date day hour microsecond millisecond minute month second to_epoch weekday year zone_name",
        ),
        (DataType.TIMEDELTA, "days microseconds seconds total_seconds"),
        (DataType.ARRAY, _HELD),
        (DataType.SET, "is_empty length to_ary to_set"),
        (DataType.MAPPING, "is_empty keys length values"),
        (DataType.BOOLEAN, ""),
        (DataType.NULL, ""),
    )
)
VALUE_ATTRIBUTES = frozenset[str]().union(*(names for _, names in _OF_A_TYPE))
"""What rule-engine offers of a value; `encode` and `decode` are left out, for they load codecs by name."""
_TOLD = 12
"""So many names are told where none is near."""
_DECLARE = {
    "customer": "declare it in a facts file",
    "event": "declare it under events in a facts file",
    "input": "write it under needs in the workflow",
    "run": "write it as as: beside an earlier step",
}

_SUBTRACTABLE: tuple[tuple[Any, Any], ...] = (
    (datetime, timedelta),
    (timedelta, timedelta),
    (Decimal, Decimal),
)
_WHOLE = frozenset(("ceiling", "floor", "to_int"))


def closest(word: str, options: Iterable[str]) -> str | None:
    """Give the option that a misspelt word most likely meant, None when none is near."""
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None


class Bounded(rule_ast.ExpressionBase):  # type: ignore[misc]
    """A value that is to become a whole number, refused where that would take for ever."""

    def __init__(self, context: Any, inner: Any, *, numeral: bool = False) -> None:
        self.context = context
        self.inner = inner
        self.numeral = numeral
        self.result_type = inner.result_type
        self.dotted = getattr(inner, "dotted", None)
        self.reduced = isinstance(inner, rule_ast.LiteralExpressionBase) and inner.is_reduced
        if self.reduced:
            self._checked(inner.evaluate(None))

    def evaluate(self, thing: Any) -> Any:
        """Give the inner value; raises EvaluationError where it is a number too large."""
        return self._checked(self.inner.evaluate(thing))

    def _checked(self, value: Any) -> Any:
        number = value
        if self.numeral and isinstance(value, str):
            try:
                number = Decimal(value.strip())
            except ArithmeticError:
                return value
        if isinstance(number, Decimal) and number.is_finite() and number.adjusted() > LARGEST_WHOLE_EXPONENT:
            raise EvaluationError("the number is too large to be made a whole one")
        return value


def _bounded(context: Any, inner: Any, *, numeral: bool = False) -> Any:
    guard = Bounded(context, inner, numeral=numeral)
    # A literal was checked just now; as a literal it can still be computed at once.
    return inner if guard.reduced else guard


class Attribute(rule_ast.GetAttributeExpression):  # type: ignore[misc]
    """`customer.plan`, or an attribute of a value such as `customer.tags.length`."""

    dotted: str | None = None

    def __init__(self, context: Any, object_: Any, name: str, safe: bool = False) -> None:
        owner = object_.result_type
        if DataType.is_type(owner, DataType.OBJECT):
            self._declare(context, owner, name)
        elif name not in attributes_of(owner):
            raise _no_attribute(object_, name)
        if name in _WHOLE:
            object_ = _bounded(context, object_, numeral=name == "to_int")
        super().__init__(context, object_, name, safe=safe)

    def _declare(self, context: Any, owner: Any, name: str) -> None:
        dotted = f"{owner.name}.{name}"
        if name not in owner.attributes:
            near = closest(name, owner.attributes)
            tail = f"did you mean {owner.name}.{near}?" if near else _instead(owner)
            raise ExpressionError("name", f"{dotted} is not known; {tail}", None, near)
        if not DataType.is_type(owner.attributes[name], DataType.OBJECT):
            self.dotted = dotted
            context.mention(dotted)


def attributes_of(data_type: Any) -> frozenset[str]:
    """Give the names that rule-engine offers of a value of a type, all of them where it is not known."""
    for known, names in _OF_A_TYPE:
        if data_type != DataType.UNDEFINED and DataType.is_compatible(known, data_type):
            return names
    return VALUE_ATTRIBUTES


def _instead(owner: Any) -> str:
    """Say what to write where no name of a root or of a step is near the one that is not known."""
    names = [f"{owner.name}.{name}" for name in sorted(owner.attributes)]
    if 0 < len(names) <= _TOLD:
        return f"write {_either(names)}"
    return _DECLARE.get(owner.name, "take it out")


def _either(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _no_attribute(node: Any, name: str) -> ExpressionError:
    offered = attributes_of(node.result_type)
    near = closest(name, offered)
    if node.result_type == DataType.UNDEFINED:
        whole = getattr(node, "dotted", None) or getattr(node, "name", "...")
        return ExpressionError(
            "name",
            f"an item of a map is written {whole}['{name}']",
            None,
            near if near and near[:4] == name[:4] else None,
        )
    instead = f"write {_either(sorted(offered))}" if offered else "take it out"
    tail = f"did you mean {near}?" if near else instead
    return ExpressionError("name", f"{type_in_words(node.result_type)} has no `{name}`; {tail}", None, near)


class Explained:
    """A binary node that says in words why its sides do not fit."""

    def __init__(self, context: Any, type_: str, left: Any, right: Any) -> None:
        try:
            super().__init__(context, type_, left, right)  # type: ignore[call-arg]
        except EvaluationError:
            raise mismatch(type_.lower(), left, right) from None


class Equality(Explained, rule_ast.ComparisonExpression):  # type: ignore[misc]
    """`==` and `!=`, which rule-engine takes between any two types and which then never hold."""

    def __init__(self, context: Any, type_: str, left: Any, right: Any) -> None:
        known = DataType.NULL not in (left.result_type, right.result_type)
        if known and not DataType.is_compatible(left.result_type, right.result_type):
            raise mismatch(type_.lower(), left, right)
        super().__init__(context, type_, left, right)


class Ordering(Explained, rule_ast.ArithmeticComparisonExpression):  # type: ignore[misc]
    """`<`, `<=`, `>` and `>=`."""


class Pattern(Explained, rule_ast.FuzzyComparisonExpression):  # type: ignore[misc]
    """`=~` from the start, `=~~` anywhere, and their opposites, with a literal on the right."""

    def __init__(self, context: Any, type_: str, left: Any, right: Any) -> None:
        if not isinstance(right, rule_ast.StringExpression):
            raise ExpressionError(
                "regex", "a pattern is written out as text, such as customer.email =~~ '@example'"
            )
        super().__init__(context, type_, left, right)

    @property
    def text(self) -> str:
        """The pattern as it is written."""
        return str(getattr(self.right, "value", ""))

    @property
    def compiled(self) -> Any:
        """RE2's form of the pattern."""
        return self._right

    def _compile_regex(self, regex: str) -> Any:
        return patterns.compiled(regex)


class Membership(rule_ast.ContainsExpression):  # type: ignore[misc]
    """`in`, refused where the list holds only values of another type."""

    def __init__(self, context: Any, container: Any, member: Any) -> None:
        held = getattr(container.result_type, "iterable_type", DataType.UNDEFINED)
        known = DataType.NULL not in (held, member.result_type)
        if known and not DataType.is_compatible(held, member.result_type):
            raise ExpressionError(
                "type",
                f"{described(member, 'this')} and the list holds {type_in_words(held)};"
                " write a list of its own type",
            )
        try:
            super().__init__(context, container, member)
        except EvaluationError:
            raise mismatch("in", member, container) from None


class Fallback(rule_ast.CoalesceExpression):  # type: ignore[misc]
    """`??`: the right side where the left one is null."""

    loose = False

    def __init__(self, context: Any, left: Any, right: Any) -> None:
        try:
            super().__init__(context, left, right)
        except EvaluationError:
            raise mismatch("??", left, right) from None


class Addition(Explained, rule_ast.AddExpression):  # type: ignore[misc]
    """`+` of numbers, texts, and times with lengths of time."""


class Difference(Explained, rule_ast.SubtractExpression):  # type: ignore[misc]
    """`-`; two times are subtracted in UTC, where rule-engine may subtract wall clocks."""

    def _op_sub(self, thing: Any) -> Any:
        left: Any = self.left.evaluate(thing)
        right: Any = self.right.evaluate(thing)
        if isinstance(left, datetime) and isinstance(right, datetime):
            return elapsed(left, right)
        for one, other in _SUBTRACTABLE:
            if isinstance(left, one) and isinstance(right, other):
                return left - right
        raise EvaluationError("data type mismatch")


class Product(Explained, rule_ast.ArithmeticExpression):  # type: ignore[misc]
    """`*`, `/`, `//` and `%`."""


class Bitwise(Explained, rule_ast.BitwiseExpression):  # type: ignore[misc]
    """`&`, `|` and `^` of whole numbers and sets."""

    def __init__(self, context: Any, type_: str, left: Any, right: Any) -> None:
        super().__init__(context, type_, _bounded(context, left), _bounded(context, right))


class Negation(rule_ast.UnaryExpression):  # type: ignore[misc]
    """`not`, and `-` of a number or a length of time."""

    def __init__(self, context: Any, type_: str, right: Any) -> None:
        known = (DataType.UNDEFINED, DataType.FLOAT, DataType.TIMEDELTA)
        if type_.lower() == "uminus" and right.result_type not in known:
            raise ExpressionError(
                "type", described(right, "this") + ", which has no negative; take the - out"
            )
        super().__init__(context, type_, right)


class Item(rule_ast.GetItemExpression):  # type: ignore[misc]
    """`x['key']` and `x[0]`."""

    def __init__(self, context: Any, container: Any, item: Any, safe: bool = False) -> None:
        owner = container.result_type
        if DataType.is_type(owner, DataType.OBJECT):
            raise ExpressionError("name", f"a name is written with a dot, such as {owner.name}.plan")
        super().__init__(context, container, _bounded(context, item), safe=safe)


class Slice(rule_ast.GetSliceExpression):  # type: ignore[misc]
    """`x[1:3]`."""

    def __init__(
        self, context: Any, container: Any, start: Any = None, stop: Any = None, safe: bool = False
    ) -> None:
        first = None if start is None else _bounded(context, start)
        last = None if stop is None else _bounded(context, stop)
        super().__init__(context, container, start=first, stop=last, safe=safe)


class Call(rule_ast.FunctionCallExpression):  # type: ignore[misc]
    """`$split(x, ',')` and the like."""

    def __init__(self, context: Any, function: Any, arguments: Iterable[Any]) -> None:
        super().__init__(context, function, tuple(_bounded(context, argument) for argument in arguments))


class Comprehension(rule_ast.ComprehensionExpression):  # type: ignore[misc]
    """`[x for x in customer.tags if x != 'vip']`."""

    @classmethod
    def build(cls, context: Any, result: Any, variable: str, iterable: Any, condition: Any = None) -> Any:
        """Build the node; refuses a variable that would hide a name of the language."""
        if variable in context.roots:
            raise ExpressionError("name", f"`{variable}` has a meaning already; name the item otherwise")
        return super().build(context, result, variable, iterable, condition=condition)


REPLACEMENTS = {
    rule_ast.AddExpression: Addition,
    rule_ast.ArithmeticComparisonExpression: Ordering,
    rule_ast.ArithmeticExpression: Product,
    rule_ast.BitwiseExpression: Bitwise,
    rule_ast.CoalesceExpression: Fallback,
    rule_ast.ComparisonExpression: Equality,
    rule_ast.ComprehensionExpression: Comprehension,
    rule_ast.ContainsExpression: Membership,
    rule_ast.FunctionCallExpression: Call,
    rule_ast.FuzzyComparisonExpression: Pattern,
    rule_ast.GetAttributeExpression: Attribute,
    rule_ast.GetItemExpression: Item,
    rule_ast.GetSliceExpression: Slice,
    rule_ast.SubtractExpression: Difference,
    rule_ast.UnaryExpression: Negation,
}
"""Which class of ours stands in for which of rule-engine's."""
