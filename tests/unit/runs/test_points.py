"""Points of events: refunds by what was so when the points were earned, and what is forgotten in time."""

import pytest

from engine.loyalty.ledger import totals
from tests.virtual_engine import VirtualEngine

PROGRAM = """
program: rewards
earn:
  - when: order_completed
    points: "event.total * (customer.tier == 'gold' ? 2 : 1)"
    where: event.total >= 10
    expire: 30d
    reversed_by: {event: order_refunded, match: order_id, less: {total: event.amount}}
tiers: {green: {from: 0}, gold: {from: 500}}
"""
PLAIN = PROGRAM.replace("\"event.total * (customer.tier == 'gold' ? 2 : 1)\"", "event.total * 1.2")


def order(engine: VirtualEngine, at: str, id: str, total: float, **more: object) -> None:
    engine.receive(at, "order_completed", order_id=id, total=total, **more)


def refund(engine: VirtualEngine, at: str, id: str, amount: float, **more: object) -> None:
    engine.receive(at, "order_refunded", order_id=id, amount=amount, **more)


def taken(engine: VirtualEngine) -> list[int]:
    return [
        totals([one]).get("reversed", 0)
        for one in engine.simulation.changes.postings
        if one.kind == "reversed"
    ]


def test_a_refund_goes_by_the_tier_that_the_customer_had() -> None:
    engine = VirtualEngine(PROGRAM)
    order(engine, "2026-03-01 10:00", "o1", 100)
    order(engine, "2026-03-01 11:00", "o2", 500)
    order(engine, "2026-03-01 12:00", "o3", 100)
    refund(engine, "2026-03-02 10:00", "o1", 40)
    refund(engine, "2026-03-02 11:00", "o3", 40)
    assert taken(engine) == [40, 80]


def test_a_refund_goes_by_the_expression_that_was_live() -> None:
    engine = VirtualEngine(PLAIN)
    order(engine, "2026-03-01 10:00", "o1", 13.33)
    later = engine.release("2026-03-02 10:00", PLAIN.replace("* 1.2", "* 7"))
    later.receive("2026-03-03 10:00", "order_refunded", key="r1", order_id="o1", amount=3.33)
    # 13.33 earned 15, and 10.00 would have earned 12
    assert taken(later) == [3]


def test_a_way_to_earn_may_move_in_its_file() -> None:
    engine = VirtualEngine(PLAIN)
    order(engine, "2026-03-01 10:00", "o1", 100)
    moved = PLAIN.replace("earn:\n", "earn:\n  - {when: visited, points: 1}\n")
    later = engine.release("2026-03-02 10:00", moved)
    later.receive("2026-03-03 10:00", "order_refunded", key="r1", order_id="o1", amount=50)
    assert taken(later) == [60]


def test_what_is_left_below_where_would_have_earned_nothing() -> None:
    engine = VirtualEngine(PLAIN)
    order(engine, "2026-03-01 10:00", "o1", 15)
    refund(engine, "2026-03-02 10:00", "o1", 5.01)
    assert taken(engine) == [18]


def test_a_refund_of_another_order_takes_nothing() -> None:
    engine = VirtualEngine(PLAIN)
    order(engine, "2026-03-01 10:00", "o1", 15)
    refund(engine, "2026-03-02 10:00", "o2", 15)
    refund(engine, "2026-03-02 11:00", "o1", -3)
    assert taken(engine) == []


@pytest.mark.parametrize(("again", "points"), [("r1", 6), ("r2", 12)])
def test_refunds_that_come_before_their_order_wait_for_it_each_once(again: str, points: int) -> None:
    engine = VirtualEngine(PLAIN)
    for at, key in (("2026-03-01 08:00", "r1"), ("2026-03-01 08:01", again)):
        refund(engine, at, "o1", 5, key=key, occurred="2026-03-01 08:00")
    order(engine, "2026-03-01 10:00", "o1", 20)
    assert sum(taken(engine)) == points
    assert engine.facts("2026-03-01 11:00")["points"] == 24 - points


def test_a_lot_that_has_long_been_over_is_forgotten_and_its_postings_stay() -> None:
    engine = VirtualEngine(PLAIN)
    order(engine, "2026-03-01 10:00", "o1", 100)
    engine.until("2027-05-04 12:00")
    book = engine.member().standing.ledger.book("rewards")
    assert len(book.lots) == 1
    engine.until("2027-05-07 12:00")
    assert book.lots == []
    assert totals(engine.simulation.changes.postings) == {"issued": -120, "available": 0, "expired": 120}
