"""Pairs of condition and state, judged by the index, by the condition, its trace, and rule-engine by line.

`python -m tests.property.index_pairs` makes a million of them and prints what came of it.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

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
from engine.expressions.environment import reader
from engine.expressions.index import Index, positions

ZONE = "Europe/Berlin"
FACTS = {
    "plan": Kind.TEXT,
    "email": Kind.TEXT,
    "spend": Kind.NUMBER,
    "orders": Kind.NUMBER,
    "vip": Kind.BOOLEAN,
    "renewal": Kind.DATE,
    "seen": Kind.TIME,
    "quiet_for": Kind.DURATION,
    "tags": Kind.LIST,
}
PROPERTIES = ("total", "coupon", "items", "at")
SCOPE = Scope(customer=FACTS, event={}, zone=ZONE)
CONDITIONS_AT_ONCE = 250
"""So many conditions share one index."""

ORDERS = ("<", "<=", ">", ">=")
EQUAL = ("==", "!=")
NUMBERS = ("0", "1", "5", "-3", "0.1", "2.5", "100", "9007199254740992", "9007199254740993", "-0.5")
TEXTS = ("'free'", "'pro'", "''", "'5'", "'Pro'", "'team'")
TIMES = ('d"2026-03-01"', 'd"2026-03-29T02:30:00"', 'd"2025-10-26T02:30:00"', 'd"2026-03-01T00:00:00Z"')
LENGTHS = ("0d", "30d", "12h", "1w")
ITEMS = ("'vip'", "'a'", "'pro'", "1", "true", "null", "2.5")
PATTERNS = ("'^p'", "'@example'", "'r'", "'[0-9]+'")


class Text(str):
    """A text that is not exactly a str."""


class Lines:
    """Writes lines of clauses of every operator, joined by and, or and not, and of what is no clause."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def line(self) -> str:
        return self.joined(self.chance.choice((0, 0, 0, 1, 1, 2)))

    def joined(self, deep: int) -> str:
        if deep == 0:
            return self.clause()
        draw = self.chance.random()
        if draw < 0.15:
            return f"not ({self.joined(deep - 1)})"
        sign = " and " if draw < 0.7 else " or "
        return f"({sign.join(self.joined(deep - 1) for _ in range(self.chance.randint(2, 3)))})"

    def clause(self) -> str:
        pick = self.chance.choice
        name = self.name
        return pick(
            (
                lambda: f"{name('plan', 'email')} {pick(EQUAL)} {pick((*TEXTS, 'null'))}",
                lambda: f"{name('spend', 'orders')} {pick(EQUAL)} {pick((*NUMBERS, 'null'))}",
                lambda: f"{name('spend', 'orders')} {pick(ORDERS)} {pick(NUMBERS)}",
                lambda: f"{name('spend', 'orders')} {pick(ORDERS)} {pick(NUMBERS)}",
                lambda: f"{pick(NUMBERS)} {pick(ORDERS)} {name('spend', 'orders')}",
                lambda: (
                    f"({name('spend', 'orders')} ?? {pick(NUMBERS)}) {pick(ORDERS + EQUAL)} {pick(NUMBERS)}"
                ),
                lambda: f"{name('plan')} {pick(('in', 'not in'))} [{self.some(TEXTS)}]",
                lambda: f"customer.plan in [{self.some(TEXTS)}] and customer.plan in [{self.some(TEXTS)}]",
                lambda: f"({name('vip')} ? null : {pick(NUMBERS)}) {pick(ORDERS)} {pick(NUMBERS)}",
                lambda: f"event.total {pick(ORDERS)} {pick(('1e30', '2.5'))}",
                lambda: f"{name('orders')} {pick(('in', 'not in'))} [{self.some(NUMBERS)}]",
                lambda: f"event.total {pick(('in', 'not in'))} [{self.some(('1', 'true', '0', 'null'))}]",
                lambda: f"{pick(ITEMS)} {pick(('in', 'not in'))} {name('tags')}",
                lambda: f"{pick(TEXTS)} {pick(('in', 'not in'))} {name('email')}",
                lambda: f"{name('email', 'plan')} {pick(('=~', '=~~', '!~', '!~~'))} {pick(PATTERNS)}",
                lambda: f"{name('vip')}",
                lambda: f"{name('vip')} {pick(EQUAL)} {pick(('true', 'false', 'null'))}",
                lambda: f"not {name('vip', 'plan', 'orders', 'tags')}",
                lambda: f"{name('seen', 'renewal')} {pick(ORDERS)} {pick(TIMES)}",
                lambda: f"{name('renewal', 'seen')} {pick(EQUAL)} {pick(TIMES)}",
                lambda: f"now - {name('seen')} {pick(ORDERS)} {pick(LENGTHS)}",
                lambda: f"{name('renewal')} - now {pick(ORDERS)} {pick(LENGTHS)}",
                lambda: f"{name('quiet_for')} {pick(ORDERS + EQUAL)} {pick(LENGTHS)}",
                lambda: f"{name('tags')}.length {pick(ORDERS)} {pick(('0', '1', '2'))}",
                lambda: f"{name('spend')} / {name('orders')} {pick(ORDERS)} {pick(NUMBERS)}",
                lambda: f"{name('plan')} {pick(('<', '>='))} {pick(TEXTS)}",
                lambda: f"customer.spend {pick(ORDERS)} customer.orders",
                lambda: pick(("true", "false")),
            )
        )()

    def name(self, *facts: str) -> str:
        if self.chance.random() < 0.15:
            return f"event.{self.chance.choice(PROPERTIES)}"
        return f"customer.{self.chance.choice(facts)}"

    def some(self, values: Sequence[str]) -> str:
        return ", ".join(self.chance.sample(values, self.chance.randint(1, 3)))


def berlin(moment: datetime) -> datetime:
    return moment.replace(tzinfo=ZoneInfo(ZONE))


ODD: tuple[Any, ...] = (
    *(0.1, 2.5, 100.0, -0.0, float("nan"), float("inf"), True, False, Text("pro"), b"a", object()),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 2**53, 2**53 + 1, Decimal(2**53) + 1, 10**30),
    *("5", "1", "true", "", 0, 1, [], ["vip", 1], [None, True], [[1]], [0.1], [Decimal("sNaN")], ("a",), {}),
    *(datetime(2026, 3, 1), date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC), berlin(datetime(2026, 3, 1))),
    *(timedelta(), timedelta(days=30)),
)
FITTING: dict[str, tuple[Any, ...]] = {
    "plan": ("free", "pro", "team", "", "Pro", "5"),
    "email": ("pro@example.com", "", "free", "r"),
    "spend": (
        0,
        1,
        5,
        100,
        Decimal("0.1"),
        Decimal("2.50"),
        Decimal("-0.5"),
        2**53,
        2**53 + 1,
        Decimal("1E+30"),
    ),
    "orders": (0, 1, 2, 5, -3, 2**53, 10**30, Decimal("5.0")),
    "vip": (True, False),
    "renewal": tuple(
        berlin(datetime(*day))
        for day in ((2026, 2, 28), (2026, 3, 1), (2026, 3, 29), (2026, 3, 30), (2025, 10, 26), (2025, 10, 27))
    ),
    "seen": (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    ),
    "quiet_for": (timedelta(), timedelta(days=30), timedelta(hours=12), timedelta(days=-1)),
    "tags": ([], ["vip"], ["a", "pro"], ("vip", "a"), [1, "a"], [True], [None]),
}


def state(chance: random.Random) -> Env:
    """A state in which some values are null, missing or of another type than their facts'."""

    def value(name: str) -> Any:
        draw = chance.random()
        if draw < 0.15:
            return None
        return chance.choice(ODD) if draw < 0.25 else chance.choice(FITTING[name])

    customer = {name: value(name) for name in FACTS if chance.random() > 0.03}
    every = [*ODD, None, *(each for values in FITTING.values() for each in values)]
    event = {name: chance.choice(every) for name in PROPERTIES if chance.random() > 0.1}
    now = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(hours=chance.randint(-2000, 2000))
    return Env(customer=customer, event=event, now=now)


def lines(count: int, chance: random.Random) -> list[Expression]:
    """Lines that the language takes."""
    writer = Lines(chance)
    found: list[Expression] = []
    while len(found) < count:
        try:
            found.append(compile_expression(writer.line(), SCOPE))
        except ExpressionError:
            continue
    return found


def condition(pool: Sequence[Expression], chance: random.Random) -> Condition:
    """Lines put together as all, as any, or one in the other."""

    def some(least: int, most: int) -> list[Expression]:
        return chance.sample(pool, chance.randint(least, most))

    shape = chance.random()
    if shape < 0.55:
        return all_of(some(0, 4))
    if shape < 0.7:
        return any_of(some(0, 3))
    if shape < 0.9:
        return all_of([*some(0, 2), any_of(some(1, 3)), *some(0, 1)])
    return any_of([all_of(some(1, 3)), *some(0, 2), all_of([any_of(some(0, 2)), *some(0, 1)])])


def by_rule_engine(line: Expression, env: Env) -> Outcome:
    """The outcome of a line as rule-engine's own evaluation makes it."""
    try:
        return Outcome.MET if line.oracle.evaluate(env) else Outcome.NOT_MET
    except Exception:
        unknown = any(reader(name)(env) is None for name in line.names)
        return Outcome.UNKNOWN if unknown else Outcome.ERROR


def by_rank(condition: Condition, outcome: Callable[[Expression], Outcome]) -> Outcome:
    """The outcome of a condition by the words of the language, from those of its lines."""
    outcomes = [
        outcome(line) if isinstance(line, Expression) else by_rank(line, outcome) for line in condition.lines
    ]
    settles, otherwise = (Outcome.NOT_MET, Outcome.MET) if condition.every else (Outcome.MET, Outcome.NOT_MET)
    ranks = (settles, Outcome.ERROR, Outcome.UNKNOWN)
    return next((rank for rank in ranks if rank in outcomes), otherwise)


def each_line(condition: Condition) -> Iterator[Expression]:
    """The lines of a condition and of the lists in it, in their order."""
    for line in condition.lines:
        yield from [line] if isinstance(line, Expression) else each_line(line)


def written(condition: Condition) -> dict[str, list[Any]]:
    """A condition as it would be written."""
    lines = [line.text if isinstance(line, Expression) else written(line) for line in condition.lines]
    return {"all" if condition.every else "any": lines}


@dataclass
class Result:
    """What came of comparing: pairs by outcome, how many had to be evaluated one by one, each difference."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    one_by_one: int = 0
    differences: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def pairs(self) -> int:
        return self.outcomes.total()

    @property
    def settled(self) -> int:
        """How many pairs were settled together with others."""
        return self.pairs - self.one_by_one

    def told(self, *head: str, between: str) -> int:
        """Print it; gives the exit code, which tells whether there was a difference."""
        print(*head, sep="\n")
        for outcome in Outcome:
            print(f"  {outcome.value:8} {self.outcomes[outcome]:>9,}")
        print(f"differences between {between}: {len(self.differences)}")
        for difference in self.differences[:10]:
            print(" ", *difference)
        return 1 if self.differences else 0

    def share(self, number: int) -> str:
        """A number of pairs, and which part of all that is."""
        return f"{number:,} ({number / self.pairs:.1%})"


def compare(conditions: int, states: int, seed: int) -> Result:
    """Judge each condition in each state in three ways, and each line of its trace."""
    chance = random.Random(seed)
    pool = lines(max(50, conditions // 4), chance)
    envs = [state(chance) for _ in range(states)]
    oracle = [{line: by_rule_engine(line, env) for line in pool} for env in envs]
    result = Result()
    for start in range(0, conditions, CONDITIONS_AT_ONCE):
        made = [condition(pool, chance) for _ in range(min(CONDITIONS_AT_ONCE, conditions - start))]
        index = Index(made)
        for env, known in zip(envs, oracle, strict=True):
            result.one_by_one += len(positions(index.settle(env).open))
            for each, found in zip(made, index.outcomes(env), strict=True):
                own, wanted = each.outcome(env), by_rank(each, known.__getitem__)
                result.outcomes[wanted] += 1
                traced = [line.outcome for line in each.trace(env)]
                lines_alike = traced == [known[line] for line in each_line(each)]
                if not (found is own is wanted and lines_alike):
                    result.differences.append((written(each), env.customer, env.event, found, own, wanted))
    return result


def main(arguments: Sequence[str]) -> int:
    """Compare and print; the exit code tells whether there was a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.index_pairs")
    parser.add_argument("--conditions", type=int, default=10_000)
    parser.add_argument("--states", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260301)
    asked = parser.parse_args(arguments)
    result = compare(asked.conditions, asked.states, asked.seed)
    return result.told(
        f"{result.pairs:,} pairs of condition and state, seed {asked.seed}",
        f"settled by the index without evaluating: {result.share(result.settled)}",
        between="index, compiled condition, its trace and rule-engine",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
