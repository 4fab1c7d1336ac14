"""The worker: it rests until there is something to do, and not longer."""

from __future__ import annotations

import pytest

from engine.model.values import DAY, MINUTE, SECOND
from engine.runtime.clock import VirtualClock
from engine.runtime.worker import Worker
from tests.integration.runtime.conftest import START


def test_what_comes_due_while_a_pass_is_made_is_played_at_once(
    open_engine, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two carts that are given up a minute apart
    engine = open_engine()
    for number, customer in enumerate(("ann", "bob")):
        cart = {
            "customer": customer,
            "event": "cart_updated",
            "id": customer,
            "cart_id": customer,
            "total": 1,
        }
        clock.move_to(START + number * MINUTE)
        engine.ingest([cart], source="shop").result()

    # when the second comes due while the worker is at the first
    worker = Worker(engine._drive)
    clock.move_to(START + DAY + 1)
    monkeypatch.setattr(engine._drive, "beat", lambda: clock.move_to(START + DAY + MINUTE + 1))
    again = worker._step()

    # then the worker does not rest first
    assert again is not None and again <= clock.now()

    # and one that nobody can play is left alone for a second
    monkeypatch.setattr(engine._drive, "next_due", lambda: START)
    assert worker._step() == clock.now() + SECOND


def test_what_is_written_wakes_the_worker_only_where_it_is_due_before_it_looks_anyhow(
    open_engine, clock: VirtualClock
) -> None:
    # given a worker at rest until an instant, and how often it was woken
    worker = Worker(open_engine()._drive)
    assert worker._until(START + DAY) == START + DAY

    # when something is written that is due after that, then it sleeps on
    worker.expect(START + DAY)
    assert not worker._woken.is_set()

    # and when something is due before, then it looks
    worker.expect(START + DAY - 1)
    assert worker._woken.is_set()


def test_what_is_written_while_a_pass_is_made_is_not_slept_through(open_engine, clock: VirtualClock) -> None:
    # given a worker that has asked the database for what is due next, and does not rest yet
    worker = Worker(open_engine()._drive)

    # when something is written that is due before that
    worker.expect(START + MINUTE)

    # then it rests until then and no longer
    assert worker._until(START + DAY) == START + MINUTE
    assert worker._until(None) == START + MINUTE


def test_an_event_that_leaves_nothing_to_do_lets_the_worker_sleep(
    open_engine, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an engine, and what its worker is told to expect
    engine = open_engine()
    expected: list[int] = []
    monkeypatch.setattr(engine._shell, "expect", expected.append)

    # when an event comes in that no rule waits for, then one whose cart is given up a day later
    engine.ingest([{"customer": "ann", "event": "hello", "id": "1"}], source="shop").result()
    assert expected == []
    cart = {"customer": "ann", "event": "cart_updated", "id": "2", "cart_id": "c", "total": 1}
    engine.ingest([cart], source="shop").result()

    # then it expects that instant
    assert expected == [START + DAY]
