"""A workflow that starts no more: told once, about the base, by whichever process looks."""

from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports.standstill import silent_workflows
from engine.runtime.silences import check_starts
from engine.timeline.ruleset import BASE


def orders(engine: Engine, day: int, number: int = 8) -> None:
    """So many big orders on a day, each of which starts a run."""
    raws = [
        {"customer": f"c{n}", "event": "order_completed", "id": f"o-{day}-{n}", "total": 200}
        for n in range(number)
    ]
    engine.ingest(raws, source="shop").result()


def days_of_orders(engine: Engine, clock: VirtualClock, days: int) -> int:
    start = clock.now()
    for day in range(days):
        engine.run_until(start + day * DAY)
        orders(engine, day)
    return start + (days - 1) * DAY


def test_starts_that_fell_to_zero_are_told_once(open_engine, clock: VirtualClock, recorders) -> None:
    # given four weeks of orders, and then none
    engine = open_engine(recorders[0])
    shell = engine._shell
    last = days_of_orders(engine, clock, 30)
    engine.run_until(last + DAY)
    assert check_starts(shell, clock.now()) == []

    # when a day has passed without any
    engine.run_until(last + DAY + 10 * MINUTE)
    (told,) = check_starts(shell, clock.now())

    # then it is told of the base, once, and shown until it starts again
    assert (told.workflow, told.days) == ("tell-desk", 1)
    engine.run_until(last + DAY + HOUR)
    assert check_starts(shell, clock.now()) == []
    (entry,) = [one for one in engine.timeline(BASE) if one.kind == "event"]
    assert entry.of.name == "workflow_silent"
    assert entry.of.properties["workflow"] == "tell-desk"
    assert 'holdfast_silent{workflow="tell-desk"} 1.0' in engine.meters.text().decode()
    assert engine.doctor()["balanced"]

    # and a new silence after new starts is told again
    orders(engine, 31)
    with engine.store.reader() as reader:
        assert silent_workflows(reader, clock.now()) == []
    engine.run_until(clock.now() + DAY + HOUR)
    assert [one.workflow for one in check_starts(shell, clock.now())] == ["tell-desk"]


def test_another_process_does_not_tell_it_again(open_engine, clock: VirtualClock, recorders) -> None:
    # given a silence, and a process that has told it already
    engine = open_engine(recorders[0])
    last = days_of_orders(engine, clock, 30)
    engine.run_until(last + DAY + HOUR)
    check_starts(engine._shell, clock.now())
    engine.close()

    # when another one looks
    with open_engine(recorders[0]) as other:
        assert check_starts(other._shell, clock.now()) == []
        with other.store.reader() as reader:
            assert silent_workflows(reader, clock.now()) == ["tell-desk"]


def test_after_an_outage_nothing_is_told(open_engine, clock: VirtualClock, recorders) -> None:
    engine = open_engine(recorders[0])
    last = days_of_orders(engine, clock, 30)
    engine.close()
    clock.move_to(last + 10 * DAY)
    with open_engine(recorders[0]) as again:
        assert check_starts(again._shell, clock.now()) == []
