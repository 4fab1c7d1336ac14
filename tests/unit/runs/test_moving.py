"""What becomes of an open run when a release has changed its workflow's file."""

import pytest

from engine.model.reasons import RunStatus
from engine.timeline.play import adopt
from engine.timeline.world import World
from tests.virtual_engine import VirtualEngine, instant, ruleset

RULE = """
rule: due
when: {event: due}
then:
  - run: series
"""
OLD = """
workflow: series
class: service
reentry: always
steps:
  - wait: 2d
  - do: event.emit
    with: {event: old_step}
"""
NEW = """
workflow: series
class: service
reentry: always
on_change: CHANGE
steps:
  - wait: 2d
  - do: event.emit
    with: {event: new_step}
"""
SHORTER = """
workflow: series
class: service
reentry: always
on_change: move
steps:
  - do: event.emit
    with: {event: new_step}
"""


def released(new: str) -> VirtualEngine:
    """A run that waits when its workflow's file changes, played on until it is over."""
    engine = VirtualEngine(RULE, OLD)
    engine.receive("2026-03-02 10:00", "due")
    old = engine.simulation.world
    simulation = engine.simulation
    rules = ruleset(RULE, new)
    found = {program.hash: program for program in old.ruleset.workflows.values()}
    simulation.world = World(rules, old.base, definition=lambda name, hash: found.get(hash))
    simulation.ruleset = rules
    at = instant("2026-03-03 10:00")
    adopt(simulation.world, simulation.cast, simulation.changes, "ana", at, "release")
    simulation.touched()
    engine.until("2026-03-10 10:00")
    return engine


def emitted(engine: VirtualEngine) -> list[str]:
    return [event.name for event in engine.simulation.changes.events if event.name.endswith("_step")]


@pytest.mark.parametrize(
    ("change", "step", "status"),
    [
        ("finish_on_old", ["old_step"], RunStatus.COMPLETED),
        ("move", ["new_step"], RunStatus.COMPLETED),
        ("stop", [], RunStatus.CANCELLED),
    ],
)
def test_a_running_customer_gets_what_the_new_file_says(
    change: str, step: list[str], status: RunStatus
) -> None:
    # given a run at its first wait, when its file changes
    engine = released(NEW.replace("CHANGE", change))

    # then
    assert emitted(engine) == step
    (run,) = engine.runs("series")
    assert run.status is status
    assert run.reason == ("release" if change == "stop" else None)


def test_a_run_whose_step_is_gone_finishes_on_the_old_file() -> None:
    # given a run at a wait, when the new file has another step in its place
    engine = released(SHORTER)

    # then
    assert emitted(engine) == ["old_step"]
