"""The clause form of a condition: lines, in each the parts joined by and, or; in those, single clauses.

    Lines                 all or any of its entries, whose order does not matter
      Line | Lines        a line by itself, or a list inside the list
        Both | Either     `and` or `or` of parts, from left to right
        Clause            a subject, an operator, a constant: customer.spend >= 100
        Opaque            a part that is no clause; only rule-engine's own node says what it is
        Fixed             true or false, whatever the values are

What is written with `not` is turned round down to the clauses, so no form has a `not`.

Each part is true, false, or raises. From left to right: `a and b` is false where a is, raises where a does,
and else is b; `a or b` is true where a is, raises where a does, and else is b. A line is met or not_met by
its answer; where it raises it is unknown if any of its `names` is null (not only those of the part that
raised) and else an error. The entries of Lines then count by rank: of all, not_met before error before
unknown before met; of any, met before error before unknown before not_met.

What a clause answers for a null is said with each operator; for a value of another type than its constant's
`==` and `in` are false, `!=` and `not in` true, and the orders and patterns raise. `settling.settle` says it
in Python; `unsure` leaves the value (a float, a subclass, a list with odd items) to rule-engine.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from engine.expressions.environment import Env

Part: TypeAlias = Callable[[Any], Callable[[Env], Any]]
"""Gives the function by which rule-engine evaluates one node."""


class Operator(enum.Enum):
    """How a clause compares; the constant is on the right. The opposite of each is in `OPPOSITES`.

    `==`, `!=`: null is equal to null alone. `<`, `<=`, `>`, `>=`: raise for null. `in`, `not in`: among the
    constants, a frozenset in which null may be and in which true is the number 1 (as rule-engine has it).
    has, has_not: the constant is an item of the subject's list, or a part of its text; raise for null.
    starts, finds: the constant, a pattern of RE2, matches at the start, or anywhere; false for null, and
    their opposites true. true, false: the truth of the value; null is false.
    """

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    NOT_IN = "not in"
    HAS = "has"
    HAS_NOT = "has not"
    STARTS = "=~"
    STARTS_NOT = "!~"
    FINDS = "=~~"
    FINDS_NOT = "!~~"
    TRUE = "true"
    FALSE = "false"


_PAIRS = (
    (Operator.EQ, Operator.NE),
    (Operator.LT, Operator.GE),
    (Operator.GT, Operator.LE),
    (Operator.IN, Operator.NOT_IN),
    (Operator.HAS, Operator.HAS_NOT),
    (Operator.STARTS, Operator.STARTS_NOT),
    (Operator.FINDS, Operator.FINDS_NOT),
    (Operator.TRUE, Operator.FALSE),
)
OPPOSITES = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
"""Which operator is true where another one is false; both raise for the same values."""

ORDERS = frozenset((Operator.LT, Operator.LE, Operator.GT, Operator.GE))
RAISING = ORDERS | {Operator.HAS, Operator.HAS_NOT}
"""The operators that raise for null."""
NEVER_RAISING = frozenset(
    (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN, Operator.TRUE, Operator.FALSE)
)
"""The operators that raise for no value of a plain type."""


class Subject(msgspec.Struct, frozen=True, eq=False):
    """What a clause looks at. Two with the same `key` are the same.

    name: the dotted name where it is a name, None where it is computed (`now - customer.seen`). names: what
    it reads, sorted. otherwise: the constant that stands for null where the author wrote
    `(name ?? constant)`, None for null itself. node, part: rule-engine's node, and what gives the function
    that evaluates it.
    """

    key: str
    name: str | None
    names: tuple[str, ...]
    node: Any
    part: Part
    otherwise: Any = None


class Clause(msgspec.Struct, frozen=True, eq=False):
    """A subject, an operator and a constant; two with the same `key` are the same.

    constant: text, Decimal, bool, None, an aware datetime or a timedelta; a frozenset of those for in and
    not in; a pattern's text for starts and finds; None for true and false.
    """

    key: str
    subject: Subject
    operator: Operator
    constant: Any


class Opaque(msgspec.Struct, frozen=True, eq=False):
    """A part that is no clause: its answer is the truth of the node's value, turned round if `negated`.

    key: text by which equal ones are the same, None where that cannot be told.
    """

    key: str | None
    names: tuple[str, ...]
    node: Any
    part: Part
    negated: bool = False


class Fixed(msgspec.Struct, frozen=True):
    """A part that is the same whatever the values are."""

    holds: bool


class Both(msgspec.Struct, frozen=True, eq=False):
    """Parts joined by `and`, from left to right; at least two."""

    parts: tuple[Form, ...]


class Either(msgspec.Struct, frozen=True, eq=False):
    """Parts joined by `or`, from left to right; at least two."""

    parts: tuple[Form, ...]


Form: TypeAlias = "Clause | Opaque | Fixed | Both | Either"


class Line(msgspec.Struct, frozen=True, eq=False):
    """One line of a condition, and the names that its text mentions."""

    text: str
    names: tuple[str, ...]
    form: Form


class Lines(msgspec.Struct, frozen=True, eq=False):
    """Lines of which `every` one must hold, or else one."""

    every: bool
    entries: tuple[Line | Lines, ...]
