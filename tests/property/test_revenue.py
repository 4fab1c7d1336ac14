"""Movements of recurring revenue add up, to the cent, in whatever order contracts were told of."""

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.customers.event import Event
from engine.customers.zones import instant_of, zone
from engine.metrics.formulas import Movements, gross_retention
from engine.metrics.lives import before, paying_life
from engine.metrics.periods import months_between
from engine.metrics.revenue import movements
from engine.model.facts import Subscriptions
from engine.model.values import DAY

TERMS = Subscriptions(of="billed", id="id", mrr="mrr", ends="ends", reason="reason")
START = instant_of(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
ZONES = st.sampled_from(("UTC", "Europe/Berlin", "Pacific/Apia"))
PRICES = st.one_of(st.just(0), st.decimals("0.001", "99999.999", places=3), st.just(Decimal(2000) / 12))
TOLD = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from("abc"), PRICES, st.one_of(st.none(), st.integers(-20, 100))
    ),
    max_size=12,
)


def billed(seq: int, day: int, id: str, mrr: Any, ends: int | None) -> Event:
    at = START + day * DAY
    end = None if ends is None else (at + ends * DAY) / 1_000_000
    until = None if end is None else dt.datetime.fromtimestamp(end, dt.UTC).isoformat()
    return Event(
        source="test", message_id=str(seq), customer="ann", name="billed", seq=seq,
        occurred_at=at, received_at=at, properties={"id": id, "mrr": mrr, "ends": until},
    )  # fmt: skip


@given(TOLD, ZONES, st.randoms(use_true_random=False))
def test_every_month_begins_where_the_last_one_ended(told: Any, name: str, order: Any) -> None:
    where = zone(name)
    events = [billed(seq, *one) for seq, one in enumerate(told)]
    life = paying_life(events, TERMS, where)
    months = list(months_between(START, START + 400 * DAY, where))

    found = [movements(life, *month) for month in months]

    had = before(life, months[0][0])
    for (_, end), moved in zip(months, found, strict=True):
        assert moved.start == had
        assert all(getattr(moved, field) >= 0 for field in moved.__struct_fields__)
        assert sum(bool(getattr(moved, field)) for field in moved.__struct_fields__ if field != "start") <= 1
        had = before(life, end)
        assert moved.end == had
        kept = gross_retention(moved).value
        assert kept is None or 0 <= kept <= 1
    assert sum(moved.new > 0 for moved in found) <= 1

    # and the order in which they were heard changes nothing
    shuffled = events[:]
    order.shuffle(shuffled)
    assert paying_life(shuffled, TERMS, where) == life


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20))
def test_the_movements_of_all_are_the_sum_of_each(pairs: Any) -> None:
    total = Movements()
    for _, had, has in pairs:
        moved = Movements(start=had, expansion=max(has - had, 0), contraction=max(had - has, 0))
        total = total.plus(moved)
    assert total.end == sum(has for _, _, has in pairs)
    assert msgspec.structs.asdict(total)["start"] == sum(had for _, had, _ in pairs)
