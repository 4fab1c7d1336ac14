"""Meters: what a process counts once it is committed, and how the work stands in the database."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.errors import NotFoundError
from engine.model.values import DAY, HOUR, MINUTE, SECOND
from engine.runtime import meters
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.timeline import deliver

ANN = {
    "customer": "ann",
    "event": "identify",
    "id": "i1",
    "traits": {"email": "ann@example.com", "marketing_email": True},
}
CART = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50}
ORDER = {"customer": "bob", "event": "order_completed", "id": "o1", "total": 200}
SMALL = {"customer": "bob", "event": "order_completed", "id": "o2", "total": 2}


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "FRESH", 0.0)


def shown(engine: Engine) -> Mapping[tuple[str, ...], float]:
    """Every number by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name.removeprefix("holdfast_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(engine.meters.text().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_what_was_done_is_counted(open_engine, clock: VirtualClock, recorders) -> None:
    # given a customer with a cart, one order of two hundred and one of two, one of them twice, and nonsense
    engine, start = open_engine(recorders[0]), clock.now()
    raws = [ANN, CART, ORDER, SMALL, ORDER, ORDER | {"total": 7}, {"event": "of nobody"}]
    engine.ingest(raws, source="shop", may_grant=True).result()
    engine.run_until(start + DAY)

    # then the meters say so
    found = shown(engine)
    events = {name: found["events_total", name] for name in ("received", "accepted", "duplicates")}
    assert events == {"received": 7, "accepted": 4, "duplicates": 1}
    assert (found["events_total", "conflicts"], found["events_total", "quarantined"]) == (1, 1)
    assert found["decisions_total", "fired", "big-order"] == 1
    assert found["decisions_total", "not_met", "big-order"] == 1
    assert found["decisions_total", "fired", "cart-left"] == 1
    assert (found["runs_started_total", "tell-desk"], found["runs_started_total", "cart-recovery"]) == (1, 1)
    assert found["runs_ended_total", "completed", "tell-desk"] == 1
    assert ("runs_ended_total", "completed", "cart-recovery") not in found
    assert found["effects_settled_total", "executed"] == 2
    assert found["commit_seconds_count",] > 1

    # and how the work stands
    assert (found["runs_open",], found["runs_overdue",], found["dead_letters",]) == (1, 0, 0)
    assert (found["intake_queue",], found["set_aside",], found["due_lag_seconds",]) == (0, 0, 0)
    assert found["processes", "serve"] == 1


def test_a_refused_run_is_not_a_start(open_engine, clock: VirtualClock, recorders) -> None:
    engine = open_engine(recorders[0])
    engine.ingest([CART], source="shop").result()
    engine.run_until(clock.now() + DAY)

    found = shown(engine)
    assert found["runs_started_total", "cart-recovery"] == 0
    assert found["runs_ended_total", "refused", "cart-recovery"] == 1


def test_what_waits_too_long_shows_as_lag(open_engine, clock: VirtualClock, recorders) -> None:
    # given a message that nobody sends, a timer that nobody plays, and a workflow that is held back
    engine, start = open_engine(recorders[0]), clock.now()
    engine.ingest([ANN, CART, ORDER], source="shop", may_grant=True).result()
    engine.pause("cart-recovery").result()
    clock.move_to(start + DAY + HOUR)

    found = shown(engine)
    assert found["outbox_lag_seconds",] == (DAY + HOUR) // SECOND
    assert found["due_lag_seconds",] == HOUR // SECOND
    assert (found["effects_waiting",], found["runs_overdue",]) == (1, 1)
    assert found["paused", "cart-recovery"] == 1
    assert ("processes", "serve") not in found


def test_what_is_not_committed_is_not_counted(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a transaction that fails once everything in it was counted
    engine = open_engine(recorders[0])
    engine.ingest([SMALL], source="shop").result()
    before = shown(engine)
    cancel = deliver.cancel

    def failing(world, cast, changes, *rest):  # type: ignore[no-untyped-def]
        cancel(world, cast, changes, *rest)
        raise NotFoundError("gone")

    engine.ingest([ORDER], source="shop").result()
    with engine.store.reader() as reader:
        (run,) = reader.runs()
    monkeypatch.setattr(deliver, "cancel", failing)
    with pytest.raises(NotFoundError):
        engine.cancel_run(run.id, "desk").result()

    # then only what was committed counts
    found = shown(engine)
    assert found["runs_started_total", "tell-desk"] == 1
    assert ("runs_ended_total", "cancelled", "tell-desk") not in found
    assert found["commit_seconds_count",] == before["commit_seconds_count",] + 1


def test_the_database_is_read_at_most_every_few_seconds(
    open_engine, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "FRESH", 3600.0)
    engine = open_engine(recorders[0])
    assert shown(engine)["runs_open",] == 0
    engine.ingest([ORDER], source="shop").result()
    found = shown(engine)
    assert (found["runs_open",], found["runs_started_total", "tell-desk"]) == (0, 1)


def test_a_duty_shows_while_somebody_has_it(open_engine, clock: VirtualClock) -> None:
    engine = open_engine()
    with engine.store.begin() as writer:
        writer.take_lease("lead", "a", now=clock.now(), until=clock.now() + MINUTE)
    assert shown(engine)["duty_held", "lead"] == 1
    clock.move_to(clock.now() + MINUTE)
    assert shown(engine)["duty_held", "lead"] == 0
