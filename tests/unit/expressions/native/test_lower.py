"""Compiled code itself: plain values never reach rule-engine, others always do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.expressions import Env, Kind, Outcome, Scope, all_of, compile_expression
from engine.expressions.native import lower
from engine.expressions.oracle import Oracle
from engine.expressions.scope import ScopeKey

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "orders": Kind.NUMBER,
        "spend": Kind.NUMBER,
        "vip": Kind.BOOLEAN,
        "seen": Kind.TIME,
        "quiet_for": Kind.DURATION,
        "tags": Kind.LIST,
    },
    event={},
    run={"offer": None},
)
PLAIN = {
    "plan": "team",
    "orders": 3,
    "spend": Decimal("12.50"),
    "vip": True,
    "seen": datetime(2026, 1, 1, tzinfo=UTC),
    "quiet_for": timedelta(days=50),
    "tags": ["a", "vip"],
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Text(str):
    """A text that is not exactly a str."""


def unreachable(_: Any) -> Callable[[Env], Any]:
    def fail(_: Env) -> Any:
        raise AssertionError("rule-engine was asked")

    return fail


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan == 'team'",
        "customer.plan != 'free' and customer.orders >= 3",
        "customer.orders >= 2.5 or customer.vip",
        "2 < customer.orders",
        "customer.spend > customer.orders",
        "customer.spend * 2 - customer.orders / 3 > 1",
        "customer.orders % 2 == 1 and customer.orders // 2 == 1",
        "customer.quiet_for > 45d",
        "now - customer.seen > 30d",
        'customer.seen < d"2026-02-01"',
        "customer.plan in ['team', 'pro']",
        "customer.plan not in ['free']",
        "'vip' in customer.tags",
        "customer.tags.length == 2 and not customer.tags.is_empty",
        "customer.plan.as_lower == 'team' and customer.plan.as_upper == 'TEAM'",
        "customer.plan =~ 't' and customer.plan !~~ 'x'",
        "customer.vip ? customer.orders > 1 : customer.orders > 100",
        "(event.absent ?? customer.orders) == 3",
        "-customer.orders < 0",
        "customer.vip == true",
        "event.absent == null",
        "run.offer.code == null",
        "customer.plan + '!' == 'team!'",
        "not (customer.orders > 5 or customer.spend < 1)",
        # A name that an earlier part would have read, but did not come to.
        "(customer.orders > 5 and customer.spend > 100) or customer.spend > 2",
        "(customer.orders > 1 or customer.spend > 100) and customer.spend > 2",
        "(customer.vip ? 1 : customer.spend) == 1 and customer.spend > 2",
    ],
)
def test_plain_values_do_not_reach_rule_engine(text: str) -> None:
    # Given a function whose way to rule-engine is closed
    root = Oracle(text, ScopeKey(SCOPE)).root
    function = lower.condition(root, unreachable, unreachable(None), unreachable(None))
    # When plain values come, then it finds the outcome by itself
    assert function(Env(customer=PLAIN, now=NOW)) is Outcome.MET


@pytest.mark.parametrize(
    ("text", "junk"),
    [
        ("customer.plan == 'team'", {"plan": ["team"]}),
        ("customer.plan == 'team'", {"plan": Text("team")}),
        ("customer.orders > 1", {"orders": 2.5}),
        ("customer.orders > 1", {"orders": True}),
        ("customer.orders == 1", {"orders": 1.0}),
        ("customer.orders + 1 > 1", {"orders": 0.1}),
        ("customer.orders < customer.spend", {"orders": 0.1}),
        ("customer.seen < now", {"seen": datetime(2026, 1, 1)}),
        ("'vip' in customer.tags", {"tags": [0.1]}),
        ("'vip' in customer.tags", {"tags": {"vip"}}),
        ("customer.tags.length > 1", {"tags": [[]]}),
        ("customer.plan =~ 't'", {"plan": Text("team")}),
        ("customer.vip", {"vip": []}),
    ],
)
def test_other_values_always_do(text: str, junk: dict[str, Any]) -> None:
    def asked(_: Any) -> str:
        return "rule-engine was asked"

    root = Oracle(text, ScopeKey(SCOPE)).root
    function = lower.condition(root, unreachable, unreachable(None), asked)
    assert function(Env(customer={**PLAIN, **junk}, now=NOW)) == "rule-engine was asked"


@pytest.mark.parametrize(
    "text",
    [
        "customer.orders > 1",
        "customer.orders + 1 > 1",
        "-customer.orders > 1",
        "'vip' in customer.tags",
        "customer.tags.length > 1",
        "now - customer.seen > 1d",
        "customer.vip ? customer.orders > 1 : customer.orders > 2",
    ],
)
def test_a_null_is_unknown_without_rule_engine(text: str) -> None:
    root = Oracle(text, ScopeKey(SCOPE)).root
    function = lower.condition(root, unreachable, unreachable(None), unreachable(None))
    assert function(Env(now=NOW)) is Outcome.UNKNOWN


def test_constants_and_names_of_an_author_are_never_python() -> None:
    # Given a text that would be Python if it were put into the source as it is
    text = "customer.plan == '\\'); raise SystemExit(\\'' or customer.plan == \"k0\""
    function = lower.condition(
        Oracle(text, ScopeKey(SCOPE)).root, unreachable, unreachable(None), unreachable(None)
    )
    assert function(Env(customer=PLAIN)) is Outcome.NOT_MET


def test_lines_together_find_their_outcome_by_themselves() -> None:
    # Given a list of all with an any inside, whose second line is not reached but reads what the last does
    oracles = [
        Oracle(text, ScopeKey(SCOPE))
        for text in ("customer.vip", "customer.orders > 1", "customer.spend > 100", "customer.spend > 2")
    ]
    first, one, other, last = [(oracle.root, unreachable) for oracle in oracles]
    shape = lower.Lines(True, (first, lower.Lines(False, (one, other)), last))
    # Then the whole is met without looking line by line
    assert lower.together(shape, unreachable(None))(Env(customer=PLAIN)) is Outcome.MET


def test_lines_together_leave_the_unknown_to_be_looked_at_line_by_line() -> None:
    entries = ((Oracle("customer.orders > 1", ScopeKey(SCOPE)).root, unreachable),)
    together = lower.together(lower.Lines(True, entries), lambda env: "line by line")
    assert together(Env()) == "line by line"


# The clocks of Berlin show 02:30 twice on this day, first at 00:30 in UTC and then at 01:30.
_TWICE = datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize(
    "constant", ["2025-10-26T02:30:00", "2025-10-26T00:30:00Z", "2025-10-26T03:30:00+02:00"]
)
@pytest.mark.parametrize(
    "seen",
    [
        *(datetime(2025, 10, 26, hour, minute, tzinfo=UTC) for hour in (0, 1) for minute in (29, 30, 31)),
        *(_TWICE, _TWICE.replace(fold=1), datetime(2025, 10, 26, 2, 30)),
    ],
)
def test_times_of_any_zone_compare_as_rule_engine_has_it(seen: datetime, constant: str, sign: str) -> None:
    known = Scope(customer={"seen": Kind.TIME}, event=None, zone="Europe/Berlin")
    line = compile_expression(f'customer.seen {sign} d"{constant}"', known)
    env = Env(customer={"seen": seen})

    wanted = Outcome.MET if line.oracle.evaluate(env) else Outcome.NOT_MET
    assert line.outcome(env) is wanted
    assert all_of([line]).outcome(env) is wanted
