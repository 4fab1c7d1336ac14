"""What the core fails on costs nobody else anything."""

import pytest

from engine.model.values import DAY, MINUTE
from engine.runtime import tick
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import outbox


def reached(recorded: dict[str, Recorder]) -> list[str]:
    return sorted(delivery.customer for delivery in recorded["email.send"].deliveries)


def cart(customer: str) -> list[dict[str, object]]:
    traits = {"email": f"{customer}@example.com", "marketing_email": True}
    return [
        {"customer": customer, "event": "identify", "traits": traits},
        {"customer": customer, "event": "cart_updated", "id": customer, "cart_id": "k", "total": 5},
    ]


def test_a_customer_whose_due_work_fails_is_set_aside_and_tried_again(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three carts left behind, and a core that fails on one of them for a while
    play, broken = tick.play_due, True

    def failing(world, cast, changes, customer, until):  # type: ignore[no-untyped-def]
        play(world, cast, changes, customer, until)
        if customer == "bob" and broken:
            raise ZeroDivisionError

    monkeypatch.setattr(tick, "play_due", failing)
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    for customer in ("ann", "bob", "eve"):
        engine.ingest(cart(customer), source="shop", may_grant=True).result()

    # when they are due
    engine.run_until(start + DAY)

    # then the others are reminded, and the one is once the core is well
    assert reached(recorded) == ["ann", "eve"]
    broken = False
    engine.run_until(start + DAY + 2 * MINUTE)
    assert reached(recorded) == ["ann", "bob", "eve"]


def test_a_run_that_the_core_fails_on_again_and_again_ends_as_failed_and_can_go_on(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two runs that wait for their last step, and a core that fails on one of them then
    play, broken = tick.play_due, False

    def failing(world, cast, changes, customer, until):  # type: ignore[no-untyped-def]
        if customer == "bob" and broken:
            raise ZeroDivisionError
        play(world, cast, changes, customer, until)

    monkeypatch.setattr(tick, "play_due", failing)
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    for customer in ("ann", "bob"):
        engine.ingest(cart(customer), source="shop", may_grant=True).result()
    engine.run_until(start + 2 * DAY)
    broken = True

    def bob() -> tuple[str, str | None, str | None]:
        with engine.store.reader() as reader:
            (run,) = reader.runs(workflow="cart-recovery", customers=["bob"])
        return run.status.value, run.reason, run.detail

    # when that has been tried often enough
    for tries in range(tick.TRIES):
        assert bob()[0] == "waiting"
        engine.run_until(start + 3 * DAY + tries * MINUTE)

    # then its run has failed for people to see, and nobody else's
    assert bob() == ("failed", "error", "ZeroDivisionError")
    assert reached(recorded) == ["ann", "ann", "bob"]
    assert engine.next_due() is None or engine.next_due() > clock.now()

    # and it goes on where it failed once the core is well and somebody says so
    broken = False
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="cart-recovery", customers=["bob"])
    engine.retry_run(run.id, "ops@example.com").result()
    engine.run_until(start + 6 * DAY)
    assert bob()[0] == "completed"
    assert reached(recorded) == ["ann", "ann", "bob", "bob"]


def test_an_effect_that_the_core_fails_on_is_a_dead_letter(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a core that cannot check one of three effects
    attempt = outbox.attempt

    def failing(world, cast, changes, effect, now):  # type: ignore[no-untyped-def]
        if effect.customer == "bob":
            raise ZeroDivisionError
        return attempt(world, cast, changes, effect, now)

    monkeypatch.setattr(outbox, "attempt", failing)
    actions, recorded = recorders
    engine = open_engine(actions)
    for customer in ("ann", "bob", "eve"):
        order = {"customer": customer, "event": "order_completed", "total": 200}
        engine.ingest([order], source="shop").result()

    # when they are delivered
    engine.run_until(clock.now())

    # then two were, and people find the third
    assert reached(recorded) == ["ann", "eve"]
    with engine.store.reader() as reader:
        (row,) = reader.dead_letters()
    assert (row.effect.customer, row.reason) == ("bob", "core_error")

    # and it goes once the core is well and somebody says so
    monkeypatch.setattr(outbox, "attempt", attempt)
    assert not engine.replay_dead_letter(row.effect.key, "ops@example.com").result().dead
    engine.run_until(clock.now())
    assert reached(recorded) == ["ann", "bob", "eve"]
