"""Holds: however often an effect is put off, it is measured from when it first came due."""

from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.model.reasons import StepOutcome
from engine.model.values import SECOND
from engine.timeline.ruleset import compile_ruleset
from tests.customer_facts import at
from tests.written_cases import rule, workspace

LATE_EVENING = at("2026-01-05T19:59:30")  # 20:59:30 in Berlin, half a minute before the quiet hours


def event(name: str, **properties: object) -> Event:
    return Event(
        source="test", message_id=name, customer="anna", name=name, properties=properties,
        occurred_at=LATE_EVENING, received_at=LATE_EVENING,
    )  # fmt: skip


def test_a_hold_after_a_hold_is_measured_from_the_first() -> None:
    # given quiet hours in which at most 11 hours are waited, and a workflow that is paused
    text = rule("{event: order_completed}", "event: {total: 1}\nexpect: {times: 1}")
    policy = 'policy: {quiet_hours: {marketing: "21:00-08:00", at_most: 11h}}'
    simulation = Simulation(compile_ruleset(workspace(text, policy=policy)))
    simulation.world.paused = frozenset(("greet",))
    simulation.feed(event("identify", email="anna@example.com"))
    simulation.feed(event("order_completed", total=1))
    # when it goes on in the quiet hours
    simulation.world.paused = frozenset()
    simulation.advance(LATE_EVENING + 60 * SECOND)
    # then the morning is 11 hours and half a minute from when the message was due
    outcomes = [(one.outcome, one.reason) for one in simulation.changes.attempts if one.verb == "do"]
    assert outcomes == [(StepOutcome.HELD, "paused"), (StepOutcome.SKIPPED, "quiet")]
