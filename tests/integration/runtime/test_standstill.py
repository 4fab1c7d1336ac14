"""What stands still is listed, with why; what goes its way is not."""

import pytest

from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime import tick
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import outbox
from engine.runtime.engine import Engine

CART = [
    {
        "customer": "ann",
        "event": "identify",
        "traits": {"email": "ann@example.com", "marketing_email": True},
    },
    {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50},
]
ORDER = {"customer": "bob", "event": "order_completed", "id": "o1", "total": 200}


def told(engine: Engine) -> list[tuple[str, str, int]]:
    """Each run that stands still: its customer, why, and since when."""
    return [(one.run.customer, one.because.value, one.since) for one in engine.overdue()]


def waiting(engine: Engine, clock: VirtualClock) -> int:
    """Bring ann's run to its wait of two days; give when that is over."""
    engine.ingest(CART, source="shop", may_grant=True).result()
    engine.run_until(clock.now() + DAY)
    assert told(engine) == []
    return clock.now() + 2 * DAY


def test_a_run_that_no_worker_takes_up_is_overdue(open_engine, clock: VirtualClock, recorders) -> None:
    # given a run whose wait is over, and nobody who plays
    engine = open_engine(recorders[0])
    due = waiting(engine, clock)
    clock.move_to(due + 5 * MINUTE)
    assert told(engine) == []

    # when five minutes have passed
    clock.move_to(due + 5 * MINUTE + 1)

    # then it is overdue since it was due, and no more once it was played
    assert told(engine) == [("ann", "not_played", due)]
    assert engine.doctor()["overdue_runs"] == 1
    engine.pause("cart-recovery").result()
    assert told(engine) == [("ann", "paused", due)]
    engine.resume().result()
    engine.run_until(clock.now())
    assert told(engine) == []


def test_a_run_of_a_customer_who_was_set_aside_says_so(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(recorders[0])
    due = waiting(engine, clock)

    def failing(world, cast, changes, customer, until):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError

    monkeypatch.setattr(tick, "play_due", failing)
    clock.move_to(due + HOUR)
    engine.tick()

    (one,) = engine.overdue()
    assert (one.because.value, one.since) == ("set_aside", due)
    assert one.again == due + HOUR + MINUTE


def test_an_effect_that_nobody_sends_makes_its_run_overdue(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a run that waits for its message, and nobody who sends
    engine, start = open_engine(recorders[0]), clock.now()
    engine.ingest([ORDER], source="shop").result()
    clock.move_to(start + 6 * MINUTE)

    (one,) = engine.overdue()
    assert (one.run.customer, one.because.value, one.since) == ("bob", "not_sent", start)
    assert one.effect is not None and one.effect.effect.action == "email.send"


def test_a_run_whose_effect_was_given_up_by_us_waits_for_a_person(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an effect that the core failed on
    attempt = outbox.attempt

    def failing(world, cast, changes, effect, now):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError

    monkeypatch.setattr(outbox, "attempt", failing)
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    engine.ingest([ORDER], source="shop").result()
    engine.run_until(start)

    # then its run is listed until somebody replays it
    engine.run_until(start + HOUR)
    assert told(engine) == [("bob", "dead_letter", start)]
    (one,) = engine.overdue()
    monkeypatch.setattr(outbox, "attempt", attempt)
    assert one.effect is not None
    assert not engine.replay_dead_letter(one.effect.effect.key, "desk@example.com").result().dead
    engine.run_until(clock.now())
    assert told(engine) == []
    assert len(recorded["email.send"].deliveries) == 1
