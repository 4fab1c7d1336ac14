"""A run that is outranked while its message is on its way ends like any other: everybody hears of it."""

from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.model.values import SECOND, Micros
from engine.timeline import deliver, play
from engine.timeline.ruleset import compile_ruleset
from tests.customer_facts import at
from tests.written_cases import rule, workspace

NOON = at("2026-01-05T12:00:00")

POLICY = """
policy:
  groups: {offers: [low, high]}
  order: [win-back, cart]
"""

SEND = """
class: service
reentry: always
steps: [{do: email.send, with: {message: hello}}]
"""

PARENT = """
workflow: parent
class: service
reentry: always
steps:
  - run: low
  - stop: child-ended
"""


def event(name: str, when: Micros) -> Event:
    return Event(
        source="test", message_id=name, customer="anna", name=name, occurred_at=when, received_at=when,
        properties={"email": "anna@example.com"},
    )  # fmt: skip


def test_whoever_waits_for_an_outranked_run_goes_on() -> None:
    # given a parent that waits for a child whose message is on its way, and a rival of a higher rank
    low = f"workflow: low\nrank: cart{SEND}"
    high = f"workflow: high\nrank: win-back{SEND}"
    first = rule("{event: first}", "expect: {run: parent}", then="{run: parent}")
    then = rule("{event: second}", "expect: {run: high}", then="{run: high}").replace("example", "rival")
    ruleset = compile_ruleset(workspace(low, high, PARENT, first, then, policy=POLICY))
    simulation = Simulation(ruleset)
    world, cast, changes = simulation.world, simulation.cast, simulation.changes
    for number, name in enumerate(("identify", "first", "second")):
        play.play_event(world, cast, changes, event(name, NOON + number * SECOND))
    sending = next(effect for effect in changes.effects if effect.workflow == "low")
    # when the child's message is about to leave
    attempt = deliver.attempt(world, cast, changes, sending, NOON + 3 * SECOND)
    # then it does not, the child has ended, and the parent has gone on
    assert attempt.kind == "drop"
    ended = {run.workflow: (run.status.value, run.reason) for run in changes.runs.values() if not run.open}
    assert ended == {"low": ("stopped", "outranked"), "parent": ("stopped", "child-ended")}
    assert [one.name for one in changes.events].count("run_ended") == 2
