"""Lives as steps: what is paid when, whatever order it was heard in."""

from decimal import Decimal
from itertools import permutations

import msgspec
import pytest

from engine.customers.event import Event
from engine.customers.zones import zone
from engine.metrics.lives import Step, active_life, before, ends_within, in_cents, paying_life, starts_within
from engine.model.facts import Subscriptions
from engine.model.values import DAY
from tests.customer_facts import at, happened

TERMS = Subscriptions(of="billed", id="id", mrr="mrr", ends="ends", reason="reason")


def steps(*events: Event) -> list[tuple[int, int]]:
    return [(step.at, step.cents) for step in paying_life(events, TERMS, zone("UTC"))]


def test_an_end_in_the_future_is_a_step_when_it_comes() -> None:
    told = [
        happened("billed", at("2026-03-01"), id="a", mrr=50),
        happened("billed", at("2026-03-05"), id="b", mrr=30, ends="2026-03-20"),
        happened("billed", at("2026-03-10"), id="a", mrr=50, ends="2026-03-31"),
    ]
    assert steps(*told) == [
        (at("2026-03-01"), 5000),
        (at("2026-03-05"), 8000),
        (at("2026-03-20T00:00Z"), 5000),
        (at("2026-03-31T00:00Z"), 0),
    ]


def test_an_end_that_is_taken_back_before_it_comes_is_no_step() -> None:
    told = [
        happened("billed", at("2026-03-01"), id="a", mrr=50),
        happened("billed", at("2026-03-10"), id="a", mrr=50, ends="2026-03-31"),
        happened("billed", at("2026-03-20"), id="a", mrr=50),
    ]
    assert steps(*told) == [(at("2026-03-01"), 5000)]


def test_the_order_in_which_events_are_heard_leaves_no_trace() -> None:
    told = [
        msgspec.structs.replace(happened("billed", at(day), id=id, mrr=mrr), seq=seq)
        for seq, (day, id, mrr) in enumerate(
            (("2026-03-01", "a", 50), ("2026-03-02", "b", 9), ("2026-03-03", "a", 0), ("2026-03-04", "b", 7))
        )
    ]
    assert len({tuple(steps(*order)) for order in permutations(told)}) == 1


def test_who_is_active_lapses_after_a_while() -> None:
    told = [happened("order", at(day)) for day in ("2026-03-20", "2026-03-01", "2026-03-05")]
    life = active_life(told, frozenset(("order",)), 10 * DAY)
    assert [(step.at, step.cents) for step in life] == [
        (at("2026-03-01"), 1),
        (at("2026-03-05") + 10 * DAY, 0),
        (at("2026-03-20"), 1),
        (at("2026-03-20") + 10 * DAY, 0),
    ]


def test_steps_are_counted_half_open() -> None:
    life = [Step(10, 5), Step(20, 0), Step(30, 7), Step(40, 0)]
    assert [before(life, instant) for instant in (10, 11, 20, 21, 31)] == [0, 5, 5, 0, 7]
    assert [step.at for step in ends_within(life, 20, 40)] == [20]
    assert starts_within(life, 10, 30) == 1
    assert starts_within(life, 0, 31) == 2


@pytest.mark.parametrize(("amount", "cents"), [(166.665, 16667), (166.664, 16666), (0, 0), (7, 700)])
def test_half_a_cent_is_a_cent(amount: float, cents: int) -> None:
    assert in_cents(Decimal(str(amount))) == cents
