"""Compiled expressions against rule-engine as published: 200,000 pairs of rule and state, no difference.

The other side of the comparison is built here from rule-engine's own classes alone; nothing of
`engine.expressions` is in it. What the language changes on purpose is kept out of the pairs: patterns are
such that Python and RE2 read them alike, and the zone has no summer time, for rule-engine may subtract wall
clocks.
"""

import decimal
import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rule_engine
from rule_engine import DataType

from engine.errors import ExpressionError
from engine.expressions import (
    Condition,
    Env,
    Expression,
    Kind,
    Outcome,
    Scope,
    all_of,
    any_of,
    compile_expression,
)

SEED = 20260301
RULES = 4_000
STATES = 50
ZONE = "Asia/Kolkata"

FACTS = {
    "plan": Kind.TEXT,
    "email": Kind.TEXT,
    "spend": Kind.NUMBER,
    "drop": Kind.NUMBER,
    "orders": Kind.NUMBER,
    "vip": Kind.BOOLEAN,
    "renewal": Kind.DATE,
    "seen": Kind.TIME,
    "quiet_for": Kind.DURATION,
    "tags": Kind.LIST,
    "other": Kind.ANY,
}
PROPERTIES = ("total", "coupon", "items", "at")
SCOPE = Scope(customer=FACTS, event={}, run={"offer": None}, zone=ZONE)
TYPES = {
    Kind.TEXT: DataType.STRING,
    Kind.NUMBER: DataType.FLOAT,
    Kind.BOOLEAN: DataType.BOOLEAN,
    Kind.DATE: DataType.DATETIME,
    Kind.TIME: DataType.DATETIME,
    Kind.DURATION: DataType.TIMEDELTA,
    Kind.LIST: DataType.ARRAY,
    Kind.ANY: DataType.UNDEFINED,
}


class Text(str):
    """A text that is not exactly a str."""


class Level(IntEnum):
    """A number that is not exactly an int."""

    HIGH = 3


class Holder:
    """Keeps rule-engine from copying a mapping into one of its own values."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values


class Rule:
    """A rule in the author's words and in rule-engine's, with the names that it mentions."""

    def __init__(self, text: str, stock: str, names: frozenset[str]) -> None:
        self.text = text
        self.stock = stock
        self.names = names


class Writer:
    """Writes random rules that are mostly well typed; undeclared properties bring in the other types."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def rule(self) -> Rule:
        kind = self.chance.choice(("boolean",) * 8 + ("number", "text", "time", "duration", "list"))
        text, stock, names = getattr(self, kind)(self.chance.randint(1, 4))
        return Rule(text, stock, frozenset(names))

    def name(self, *kinds: Kind) -> tuple[str, str, set[str]]:
        known = [f"customer.{name}" for name, kind in FACTS.items() if kind in kinds]
        if not known or self.chance.random() < 0.25:
            known = ["customer.other", *(f"event.{name}" for name in PROPERTIES), "run.offer.code"]
        dotted = self.chance.choice(known)
        return dotted, dotted, {dotted}

    def put(self, shape: str, *parts: tuple[str, str, set[str]]) -> tuple[str, str, set[str]]:
        names: set[str] = set().union(*(part[2] for part in parts))
        return shape.format(*(part[0] for part in parts)), shape.format(*(part[1] for part in parts)), names

    def fixed(self, *texts: str) -> tuple[str, str, set[str]]:
        text = self.chance.choice(texts)
        return text, text, set()

    def pick(self, *makers: Callable[[], tuple[str, str, set[str]]]) -> tuple[str, str, set[str]]:
        return self.chance.choice(makers)()

    def number(self, deep: int) -> tuple[str, str, set[str]]:
        if deep <= 0:
            return self.pick(
                lambda: self.name(Kind.NUMBER),
                lambda: self.fixed(
                    "0", "1", "3", "0.4", "-2", "1.10", "100", "1e3", "12345678901234567890", "0.1"
                ),
            )
        return self.pick(
            lambda: self.number(0),
            lambda: self.name(Kind.NUMBER),
            lambda: self.put(
                "({} " + self.chance.choice(("+", "-", "*", "/", "//", "%")) + " {})",
                self.number(deep - 1),
                self.number(deep - 1),
            ),
            lambda: self.put(
                "({} ? {} : {})", self.boolean(deep - 1), self.number(deep - 1), self.number(deep - 1)
            ),
            lambda: self.put("({} ?? {})", self.name(Kind.NUMBER), self.number(deep - 1)),
            lambda: self.put("(-{})", self.number(deep - 1)),
            lambda: self.put("{}.length", self.name(Kind.LIST, Kind.TEXT)),
            lambda: self.put("$abs({})", self.name(Kind.NUMBER)),
            lambda: self.put("{}.days", self.name(Kind.DURATION)),
        )

    def text(self, deep: int) -> tuple[str, str, set[str]]:
        if deep <= 0:
            return self.pick(
                lambda: self.name(Kind.TEXT),
                lambda: self.fixed("'free'", "'pro'", "''", "'a'", "'x@example.com'", "'5'"),
            )
        return self.pick(
            lambda: self.text(0),
            lambda: self.put("({} + {})", self.text(deep - 1), self.text(deep - 1)),
            lambda: self.put("({} ?? {})", self.name(Kind.TEXT), self.text(deep - 1)),
            lambda: self.put("{}.as_lower", self.name(Kind.TEXT)),
            lambda: self.put(
                "({} ? {} : {})", self.boolean(deep - 1), self.text(deep - 1), self.text(deep - 1)
            ),
        )

    def time(self, deep: int) -> tuple[str, str, set[str]]:
        if deep <= 0:
            return self.pick(
                lambda: self.name(Kind.DATE, Kind.TIME),
                lambda: ("now", "now", {"now"}),
                lambda: self.fixed('d"2026-03-01"', 'd"2026-03-29T02:30:00"', 'd"2025-10-26T00:30:00Z"'),
            )
        return self.pick(
            lambda: self.time(0),
            lambda: self.put("({} + {})", self.time(deep - 1), self.duration(deep - 1)),
            lambda: self.put("({} - {})", self.time(deep - 1), self.duration(deep - 1)),
            lambda: self.put("({} ?? {})", self.name(Kind.TIME), self.time(deep - 1)),
        )

    def duration(self, deep: int) -> tuple[str, str, set[str]]:
        if deep <= 0:
            amount = self.chance.choice((0, 1, 30, 45))
            unit, stock = self.chance.choice((("m", "PT{}M"), ("h", "PT{}H"), ("d", "P{}D"), ("w", "P{}W")))
            return self.pick(
                lambda: self.name(Kind.DURATION),
                lambda: (f"{amount}{unit}", f't"{stock.format(amount)}"', set()),
            )
        return self.pick(
            lambda: self.duration(0),
            lambda: self.put("({} - {})", self.time(deep - 1), self.time(deep - 1)),
            lambda: self.put("({} + {})", self.duration(deep - 1), self.duration(deep - 1)),
            lambda: self.put("(-{})", self.duration(deep - 1)),
        )

    def list(self, deep: int) -> tuple[str, str, set[str]]:
        return self.pick(
            lambda: self.name(Kind.LIST),
            lambda: self.fixed("['free', 'pro']", "['a']", "['vip', null]"),
            lambda: self.put("[{}, {}]", self.text(0), self.text(0)),
            lambda: self.put("[each for each in {} if each != 'a']", self.name(Kind.LIST)),
        )

    def boolean(self, deep: int) -> tuple[str, str, set[str]]:
        if deep <= 0:
            return self.pick(lambda: self.name(Kind.BOOLEAN), lambda: self.comparison(0))
        return self.pick(
            lambda: self.comparison(deep - 1),
            lambda: self.comparison(deep - 1),
            lambda: self.comparison(deep - 1),
            lambda: self.name(Kind.BOOLEAN),
            lambda: self.put("({} and {})", self.boolean(deep - 1), self.boolean(deep - 1)),
            lambda: self.put(
                "{} and {} and {}", self.comparison(0), self.boolean(deep - 1), self.comparison(0)
            ),
            lambda: self.put("({} or {})", self.boolean(deep - 1), self.boolean(deep - 1)),
            lambda: self.put("not {}", self.boolean(deep - 1)),
            lambda: self.put("({} ?? {})", self.name(Kind.BOOLEAN), self.boolean(deep - 1)),
            lambda: self.put(
                "({} ? {} : {})", self.boolean(0), self.boolean(deep - 1), self.boolean(deep - 1)
            ),
        )

    def comparison(self, deep: int) -> tuple[str, str, set[str]]:
        kind = self.chance.choice((self.number, self.number, self.text, self.time, self.duration))
        order = self.chance.choice(("==", "!=", "<", "<=", ">", ">="))
        return self.pick(
            lambda: self.put("({} " + order + " {})", kind(deep), kind(deep)),
            lambda: self.put("({} " + order + " {})", kind(deep), kind(0)),
            lambda: self.put("(null " + self.chance.choice(("==", "!=")) + " {})", kind(0)),
            lambda: self.put(
                "(" + self.chance.choice(("true", "false")) + " " + self.chance.choice(("==", "!=")) + " {})",
                self.name(Kind.BOOLEAN),
            ),
            lambda: self.put(
                "({} " + self.chance.choice(("=~", "=~~", "!~", "!~~")) + " {})",
                self.text(deep),
                self.fixed("'fr'", "'^p[a-z]+'", "'(a|o)'", "'@example\\\\.com'", "'x{1,2}'", "'[0-9]+'"),
            ),
            lambda: self.put(
                "({} " + self.chance.choice(("in", "not in")) + " {})",
                self.text(deep),
                self.pick(lambda: self.list(0), lambda: self.text(0)),
            ),
            lambda: self.put(
                "({} in {})", self.number(deep), self.fixed("[1, 3]", "[1.1, 100, null]", "[true, 3]")
            ),
            lambda: self.put("({} in {})", self.name(Kind.BOOLEAN), self.fixed("[true]", "[false, 1]")),
        )


def aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=ZoneInfo(ZONE))


def junk(chance: random.Random) -> Any:
    return chance.choice(
        (
            *("free", "pro", "", "A", "x@example.com", "5", "\u00dcmlaut", Text("free"), Text("")),
            *(0, 1, -3, 100, 10**30, True, False, Level.HIGH),
            *(0.1, 0.4, 2.5, -0.0, 1e300, float("nan"), float("inf")),
            *(Decimal("0.4"), Decimal("1.10"), Decimal("-0"), Decimal("1E+3"), Decimal(3), Decimal("0.1")),
            *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("12345678901234567890.123")),
            *(
                datetime(2026, 3, 1, tzinfo=UTC),
                datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=5))),
            ),
            *(
                aware(datetime(2026, 3, 1)),
                aware(datetime(2025, 10, 26)),
                datetime(2026, 3, 1),
                date(2026, 3, 1),
            ),
            *(timedelta(), timedelta(days=45), timedelta(minutes=-30), timedelta(days=30, microseconds=1)),
            *([], ["a", "vip"], ["free", None], [1, 0.1], ("pro",), [["a"]], [Decimal("NaN")], {"a"}),
            *({}, {"a": 1}, {"b": {"c": [0.5]}}, b"a", object()),
        )
    )


FITTING: Mapping[Kind, tuple[Any, ...]] = {
    Kind.TEXT: ("free", "pro", "team", "", "a", "x@example.com", "vip"),
    Kind.NUMBER: (
        0,
        1,
        3,
        100,
        Decimal("0.4"),
        Decimal("1.10"),
        Decimal("-2"),
        Decimal("33.333"),
        Decimal(1000),
    ),
    Kind.BOOLEAN: (True, False),
    Kind.LIST: ([], ["a"], ["vip", "pro"], ["free", "x@example.com", "5"]),
    Kind.DURATION: (timedelta(), timedelta(days=45), timedelta(hours=30), timedelta(days=-1)),
}


def value(chance: random.Random, kind: Kind) -> Any:
    draw = chance.random()
    if draw < 0.15:
        return None
    if draw < 0.3 or kind is Kind.ANY:
        return junk(chance)
    if kind is Kind.DATE:
        return aware(datetime(2026, 1, 1) + timedelta(days=chance.randint(-300, 300)))
    if kind is Kind.TIME:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(-200_000, 200_000))
    return chance.choice(FITTING[kind])


def state(chance: random.Random) -> tuple[Env, dict[str, Any]]:
    customer = {name: value(chance, kind) for name, kind in FACTS.items() if chance.random() > 0.05}
    event = {name: value(chance, Kind.ANY) for name in PROPERTIES if chance.random() > 0.1}
    run = {"offer": {"code": value(chance, Kind.ANY)}} if chance.random() > 0.2 else {}
    now = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(hours=chance.randint(-5000, 5000))
    roots = {"customer": Holder(customer), "event": Holder(event), "now": now}
    roots["run"] = Holder({"offer": Holder(run.get("offer", {}))})
    return Env(customer=customer, event=event, run=run, now=now), roots


def stock_context() -> rule_engine.Context:
    def read(holder: Holder, name: str) -> Any:
        return holder.values.get(name)

    facts = {name: TYPES[kind] for name, kind in FACTS.items()}
    properties = dict.fromkeys(PROPERTIES, DataType.UNDEFINED)
    offer = DataType.OBJECT("offer", {"code": DataType.UNDEFINED}, accessor=read)
    return rule_engine.Context(
        resolver=lambda thing, name: rule_engine.resolve_item(thing, name),
        type_resolver={
            "customer": DataType.OBJECT("customer", facts, accessor=read),
            "event": DataType.OBJECT("event", properties, accessor=read),
            "run": DataType.OBJECT("run", {"offer": offer}, accessor=read),
            "now": DataType.DATETIME,
        },
        default_timezone=ZoneInfo(ZONE),
        decimal_context=decimal.Context(
            prec=28, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
        ),
        mapping_attribute_lookup=False,
    )


def read_name(dotted: str, roots: Mapping[str, Any]) -> Any:
    root, *rest = dotted.split(".")
    found = roots[root]
    for name in rest:
        found = found.values.get(name)
    return found


def alike(ours: Any, theirs: Any) -> bool:
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, Decimal):
        return str(ours) == str(theirs) if ours.is_nan() else ours == theirs
    if isinstance(ours, Mapping):
        return alike(tuple(ours), tuple(theirs)) and alike(tuple(ours.values()), tuple(theirs.values()))
    if isinstance(ours, tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return bool(ours is theirs or ours == theirs)


def expected(rule: rule_engine.Rule, names: frozenset[str], roots: Mapping[str, Any]) -> tuple[Any, Outcome]:
    """What rule-engine gives (an exception for a raise), and the outcome that the language makes of it."""
    try:
        found = rule.evaluate(roots)
        return found, Outcome.MET if found else Outcome.NOT_MET
    except Exception as error:
        unknown = any(read_name(name, roots) is None for name in names)
        return error, Outcome.UNKNOWN if unknown else Outcome.ERROR


def given(expression: Expression, env: Env) -> Any:
    try:
        return expression.value(env)
    except Exception as error:
        return error


def rules(count: int, chance: random.Random) -> list[tuple[Rule, Expression, rule_engine.Rule]]:
    """Rules that both sides take; what rule-engine refuses must be refused by us too."""
    writer = Writer(chance)
    context = stock_context()
    found: list[tuple[Rule, Expression, rule_engine.Rule]] = []
    refused = 0
    while len(found) < count:
        rule = writer.rule()
        try:
            stock = rule_engine.Rule(rule.stock, context)
        except (rule_engine.EngineError, ArithmeticError):
            with pytest.raises(ExpressionError):
                compile_expression(rule.text, SCOPE)
            continue
        try:
            found.append((rule, compile_expression(rule.text, SCOPE), stock))
        except ExpressionError as error:
            # Comparing types that can never be equal is refused here only.
            assert error.code == "type", rule.text
            refused += 1
    assert refused < count / 10
    return found


def test_two_hundred_thousand_pairs_without_a_difference() -> None:
    chance = random.Random(SEED)
    states = [state(chance) for _ in range(STATES)]
    differences = []
    seen = dict.fromkeys(Outcome, 0)
    pairs = 0
    for rule, expression, stock in rules(RULES, chance):
        assert set(expression.names) == rule.names, rule.text
        for env, roots in states:
            theirs, outcome = expected(stock, rule.names, roots)
            ours = given(expression, env)
            pairs += 1
            seen[outcome] += 1
            same_value = type(ours) is type(theirs) if isinstance(theirs, Exception) else alike(ours, theirs)
            or_null = None if isinstance(theirs, Exception) else theirs
            same_value = same_value and alike(expression.value_or_null(env), or_null)
            if not same_value or expression.outcome(env) is not outcome:
                values = {name: read_name(name, roots) for name in rule.names}
                differences.append((rule.text, values, theirs, ours, outcome, expression.outcome(env)))
    assert differences == []
    assert pairs == 200_000
    # Each outcome is common enough for the comparison to say something of it.
    assert all(count > pairs / 50 for count in seen.values()), seen


def combined(condition: Condition, every: set[Condition], env: Env) -> Outcome:
    """The outcome of a condition by the words of the language; those in `every` are lists of all."""
    outcomes = [
        combined(line, every, env) if isinstance(line, Condition) else line.outcome(env)
        for line in condition.lines
    ]
    settled, otherwise = (
        (Outcome.NOT_MET, Outcome.MET) if condition in every else (Outcome.MET, Outcome.NOT_MET)
    )
    for outcome in (settled, Outcome.ERROR, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return otherwise


def test_lines_compiled_together_come_out_as_line_by_line() -> None:
    chance = random.Random(SEED + 1)
    states = [state(chance) for _ in range(STATES)]
    lines = [expression for _, expression, _ in rules(400, chance)]
    for _ in range(300):
        inner = any_of(chance.sample(lines, chance.randint(0, 3)))
        outer = all_of([*chance.sample(lines, chance.randint(0, 3)), inner, *chance.sample(lines, 1)])
        either = any_of([outer, *chance.sample(lines, 1)])
        for env, _ in states:
            assert outer.outcome(env) is combined(outer, {outer}, env)
            assert either.outcome(env) is combined(either, {outer}, env)
