"""The worker: it rests until there is something to do, and not longer."""

from __future__ import annotations

import pytest

from engine.model.values import DAY, MINUTE, SECOND
from engine.runtime.clock import VirtualClock
from engine.runtime.worker import Worker
from tests.integration.runtime.conftest import START


def test_it_rests_until_the_very_instant_at_which_something_is_due_and_does_it_then(
    open_engine, clock: VirtualClock
) -> None:
    # given a cart that is given up in a day
    engine = open_engine()
    cart = {"customer": "ann", "event": "cart_updated", "id": "a", "cart_id": "a", "total": 1}
    engine.ingest([cart], source="shop").result()
    worker = Worker(engine._drive)
    clock.move_to(START + 1)

    # then there is nothing to look at before, however long that is
    assert worker._step() == START + DAY + 1

    # and the day after, all is done that was to be done then
    clock.move_to(START + DAY + 1)
    assert worker._step() != START + DAY + 1
    with engine.store.reader() as reader:
        assert [decision.at for decision in reader.decisions()] == [START + DAY]


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
