"""The straight-line function: it settles what asking table after table does, for values of any type."""

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.expressions import Condition, Env, Kind, Outcome, Scope, all_of, compile_expression
from engine.expressions.clauses import clauses_of
from engine.expressions.clauses.terms import terms_of
from engine.expressions.index import Index, straight
from engine.expressions.index.tables import ROOTS, Placed, Table, tables_of
from engine.expressions.regex import LARGEST_PROGRAM, compiled

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "spend": Kind.NUMBER,
        "orders": Kind.NUMBER,
        "seen": Kind.TIME,
        "quiet": Kind.DURATION,
        "tags": Kind.LIST,
    },
    event={},
)
LINES = (
    "customer.plan == 'pro'",
    "customer.plan in ['pro', 'team'] and customer.plan != 'free'",
    "customer.plan =~ 'p'",
    "customer.plan !~~ 'o$'",
    "customer.spend >= 2.5",
    "customer.spend < 10",
    "customer.spend > 10 and customer.spend != 12",
    "customer.spend <= 2.5",
    "customer.orders >= 3",
    "customer.orders == 3",
    'customer.seen < d"2026-03-01T00:00:00Z"',
    'customer.seen >= d"2025-10-26T02:30:00+02:00"',
    "customer.quiet > 2d",
    "'vip' in customer.tags",
    "'new' not in customer.tags and 'vip' in customer.tags",
    "event.total > 5",
    "event.coupon == null",
    "now - customer.seen > 30d",
)
VALUES: tuple[Any, ...] = (
    *(None, True, "pro", "team", "free", "p\ud800", 0, 2, 3, 10, 2**70, 2.5, float("nan")),
    *(Decimal("2.5"), Decimal(10), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
    *(datetime(2026, 3, 1, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2026, 3, 1)),
    *(datetime(2025, 10, 26, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin")) for fold in (0, 1)),
    *(timedelta(days=2), timedelta(days=3), [], ["vip"], ["vip", "new"], ("new",), [[]], object()),
)
NAMES = ("plan", "spend", "orders", "seen", "quiet", "tags")


class Raising(dict[str, Any]):
    """Facts of which some cannot be computed, and some are not known."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(name) if name == "spend" else ZeroDivisionError


def conditions(lines: tuple[str, ...] = LINES) -> list[Condition]:
    return [all_of([compile_expression(line, SCOPE)]) for line in lines]


def tables(some: list[Condition]) -> tuple[tuple[Table, ...], int]:
    placed = []
    for place, condition in enumerate(some):
        found = terms_of(clauses_of(condition))
        placed.extend(Placed(place, term, found.tame) for term in found.terms)
    everything = (1 << len(some)) - 1
    return tables_of(placed, everything), everything


def one_by_one(asked: tuple[Table, ...], env: Env, standing: int) -> straight.State:
    failing = null = unsure = 0
    for table in asked:
        if not standing & table.uses:
            continue
        try:
            if table.read is None:
                roots = (env.customer, env.event, env.input)
                assert ROOTS[table.root] in ("customer", "event", "input")
                value = _read(roots[table.root], table.name)
            else:
                value = table.read(env)
            masks = table.looks[type(value)](value)
        except Exception:
            unsure |= table.uses
            continue
        standing &= masks.keep
        failing |= masks.fail
        null |= masks.null
        unsure |= masks.unsure
    return standing, failing, null, unsure


def _read(values: Any, name: str) -> Any:
    try:
        return values[name]
    except KeyError:
        return None


def states() -> Iterator[Env]:
    chance = random.Random(20260301)
    now = datetime(2026, 3, 10, tzinfo=UTC)
    for kind in (dict, Raising):
        for _ in range(600):
            facts = kind({name: chance.choice(VALUES) for name in NAMES if chance.random() < 0.9})
            event = {name: chance.choice(VALUES) for name in ("total", "coupon") if chance.random() < 0.7}
            yield Env(customer=facts, event=event, now=now)


def test_it_settles_what_the_tables_do_one_after_the_other() -> None:
    asked, everything = tables(conditions())
    (step,) = straight.steps_of(asked)

    for env in states():
        assert step(env, everything, 0, 0, 0) == one_by_one(asked, env, everything)


def test_many_tables_are_several_functions_with_one_answer() -> None:
    names = [f"p{number}" for number in range(straight.MOST_TABLES + 5)]
    asked, everything = tables(conditions(tuple(f"event.{name} == 'yes'" for name in names)))
    steps = straight.steps_of(asked)
    env = Env(event=dict.fromkeys(names[::2], "yes"))

    state = (everything, 0, 0, 0)
    for step in steps:
        state = step(env, *state)

    assert len(steps) == 2
    assert state[0] == sum(1 << place for place in range(0, len(names), 2))


def test_items_of_a_list_are_looked_up_without_a_call() -> None:
    # given lines that ask for items of a list, and the same items as a tuple, which is looked up by a call
    asked, everything = tables(conditions(("'vip' in customer.tags", "'new' in customer.tags")))
    (step,) = straight.steps_of(asked)
    calls: list[str] = []

    def settled(tags: Any) -> straight.State:
        calls.clear()
        sys.setprofile(
            lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None
        )
        try:
            return step(Env(customer={"tags": tags}), everything, 0, 0, 0)
        finally:
            sys.setprofile(None)

    # then both come out alike, and the list without calling anything written in Python
    in_place = settled(["a", "vip"])
    assert calls.count("__call__") == 0
    assert settled(("a", "vip")) == in_place == (1, 0, 0, 0)
    assert calls.count("__call__") == 2


def test_indexes_of_one_shape_share_their_code() -> None:
    one, _ = tables(conditions(("customer.plan == 'pro'",)))
    other, _ = tables(conditions(("customer.plan == 'team'",)))

    assert straight.steps_of(one)[0].__code__ is straight.steps_of(other)[0].__code__  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["pro 7", "no", "p\ud800", None])
def test_patterns_that_are_too_large_together_are_searched_for_in_turn(text: str | None) -> None:
    patterns = [f"pro [0-9a-f]{{{number}}}|{'x' * 200}" for number in range(1, 20)]
    assert sum(compiled(pattern).programsize for pattern in patterns) > 2 * LARGEST_PROGRAM
    some = conditions(tuple(f"customer.plan =~ '{pattern}'" for pattern in patterns))
    env = Env(customer={"plan": text})

    assert len(tables(some)[0]) > 2
    assert Index(some).outcomes(env) == [condition.outcome(env) for condition in some]
    assert Index(some).matching(env) == ([0] if text == "pro 7" else [])
    assert Outcome.UNKNOWN not in Index(some).outcomes(env)
