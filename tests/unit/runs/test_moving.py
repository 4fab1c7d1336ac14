"""What becomes of an open run when a release has changed its workflow's file."""

import pytest

from engine.model.reasons import RunStatus, StepOutcome
from engine.runs.program import CompiledWorkflow
from engine.timeline.play import adopt
from engine.timeline.world import World
from tests.virtual_engine import VirtualEngine, instant, ruleset, told

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


def released(*new: str, old: str = OLD, keep: bool = True) -> VirtualEngine:
    """A run that waits when its workflow's file changes, once a day, played on until it is over.

    Unless the past is kept, older definitions cannot be found.
    """
    engine = VirtualEngine(RULE, old)
    engine.receive("2026-03-02 10:00", "due")
    simulation = engine.simulation
    found: dict[str, CompiledWorkflow] = {}
    for day, text in enumerate(new, start=3):
        engine.until(f"2026-03-0{day} 09:59")
        before = simulation.world
        rules = ruleset(RULE, text)
        if keep:
            found |= {program.hash: program for program in before.ruleset.workflows.values()}
        simulation.world = World(rules, before.base, definition=lambda _, hash, known=found: known.get(hash))
        simulation.ruleset = rules
        at = instant(f"2026-03-0{day} 10:00")
        adopt(simulation.world, simulation.cast, simulation.changes, "ana", at, "release")
        simulation.touched()
    engine.until("2026-03-20 10:00")
    return engine


def changes_of(engine: VirtualEngine) -> list[tuple[str, StepOutcome, str | None, str]]:
    """When, how and why each change of the file was recorded, and until when the run waits since."""
    (run,) = engine.runs("series")
    return [
        (told(one.at), one.outcome, one.reason, told(one.until))
        for one in engine.attempts(run)
        if one.verb == "on_change"
    ]


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


MOVE = NEW.replace("CHANGE", "move")
WAITING_FOR_AN_EVENT = """
workflow: series
class: service
reentry: always
on_change: move
steps:
  - wait_for: EVENT
    up_to: LENGTH
    as: found
  - do: event.emit
    with: {event: new_step}
"""
ASKING = """
workflow: series
class: service
reentry: always
on_change: move
steps:
  - ask: {who: a@example.com, question: Well?, choices: CHOICES, up_to: LENGTH, else: leave}
  - do: event.emit
    with: {event: new_step}
"""


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        ("finish_on_old", []),
        ("move", [("2026-03-03 10:00", StepOutcome.EXECUTED, None, "never")]),
        ("stop", [("2026-03-03 10:00", StepOutcome.CANCELLED, "release", "never")]),
    ],
)
def test_what_became_of_a_run_is_recorded_with_both_definitions(
    change: str, recorded: list[tuple[str, StepOutcome, str | None, str]]
) -> None:
    # given a run at its first wait, when its file changes
    engine = released(NEW.replace("CHANGE", change))

    # then the attempt says what it was moved from, and to what
    assert changes_of(engine) == recorded
    (run,) = engine.runs("series")
    for one in engine.attempts(run):
        if one.verb == "on_change":
            assert one.detail["from"] == ruleset(RULE, OLD).workflows["series"].hash
            assert one.detail["to"] == engine.simulation.ruleset.workflows["series"].hash


@pytest.mark.parametrize(
    ("length", "until", "ended"),
    [
        # longer or shorter: counted from when the wait began
        ("5d", "2026-03-07 10:00", "2026-03-07 10:00"),
        ("30h", "2026-03-03 16:00", "2026-03-03 16:00"),
        # what is over by then is over at once
        ("1h", "2026-03-03 10:00", "2026-03-03 10:00"),
        # the same length is not counted anew
        ("2d", "never", "2026-03-04 10:00"),
        ('{until: "09:00"}', "2026-03-03 10:00", "2026-03-03 10:00"),
        ("{until: day 4}", "2026-03-06 10:00", "2026-03-06 10:00"),
    ],
)
def test_a_wait_whose_length_was_changed_is_counted_anew_from_when_it_began(
    length: str, until: str, ended: str
) -> None:
    engine = released(MOVE.replace("wait: 2d", f"wait: {length}"))

    assert changes_of(engine) == [("2026-03-03 10:00", StepOutcome.EXECUTED, None, until)]
    (run,) = engine.runs("series")
    assert (told(run.ended_at), emitted(engine)) == (ended, ["new_step"])


def test_a_wait_for_an_event_has_its_time_counted_anew_too() -> None:
    old = WAITING_FOR_AN_EVENT.replace("EVENT", "reply").replace("LENGTH", "2d")
    engine = released(old.replace("up_to: 2d", "up_to: 6d"), old=old)

    assert changes_of(engine) == [("2026-03-03 10:00", StepOutcome.EXECUTED, None, "2026-03-08 10:00")]
    assert told(engine.runs("series")[0].ended_at) == "2026-03-08 10:00"


def test_an_open_question_keeps_the_time_that_was_told() -> None:
    old = ASKING.replace("CHOICES", "[call, leave]").replace("LENGTH", "2d")
    engine = released(old.replace("up_to: 2d", "up_to: 6d"), old=old)

    assert changes_of(engine) == [("2026-03-03 10:00", StepOutcome.EXECUTED, None, "never")]
    assert told(engine.runs("series")[0].ended_at) == "2026-03-04 10:00"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (OLD, SHORTER, "other_step"),
        (OLD, MOVE.replace("  - wait: 2d\n", ""), "other_step"),
        (
            WAITING_FOR_AN_EVENT.replace("EVENT", "reply").replace("LENGTH", "2d"),
            WAITING_FOR_AN_EVENT.replace("EVENT", "click").replace("LENGTH", "2d"),
            "other_step",
        ),
        (
            ASKING.replace("CHOICES", "[call, leave]").replace("LENGTH", "2d"),
            ASKING.replace("CHOICES", "[write, leave]").replace("LENGTH", "2d"),
            "other_step",
        ),
        (
            OLD.replace("steps:\n", "steps:\n  - wait: 1h\n"),
            SHORTER,
            "step_gone",
        ),
    ],
)
def test_a_run_that_cannot_be_moved_says_why_and_finishes_on_the_old_file(
    old: str, new: str, reason: str
) -> None:
    engine = released(new, old=old)

    assert [(outcome, why) for _, outcome, why, _ in changes_of(engine)] == [(StepOutcome.SKIPPED, reason)]
    (run,) = engine.runs("series")
    assert (run.status, run.definition) == (RunStatus.COMPLETED, ruleset(RULE, old).workflows["series"].hash)


def test_that_it_cannot_be_moved_is_recorded_once_a_file() -> None:
    # given a release that does not fit, settled twice, and another one after it
    newer = SHORTER.replace("new_step", "newer_step")
    engine = released(SHORTER, SHORTER, newer, old=OLD.replace("2d", "9d"))

    # then there is one record of each of the two files
    assert [why for _, _, why, _ in changes_of(engine)] == ["other_step", "other_step"]


def test_a_run_whose_definition_cannot_be_found_is_not_moved_blindly() -> None:
    engine = released(MOVE, keep=False)

    assert [why for _, _, why, _ in changes_of(engine)] == ["definition_gone"]
    (run,) = engine.runs("series")
    assert (run.status, run.detail) == (RunStatus.FAILED, "its definition is gone")


def test_a_run_whose_step_is_gone_finishes_on_the_old_file() -> None:
    # given a run at a wait, when the new file has another step in its place
    engine = released(SHORTER)

    # then
    assert emitted(engine) == ["old_step"]
