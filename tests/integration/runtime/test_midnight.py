"""Midnights: figures of the whole base, from what had been received by then."""

from pathlib import Path

import pytest

from engine.customers.figures import decode_figures
from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

RFM = """
rfm: {of: order_completed, value: total, over: 365d}
"""
SEGMENT = """
segment: buyer
enter_if: customer.orders_28d >= 1
"""
MONTH = """
facts:
  orders_28d: {count: order_completed, over: 28d}
"""


def order(customer: str, id: str, total: int = 10) -> dict[str, object]:
    return {"customer": customer, "event": "order_completed", "id": id, "total": total}


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "rules" / "rfm.yaml").write_text(RFM.lstrip())
    (folder / "rules" / "month.yaml").write_text(MONTH.lstrip())
    (folder / "rules" / "buyer.yaml").write_text(SEGMENT.lstrip())
    return folder


def test_figures_are_computed_before_the_first_event_of_the_new_day(open_engine, clock: VirtualClock) -> None:
    # given customers with different sums before midnight
    engine, start = open_engine(), clock.now()
    raws = [order(f"c{number}", f"o{number}", number * 10) for number in range(1, 11)]
    engine.ingest(raws, source="shop").result()
    assert engine.customer("c1").facts["rfm_m"].value is None

    # when the next event is received after it, and nothing has happened in between
    clock.move_to(start + 12 * HOUR + MINUTE)
    engine.ingest([order("c1", "late", 10_000)], source="shop").result()

    # then the figures are those of midnight, without that event
    with engine.store.reader() as reader:
        row = reader.load_base(engine.ruleset.zone.day_of(clock.now()))
        assert reader.load_base(engine.ruleset.zone.day_of(start)) is None
    assert row is not None
    figures = decode_figures(row.figures)
    assert (figures.as_of, row.hash) == (start + 12 * HOUR, figures.hash)
    assert max(figures.cuts["rfm_m"]) == 80
    assert [engine.customer(f"c{number}").facts["rfm_m"].value for number in (1, 2, 10)] == [1, 1, 5]


def test_every_midnight_of_an_outage_has_its_figures(open_engine, clock: VirtualClock) -> None:
    # given an engine that is away for three days
    engine, start = open_engine(), clock.now()
    engine.ingest([order("ann", "o1")], source="shop").result()
    engine.close()
    clock.move_to(start + 3 * DAY)
    engine = open_engine()
    engine.run_until(clock.now())

    # then none is missing
    today = engine.ruleset.zone.day_of(clock.now())
    with engine.store.reader() as reader:
        assert [reader.load_base(day) is not None for day in range(today - 3, today + 1)] == [
            False, True, True, True,
        ]  # fmt: skip


def test_figures_stay_as_they_are_when_the_clock_is_set_back_over_midnight(
    open_engine, clock: VirtualClock, folder: Path, database: str
) -> None:
    # given a midnight's figures, an order received after it, and an engine that starts before it again
    engine, start = open_engine(), clock.now()
    raws = [order(f"c{number}", f"o{number}", number * 10) for number in range(1, 11)]
    engine.ingest(raws, source="shop").result()
    engine.run_until(start + 12 * HOUR + MINUTE)
    late = order("c1", "late", 10_000) | {"at": "2026-01-05T23:59:00Z"}
    engine.ingest([late], source="shop").result()
    assert engine.customer("c9").facts["rfm_m"].value == 5
    engine.close()
    clock = VirtualClock(start + 11 * HOUR)
    with Engine.open(folder, database, clock, work=False) as engine:
        # when that midnight comes again, then its figures are those that decisions have seen
        engine.tick()
        engine.run_until(start + 13 * HOUR)
        assert engine.customer("c9").facts["rfm_m"].value == 5


def test_a_window_that_closes_at_midnight_ends_a_membership_by_itself(
    open_engine, clock: VirtualClock
) -> None:
    engine, start = open_engine(), clock.now()
    engine.ingest([order("ann", "o1")], source="shop").result()
    assert engine.customer("ann").segments == ("buyer",)
    engine.run_until(start + 28 * DAY)
    assert engine.customer("ann").segments == ("buyer",)
    engine.run_until(start + 29 * DAY)
    assert engine.customer("ann").segments == ()
    with engine.store.reader() as reader:
        (membership,) = reader.memberships_of("ann")
    midnight = start + 12 * HOUR
    assert (membership.valid_from, membership.valid_to) == (start, midnight + 28 * DAY)


def test_after_an_import_the_figures_of_today_are_there(open_engine, clock: VirtualClock) -> None:
    engine = open_engine()
    raws = [
        order(f"c{number}", f"o{number}", number) | {"at": "2026-01-01T00:00:00Z"} for number in range(1, 11)
    ]
    engine.import_events(raws, source="import", history=True)
    engine.run_until(clock.now())
    assert engine.customer("c10").facts["rfm_m"].value == 5


def test_events_received_at_the_instant_of_due_work_come_after_it_once_it_was_played(
    open_engine, clock: VirtualClock
) -> None:
    # given that everything due at an instant has been played
    engine, start = open_engine(), clock.now()
    cart = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 5}
    engine.ingest([cart], source="shop").result()
    engine.run_until(start + DAY)

    # when an event comes at that very instant
    engine.ingest([order("ann", "o1")], source="shop").result()

    # then it was received after it, as a backtest of the record will see it
    with engine.store.reader() as reader:
        (decision,) = reader.decisions(rule="cart-left")
        received = [
            event.received_at for event in reader.events_of(["ann"]) if event.name == "order_completed"
        ]
    assert decision.at == start + DAY < received[0]
