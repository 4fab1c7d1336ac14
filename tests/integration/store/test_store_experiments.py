"""Experiments in every store: customers counted by the arm they came to first, and what they spent."""

from decimal import Decimal
from typing import Any

import pytest

from engine.experiments.assignment import GLOBAL_SALT
from engine.experiments.revenue import Spending
from engine.model.reasons import DecisionOutcome
from engine.runs.changes import Changes, GoalReached
from engine.store.comparing import ArmCount, Exposed, ExposedWorkflow, Spent
from engine.store.interface import Store
from tests.integration.store import rows

WIN_BACK = Exposed(workflows=("win-back",))
LATER = 10_000


def come(
    store: Store, *comings: tuple[str, str, int], goals: dict[str, int] | None = None, **fields: Any
) -> None:
    """Let customers come to an arm at a time, each with a run; with goals by customer."""
    made = [(f"{customer}-{arm}-{at}", customer, arm, at) for customer, arm, at in comings]
    goals = goals or {}
    reached = [GoalReached(id, "win-back", goals[name]) for id, name, _, _ in made if name in goals]
    with store.begin() as writer:
        writer.write(
            Changes(
                runs={id: rows.run(id, customer=name, started_at=at, key=id) for id, name, _, at in made},
                exposures=[
                    rows.exposure(id, **{"customer": name, "arm": arm, "at": at, "design": "d"} | fields)
                    for id, name, arm, at in made
                ],
                goals=reached,
            )
        )


def spend(store: Store, *orders: tuple[str, int, Any], name: str = "order_completed") -> None:
    events = [
        rows.event(
            f"{customer}-{at}-{total}",
            customer,
            name=name,
            occurred_at=at,
            received_at=at + 3,
            properties={"total": total},
        )
        for customer, at, total in orders
    ]
    with store.begin() as writer:
        writer.add_events(events, [event.message_id for event in events])


def counted(store: Store, exposed: Exposed = WIN_BACK, before: int = LATER) -> list[tuple[Any, ...]]:
    with store.reader() as reader:
        return [
            (one.arm, one.customers, one.measured, one.reached) for one in reader.arm_counts(exposed, before)
        ]


def sums(store: Store, exposed: Exposed = WIN_BACK, **fields: Any) -> dict[str, Spending]:
    asked: dict[str, Any] = {
        "event": "order_completed",
        "property": "total",
        "after": 100,
        "before": 50,
        "measured_before": LATER,
    }
    with store.reader() as reader:
        return reader.spending(exposed, ["d"], Spent(**asked | fields))


def test_customers_are_counted_by_arm_with_their_goals(store: Store) -> None:
    come(
        store, ("ann", "treated", 100), ("bob", "treated", 200), ("cid", "held_out", 300), goals={"bob": 250}
    )

    with store.reader() as reader:
        assert reader.arm_counts(WIN_BACK, LATER) == [
            ArmCount(
                arm="held_out", design="d", conflicting=False, customers=1, measured=1, reached=0,
                reached_before=0, first_at=300, last_at=300,
            ),
            ArmCount(
                arm="treated", design="d", conflicting=False, customers=2, measured=2, reached=1,
                reached_before=0, first_at=100, last_at=200,
            ),
        ]  # fmt: skip
        assert reader.exposed_workflows() == [ExposedWorkflow("win-back", 3, 100, 300)]


def test_nothing_is_counted_of_nothing(store: Store) -> None:
    assert counted(store) == []
    assert sums(store) == {}
    with store.reader() as reader:
        assert reader.exposed_workflows() == []


def test_whose_time_is_not_over_is_not_measured(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "treated", 200), goals={"ann": 110, "bob": 210})

    assert counted(store, before=200) == [("treated", 2, 1, 1)]


def test_a_customer_counts_once_from_the_first_time(store: Store) -> None:
    # given one who comes again and only then reaches the goal
    come(store, ("ann", "treated", 100))
    come(store, ("ann", "treated", 500), goals={"ann": 600})

    assert counted(store) == [("treated", 1, 1, 0)]


def test_who_reached_the_goal_before_coming_to_a_split_is_not_measured(store: Store) -> None:
    come(store, ("ann", "plain", 100), ("bob", "plain", 100), goals={"ann": 90}, split="offer")

    with store.reader() as reader:
        [found] = reader.arm_counts(Exposed(workflows=("win-back",), split="offer"), LATER)
    assert (found.customers, found.measured, found.reached, found.reached_before) == (2, 1, 0, 1)
    assert counted(store) == []


def test_who_came_at_the_end_or_later_is_left_out(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "treated", 200))

    assert counted(store, Exposed(workflows=("win-back",), until=200)) == [("treated", 1, 1, 0)]


def test_customers_who_were_merged_are_one(store: Store) -> None:
    # given a visitor who turned out to be ann, over two steps, in the same arm; and bob, in both arms
    come(store, ("ann", "treated", 200), ("guest", "treated", 100), goals={"guest": 150})
    come(store, ("bob", "held_out", 100), ("other", "treated", 300))
    with store.begin() as writer:
        writer.bind_alias("guest", "visitor", 400, "event")
        writer.bind_alias("visitor", "ann", 401, "event")
        writer.bind_alias("other", "bob", 402, "operator")

    with store.reader() as reader:
        found = reader.arm_counts(WIN_BACK, LATER)
    assert [(one.arm, one.conflicting, one.customers, one.reached) for one in found] == [
        ("held_out", True, 1, 0),
        ("treated", False, 1, 1),
    ]


def test_designs_are_counted_apart(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "held_out", 110), design="old")
    come(store, ("ann", "held_out", 300), ("cid", "held_out", 310), design="new")

    with store.reader() as reader:
        found = reader.arm_counts(WIN_BACK, LATER)
    assert [(one.design, one.arm, one.conflicting, one.customers) for one in found] == [
        ("new", "held_out", False, 1),
        ("old", "held_out", False, 1),
        ("old", "treated", True, 1),
    ]


def test_the_global_group_stands_against_everybody_else(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "held_out", 100))
    come(store, ("cid", "held_out", 100), salt=GLOBAL_SALT)
    come(store, ("dan", "treated", 100), workflow="news")

    assert counted(store) == [("held_out", 1, 1, 0), ("treated", 1, 1, 0)]
    everywhere = Exposed(workflows=("win-back", "news"), by_global=True)
    assert counted(store, everywhere) == [("held_out", 1, 1, 0), ("treated", 3, 3, 0)]


def test_money_is_summed_exactly_by_arm(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "treated", 100), ("cid", "held_out", 100))
    spend(
        store,
        ("ann", 60, Decimal("5.5")), ("ann", 100, Decimal("0.1")), ("ann", 199, 2),
        ("cid", 150, Decimal("7.25")), ("nobody", 150, 1000),
    )  # fmt: skip

    assert sums(store) == {
        "treated": Spending(
            2, Decimal("2.1"), Decimal("4.41"), Decimal("5.5"), Decimal("30.25"), Decimal("11.55")
        ),
        "held_out": Spending(1, Decimal("7.25"), Decimal("52.5625")),
    }


def test_money_outside_the_windows_and_other_events_do_not_count(store: Store) -> None:
    come(store, ("ann", "treated", 100))
    spend(store, ("ann", 49, 1), ("ann", 200, 2))
    spend(store, ("ann", 150, 4), name="order_refunded")

    assert sums(store) == {"treated": Spending(1)}


@pytest.mark.parametrize("total", ["12.50", True, None, [1], float("inf")])
def test_what_is_no_number_is_no_money(store: Store, total: Any) -> None:
    come(store, ("ann", "treated", 100))
    spend(store, ("ann", 150, total))

    assert sums(store) == {"treated": Spending(1)}


def test_money_under_every_name_of_a_customer_counts_once(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("guest", "treated", 120))
    spend(store, ("ann", 150, 1), ("guest", 160, 2), ("older", 80, 4))
    with store.begin() as writer:
        writer.bind_alias("guest", "ann", 400, "event")
        writer.bind_alias("older", "guest", 401, "event")

    found = sums(store)["treated"]
    assert (found.n, found.y, found.x) == (1, 3, 4)


def test_money_of_those_whose_time_is_not_over_waits(store: Store) -> None:
    come(store, ("ann", "treated", 100), ("bob", "treated", 300))
    spend(store, ("ann", 150, 1), ("bob", 310, 2))

    assert sums(store, measured_before=300)["treated"].y == 1


def test_whom_rules_reached_is_counted_once_each(store: Store) -> None:
    decisions = [
        rows.decision("d-1", rule="quiet", customer="ann", at=100),
        rows.decision("d-2", rule="quiet", customer="ann", at=150),
        rows.decision("d-3", rule="drop", customer="bob", at=150, outcome=DecisionOutcome.SHADOW),
        rows.decision("d-4", rule="drop", customer="cid", at=150, outcome=DecisionOutcome.AT_MOST),
        rows.decision("d-5", rule="other", customer="dan", at=150),
        rows.decision("d-6", rule="drop", customer="eve", at=200),
    ]
    with store.begin() as writer:
        writer.write(Changes(decisions=decisions))

    with store.reader() as reader:
        assert reader.reached(["quiet", "drop"], 100, 200) == 2
        assert reader.reached([], 100, 200) == 0


def test_many_customers_stream_by(store: Store) -> None:
    # more than are fetched at once
    names = [f"c{number:04}" for number in range(1200)]
    come(store, *[(name, "treated" if place % 3 else "held_out", 100) for place, name in enumerate(names)])
    spend(store, *[(name, 120, 2) for name in names])

    found = sums(store)
    assert {arm: (one.n, one.y) for arm, one in found.items()} == {
        "treated": (800, 1600),
        "held_out": (400, 800),
    }
