"""What ends a run, and what becomes of what it had on its way."""

import pytest

from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine, instant

GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
WAITING = """
workflow: flow
class: service
key: event.cart_id
reentry: always
stop_when: [STOP]
steps:
  - wait: 1d
"""


def waiting(stop: str, *carts: str) -> VirtualEngine:
    engine = VirtualEngine(GO, WAITING.replace("STOP", stop))
    for cart in carts or ("c1",):
        engine.receive("2026-03-02 10:00", "go", cart_id=cart, order_ref=f"o-{cart}", total=50)
    return engine


def stopped(engine: VirtualEngine) -> list[str | None]:
    return [run.key for run in engine.runs("flow") if run.status.value == "stopped"]


def test_an_exit_that_carries_the_key_ends_the_run_of_that_key() -> None:
    engine = waiting("order_completed", "c1", "c2")
    engine.receive("2026-03-02 11:00", "order_completed", cart_id="c2")
    assert stopped(engine) == ["c2"]


def test_an_exit_without_the_key_ends_all_of_the_customers() -> None:
    engine = waiting("order_completed", "c1", "c2")
    engine.receive("2026-03-02 11:00", "order_completed")
    assert stopped(engine) == ["c1", "c2"]


def test_an_exit_may_say_what_must_match() -> None:
    engine = waiting("{event: order_completed, match: {order_id: event.order_ref}}", "c1", "c2")
    engine.receive("2026-03-02 11:00", "order_completed", order_id="o-c1")
    assert stopped(engine) == ["c1"]
    # without that property it matches nothing
    engine.receive("2026-03-02 12:00", "order_completed")
    assert stopped(engine) == ["c1"]


def test_an_exit_may_be_bound_to_a_condition() -> None:
    engine = waiting("{event: order_completed, where: event.total >= 20}")
    engine.receive("2026-03-02 11:00", "order_completed", total=19)
    assert stopped(engine) == []
    engine.receive("2026-03-02 12:00", "order_completed", total=20)
    assert stopped(engine) == ["c1"]


def test_the_event_that_began_a_run_never_ends_it() -> None:
    engine = waiting("go")
    assert stopped(engine) == []
    engine.receive("2026-03-02 11:00", "go", cart_id="c1")
    assert stopped(engine) == ["c1"]


def test_an_exit_that_occurred_before_what_began_the_run_does_not_end_it() -> None:
    engine = waiting("order_completed")
    engine.receive("2026-03-02 11:00", "order_completed", occurred="2026-03-02 09:59")
    assert stopped(engine) == []


def test_another_customers_event_ends_nothing() -> None:
    engine = waiting("order_completed")
    engine.receive("2026-03-02 11:00", "order_completed", "bob")
    assert stopped(engine) == []


SENDING = """
workflow: flow
class: marketing
reentry: always
holdout: 0%
goal: {event: order_completed, within: 7d, where: event.total > 10}
stop_when: [order_completed]
steps:
  - do: email.send
    with: {message: hello}
"""
CAPPED = """
policy:
  consent: {email: marketing_email}
  caps: [{class: marketing, at_most: 1 per 7d}]
"""


def sending(*texts: str) -> VirtualEngine:
    engine = VirtualEngine(CONSENT, GO, SENDING, *texts)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    return engine


def test_what_a_run_had_on_its_way_is_cancelled_and_takes_no_place_under_the_cap() -> None:
    engine = sending(CAPPED)
    engine.shut_outbox()
    engine.receive("2026-03-02 10:00", "go")
    engine.receive("2026-03-02 10:01", "order_completed", total=5)
    engine.open_outbox("2026-03-02 10:02")
    settled = engine.simulation.changes.settled[0]
    assert (settled.outcome, settled.reason) == ("cancelled", "exit")
    engine.receive("2026-03-02 11:00", "go")
    assert engine.sent() == [("2026-03-02 11:00", "hello")]


def test_an_exit_that_reaches_the_goal_is_told_as_that() -> None:
    engine = sending(POLICY)
    engine.shut_outbox()
    engine.receive("2026-03-02 10:00", "go")
    engine.receive("2026-03-03 10:01", "order_completed", total=11)
    assert engine.run("flow").goal_at == instant("2026-03-03 10:01")
    assert [one.run for one in engine.simulation.changes.goals] == [engine.run("flow").id]


@pytest.mark.parametrize(
    ("at", "total", "reached"),
    [("2026-03-09 09:59", 11, 1), ("2026-03-09 10:01", 11, 0)],
    ids=["in time", "too late"],
)
def test_the_goal_of_a_run_that_has_ended_is_still_watched(at: str, total: int, reached: int) -> None:
    engine = sending(POLICY)
    engine.receive("2026-03-02 10:00", "go")
    assert engine.ended("flow") == [("completed", None)]
    engine.receive(at, "order_completed", total=total)
    engine.receive(at, "order_completed", total=total)
    assert len(engine.simulation.changes.goals) == reached


def test_an_order_that_is_too_small_is_not_the_goal_of_a_run_that_has_ended() -> None:
    engine = sending(POLICY)
    engine.receive("2026-03-02 10:00", "go")
    engine.receive("2026-03-03 10:00", "order_completed", total=9)
    assert engine.simulation.changes.goals == []
    engine.receive("2026-03-04 10:00", "order_completed", total=11)
    assert [one.at for one in engine.simulation.changes.goals] == [instant("2026-03-04 10:00")]


def test_a_run_that_ends_is_an_event() -> None:
    engine = sending(POLICY)
    engine.receive("2026-03-02 10:00", "go")
    (ended,) = engine.recorded("run_ended")
    assert (ended["workflow"], ended["status"], ended["reason"]) == ("flow", "completed", "")
