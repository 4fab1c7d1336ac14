"""What the demonstration came to, as somebody who answers for retention reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.experiments import WORDS
from api.cli.terminal import FAINT, Terminal
from engine.authoring.demo.calendar import HOLIDAY_WEEKS, OUTAGE_WEEK, RISE, STAFF_CHANGE
from engine.authoring.demo.characters import CHARACTERS
from engine.authoring.demo.people import COMPANY
from engine.authoring.demo.planted import SCORED
from engine.authoring.demo.playing import Played, Playing
from engine.experiments.comparison import Comparison
from engine.runs.changes import Changes
from engine.runtime.reports.experiments import Report, experiments, report
from engine.store.memory.store import MemoryStore

SEEN = 0.95
ALARMED = 0.02
"""What a rule should find of its cases at least, and of its innocents at most."""


def experiments_of(playing: Playing) -> dict[str, Report]:
    """Give the reports of all experiments, as of the end, by the engine's own statistics."""
    ruleset, changes, store = playing.ruleset, playing.changes, MemoryStore()
    with store.begin() as writer:
        writer.write(Changes(runs=changes.runs, exposures=changes.exposures, goals=changes.goals))
    with store.reader() as reader:
        return {
            workflow.id: report(ruleset.workspace, reader, ruleset.zone, workflow.id, playing.demo.end)
            for workflow in experiments(ruleset.workspace)
        }


def show(terminal: Terminal, played: Played, reports: Mapping[str, Report], seconds: float) -> None:
    """Print the page."""
    terminal.say(
        f"{COMPANY}: {played.customers:,} customers in {played.days} days (seed {played.seed})", "bold"
    )
    first, last = HOLIDAY_WEEKS
    terminal.say(
        f"{played.events:,} events; an outage in week {OUTAGE_WEEK + 1}, another owner from "
        f"day {STAFF_CHANGE}, a price rise on day {RISE}, holidays in weeks {first + 1} and {last + 1}",
        FAINT,
    )
    terminal.say()
    terminal.say("What was planted, and what was found of it", "bold")
    terminal.table(
        ("rule", "fired#", "found#", "of#", "", "false#", "of#", ""),
        [_found(played, name) for name in played.recall if name not in SCORED or name.startswith("usage")],
    )
    terminal.say()
    terminal.say("What the workflows did", "bold")
    terminal.table(
        ("workflow", "started#", "finished#", "held out#", "goal reached#"),
        [
            (name, one.started, one.finished, one.held_out, one.goal_reached)
            for name, one in played.workflows.items()
        ],
    )
    terminal.say()
    terminal.say("What works: treated against held out, and the arms of splits", "bold")
    terminal.table(
        ("workflow", "arms", "treated#", "control#", "lift#", "95%", ""),
        [_compared(name, one) for name, found in reports.items() for one in found.comparisons],
    )
    terminal.say("Lift is in percentage points of those who reach the goal; see docs/experiments.md.", FAINT)
    terminal.say()
    _sent(terminal, played)
    terminal.say()
    terminal.say("Read somebody's year with holdfast demo --story NAME:", "bold")
    terminal.table(("name", "who"), [(id, one.about) for id, one in CHARACTERS.items()])
    terminal.say()
    terminal.say(f"{seconds:.1f} s", FAINT)


def _found(played: Played, name: str) -> tuple[Any, ...]:
    found, alarmed = played.recall[name], played.false_alarms[name]
    return (
        name.replace("_", "-"), played.triggers.get(name),
        found["found"], found["of"], _share(found["found"], found["of"]),
        alarmed["alarmed"], alarmed["of"], _share(alarmed["alarmed"], alarmed["of"]),
    )  # fmt: skip


def _compared(name: str, one: Comparison) -> tuple[Any, ...]:
    arms = f"{one.treated.arm} / {one.control.arm}"
    lift = interval = ""
    if one.difference is not None:
        lift = f"{100 * one.difference.value:+.1f}"
        interval = f"[{100 * one.difference.interval.low:+.1f}, {100 * one.difference.interval.high:+.1f}]"
    return name, arms, _rate(one.treated.rate), _rate(one.control.rate), lift, interval, WORDS[one.verdict]


def _sent(terminal: Terminal, played: Played) -> None:
    sent, contact = played.sent, played.contact
    classes = ", ".join(f"{number:,} {name}" for name, number in sent.classes.items())
    terminal.say("What customers were sent", "bold")
    terminal.say(f"{sent.messages:,} messages to {sent.customers:,} customers: {classes}")
    terminal.say(
        f"at most {contact.most_marketing_in_7_days} of marketing to one customer in seven days, "
        f"at most {contact.most_in_a_day} of anything in a day"
    )
    for what, reasons in (("skipped", contact.skipped), ("held", contact.held)):
        if reasons:
            told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in reasons.items())
            terminal.say(f"{what}: {told}")
    done = ", ".join(f"{number:,} {name}" for name, number in played.actions.items())
    terminal.say(f"done in all: {done}")


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
