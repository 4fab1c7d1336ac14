"""A sweep: conditions over all customers, the outcome of each as the condition gives it alone."""

import polars as pl
import pytest

from engine.expressions import Condition, Env, Kind, Outcome, Scope, all_of, any_of, compile_expression
from engine.expressions.columns import Sweep, column_of, sweep

KINDS = {"plan": Kind.TEXT, "spend": Kind.NUMBER, "orders": Kind.NUMBER}
SCOPE = Scope(customer=KINDS, event={})
CUSTOMERS = [
    {"plan": "pro", "spend": 10, "orders": 2},
    {"plan": "free", "spend": 10, "orders": 0},
    {"plan": "pro", "spend": None, "orders": 1},
    {"plan": None, "spend": 3, "orders": 5},
    {"plan": "pro", "spend": "ten", "orders": 1},
]


def condition(*texts: str) -> Condition:
    return all_of([compile_expression(text, SCOPE) for text in texts])


class Asked:
    """Gives a customer's values, and keeps who was asked for."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, row: int) -> Env:
        self.rows.append(row)
        return Env(customer=CUSTOMERS[row], event={})


def swept(asked: Asked, *conditions: Condition) -> Sweep:
    columns = {
        f"customer.{name}": column_of(kind, [customer[name] for customer in CUSTOMERS])
        for name, kind in KINDS.items()
    }
    return Sweep(conditions, columns, asked)


@pytest.mark.parametrize(
    "given",
    [
        condition("customer.plan == 'pro'", "customer.spend >= 5"),
        condition("customer.plan == 'pro' and customer.spend >= 5"),
        condition("customer.spend >= 5 or customer.plan == 'pro'"),
        condition("customer.plan == 'pro' or customer.spend >= 5"),
        condition("customer.spend / customer.orders > 4"),
        condition("customer.plan == 'pro'", "customer.spend / customer.orders > 4"),
        condition("customer.spend > 1", "event.total > 1"),
        condition("true"),
        condition("false"),
        condition(),
        any_of([]),
        any_of([condition("customer.plan == 'free'"), compile_expression("customer.spend > 5", SCOPE)]),
    ],
)
@pytest.mark.parametrize("chunk", [2, 1000], ids=["in chunks", "at once"])
def test_each_outcome_is_the_conditions_own(
    given: Condition, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CHUNK", chunk)
    wanted = [given.outcome(Env(customer=customer, event={})) for customer in CUSTOMERS]
    one = swept(Asked(), given)

    assert one.outcomes() == [wanted]
    assert [rows.to_list() for rows in one.met()] == [
        [row for row, outcome in enumerate(wanted) if outcome is Outcome.MET]
    ]


def test_only_those_whom_the_other_lines_leave_are_evaluated_one_by_one() -> None:
    asked = Asked()

    met = swept(asked, condition("customer.orders >= 2", "customer.spend / customer.orders > 1")).met()

    assert met[0].to_list() == [0]
    assert asked.rows == [0, 3]


def test_conditions_of_nobody_and_of_all_keep_their_places() -> None:
    met = swept(Asked(), condition("false"), condition("customer.orders >= 2"), condition("true")).met()

    assert [rows.to_list() for rows in met] == [[], [0, 3], [0, 1, 2, 3, 4]]
    assert all(rows.dtype == pl.UInt32 for rows in met)
