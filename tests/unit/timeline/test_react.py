"""What an event does to runs that are open: reach the goal, end them, move them on, flag them."""

import pytest

from engine.timeline.deliver import attempt
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine, instant

GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: service
reentry: always
goal: {event: order_completed, within: 7d}
stop_when: [left]
steps:
  - wait: 30d
"""


def running(flow: str = FLOW, *texts: str) -> VirtualEngine:
    engine = VirtualEngine(GO, flow, *texts)
    engine.receive("2026-03-02 10:00", "go")
    return engine


def test_an_exit_at_the_instant_of_the_trigger_ends_the_run() -> None:
    engine = running()
    engine.receive("2026-03-02 10:01", "left", occurred="2026-03-02 10:00")
    assert engine.ended("flow") == [("stopped", "exit")]


@pytest.mark.parametrize(
    ("name", "occurred", "reached"),
    [
        ("order_completed", "2026-03-02 10:00", True),
        ("order_completed", "2026-03-02 09:59", False),
        ("order_completed", "2026-03-09 10:00", True),
        ("order_completed", "2026-03-09 10:01", False),
        ("page_viewed", "2026-03-03 10:00", False),
    ],
)
def test_the_goal_of_a_run_that_is_open(name: str, occurred: str, reached: bool) -> None:
    engine = running()
    engine.receive("2026-03-09 10:01", name, occurred=occurred)
    assert engine.run("flow").goal_at == (instant(occurred) if reached else None)
    assert len(engine.simulation.changes.goals) == reached


def test_the_goal_is_reached_once() -> None:
    engine = running()
    for at in ("2026-03-03 10:00", "2026-03-04 10:00"):
        engine.receive(at, "order_completed")
    assert engine.run("flow").goal_at == instant("2026-03-03 10:00")
    assert len(engine.simulation.changes.goals) == 1


@pytest.mark.parametrize(
    ("occurred", "reached"),
    [("2026-03-02 10:00", 1), ("2026-03-02 09:59", 0), ("2026-03-09 10:00", 1), ("2026-03-09 10:01", 0)],
)
def test_the_goal_of_a_run_that_has_ended(occurred: str, reached: int) -> None:
    engine = running(FLOW.replace("wait: 30d", "wait: 1h"))
    engine.receive("2026-03-09 12:00", "page_viewed")
    assert engine.ended("flow") == [("completed", None)]
    engine.receive("2026-03-09 13:00", "order_completed", occurred=occurred)
    assert len(engine.simulation.changes.goals) == reached


def test_a_parent_waits_for_its_own_child() -> None:
    # given a run that waits for its child, and another run of the customer that ends before it
    child = "workflow: child\nclass: service\nreentry: always\nsteps:\n  - wait: 2h\n"
    other = "workflow: other\nclass: service\nreentry: always\nsteps:\n  - wait: 1h\n"
    start = "rule: start-other\nwhen: {event: go}\nthen:\n  - run: other\n"
    engine = running(FLOW.replace("wait: 30d", "run: child"), child, other, start)
    engine.until("2026-03-02 11:30")
    assert engine.ended("other") == [("completed", None)]
    assert engine.ended("flow") == [("waiting", None)]
    engine.until("2026-03-02 12:00")
    assert engine.ended("flow") == [("completed", None)]


def test_an_awaited_event_is_only_kept_while_something_else_is_waited_for() -> None:
    flow = FLOW.replace("- wait: 30d", "- wait: 1d\n  - wait_for: paid\n    up_to: 5d")
    engine = running(flow)
    engine.receive("2026-03-02 12:00", "paid")
    assert engine.ended("flow") == [("waiting", None)]
    assert engine.run("flow").due == instant("2026-03-03 10:00")
    engine.until("2026-03-03 10:00")
    assert engine.ended("flow") == [("completed", None)]


def test_the_event_that_began_a_run_does_not_end_it_when_the_past_is_looked_at_again() -> None:
    engine = running(FLOW.replace("[left]", "[go]"))
    engine.receive("2026-03-02 11:00", "page_viewed", None, anonymous="guest")
    engine.receive("2026-03-02 12:00", "identify", "ana", anonymous="guest")
    assert engine.ended("flow") == [("waiting", None)]


LETTERS = """
workflow: flow
class: marketing
key: event.cart_id
reentry: always
holdout: 0%
stop_when: [{event: order_completed, match: cart_id}]
steps:
  - do: email.send
    with: {message: hello}
  - wait: 30d
"""


@pytest.mark.parametrize(
    ("cart", "occurred", "flags"),
    [
        ("a", "2026-03-02 09:59", ["late_order"]),
        ("a", "2026-03-02 10:00", []),
        ("b", "2026-03-02 10:00", ["late_order"]),
    ],
)
def test_only_a_message_of_its_own_that_left_after_the_exit_occurred_flags_a_run(
    cart: str, occurred: str, flags: list[str]
) -> None:
    # given the messages of two carts, of 10:00 and 10:30, for carts touched at 9:00
    engine = VirtualEngine(CONSENT, GO, LETTERS, POLICY)
    engine.identify("2026-03-02 08:00", **OPT_IN)
    engine.receive("2026-03-02 10:00", "go", cart_id="a", occurred="2026-03-02 09:00")
    engine.receive("2026-03-02 10:30", "go", cart_id="b", occurred="2026-03-02 09:00")
    engine.receive("2026-03-02 11:00", "order_completed", occurred=occurred, cart_id=cart)
    (ended,) = [run for run in engine.runs("flow") if run.status.value == "stopped"]
    assert (ended.key, ended.flags) == (cart, flags)


def test_a_message_that_is_still_on_its_way_flags_nothing() -> None:
    engine = VirtualEngine(CONSENT, GO, LETTERS, POLICY)
    engine.identify("2026-03-02 08:00", **OPT_IN)
    engine.shut_outbox()
    engine.receive("2026-03-02 10:00", "go", cart_id="a", occurred="2026-03-02 09:00")
    simulation = engine.simulation
    attempt(
        simulation.world, simulation.cast, simulation.changes, simulation.changes.effects[0],
        instant("2026-03-02 10:01"),
    )  # fmt: skip
    engine.receive("2026-03-02 10:02", "order_completed", occurred="2026-03-02 09:30", cart_id="a")
    assert engine.run("flow").flags == []
