"""What is held of a fact is given up when what it rests on has changed."""

from decimal import Decimal

from engine.customers.figures import BaseFigures
from engine.customers.zones import zone
from engine.model.values import DAY, Day
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

TABLE = table_of(
    workspace_of(
        orders_7d=computed("7d", count="order"),
        orders_before=computed("7d", ending="7d ago", count="order"),
        order_ago=computed(since="order"),
        fall=computed(drop="minutes", of="usage", recent="1w", baseline="4w", against_fleet=True),
    )
)
MONDAY = at("2026-03-02")


def fleet(*totals: int) -> BaseFigures:
    """Figures with the base's totals of the weeks before the Monday."""
    first: Day = zone("UTC").day_of(MONDAY) - 7 * len(totals)
    weeks = {first + 7 * number: total for number, total in enumerate(totals)}
    return BaseFigures(as_of=MONDAY, fleet={"person:fall": weeks}, hash="any")


def test_a_fall_is_read_anew_when_the_base_has_moved_otherwise() -> None:
    # given a customer whose last week is half of what it was
    customer = Customer(TABLE)
    for week, minutes in enumerate((100, 100, 100, 100, 50)):
        when = MONDAY - (5 - week) * 7 * DAY
        customer.take(happened("usage", when, minutes=minutes))
    # when it is read in one week against a base that stands still, then against one that halved too
    still = customer.facts(MONDAY, base=fleet(*[1000] * 13))["fall"]
    moved = customer.facts(MONDAY + DAY, base=fleet(*[1000] * 12, 500))["fall"]
    # then it is told apart
    assert (still, moved) == (Decimal("0.5"), Decimal(0))


def test_a_count_holds_until_the_first_day_leaves_the_window() -> None:
    customer = Customer(TABLE)
    customer.take(happened("order", at("2026-03-02T10:00")), happened("order", at("2026-03-04T10:00")))
    counts = [customer.facts(at(f"2026-03-{day:02}"))["orders_7d"] for day in range(5, 13)]
    assert counts == [2, 2, 2, 2, 2, 1, 1, 0]


def test_a_count_is_given_up_when_an_event_comes_late() -> None:
    customer = Customer(TABLE)
    customer.take(happened("order", at("2026-03-02T10:00")))
    before = customer.facts(at("2026-03-04"))["orders_7d"]
    customer.take(happened("order", at("2026-03-01T10:00"), at("2026-03-04T10:00")))
    assert (before, customer.facts(at("2026-03-05"))["orders_7d"]) == (1, 2)


def test_how_long_ago_grows_while_since_when_holds() -> None:
    customer = Customer(TABLE)
    customer.take(happened("order", at("2026-03-02")))
    days = [customer.facts(at(f"2026-03-{day:02}"))["order_ago"].days for day in (3, 4, 5)]
    assert days == [1, 2, 3]


def test_nothing_is_held_over_from_another_table() -> None:
    # given a count read under one table
    customer = Customer(TABLE)
    customer.take(happened("order", at("2026-03-02T10:00")))
    customer.facts(at("2026-03-05"))["orders_7d"]
    # when the same name means another window in the next
    other = table_of(
        workspace_of(
            orders_7d=computed("2d", count="order"),
            order_ago=computed(since="order"),
            fall=computed(drop="minutes", of="usage", recent="1w", baseline="4w", against_fleet=True),
        )
    )
    customer.table = other
    # then it is read anew
    assert customer.facts(at("2026-03-05"))["orders_7d"] == 0


def test_a_window_that_ended_holds_until_a_day_comes_into_it_or_leaves() -> None:
    # given orders of two days, read each midnight
    customer = Customer(TABLE)
    customer.take(happened("order", at("2026-03-12T10:00")), happened("order", at("2026-03-14T10:00")))
    read = {}
    for day in range(15, 32):
        held = customer.state.held.get("orders_before")
        value = customer.facts(at(f"2026-03-{day:02}"))["orders_before"]
        read[day] = value, customer.state.held["orders_before"] is not held
    # then it is read anew on the days on which it is another, and no other
    changes = {day: value for day, (value, anew) in read.items() if anew}
    assert changes == {15: 0, 20: 1, 22: 2, 27: 1, 29: 0}
    assert [value for value, _ in read.values()] == [0] * 5 + [1, 1] + [2] * 5 + [1, 1] + [0] * 3
