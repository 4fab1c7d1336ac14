"""Show where the goals stand, each against its pace."""

from __future__ import annotations

import argparse
import time
from decimal import Decimal

from api.answers.measured import GoalAnswer, goal_answer
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.runtime.reports.goals import look


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Measure the goals; what is to be frozen of them the engine freezes."""
    folder = workspace_of(arguments)
    workspace = authored(folder)
    with reading(database_of(arguments, folder)) as store, store.reader() as reader:
        found = [goal_answer(each) for each in look(reader, workspace, time.time_ns() // 1000).states]
    if terminal.json:
        terminal.answer({"items": found})
        return 0
    terminal.table(
        ("goal", "metric", "status", "now#", "pace#", "target#", "of#", "deadline"), map(_row, found)
    )
    if not found:
        terminal.say("there is no goal", FAINT)
    return 0


def _row(goal: GoalAnswer) -> tuple[object, ...]:
    current = goal.current
    return (
        goal.id,
        goal.metric,
        goal.status.value,
        _shown(current.value if current is not None else None, goal.unit),
        _shown(goal.pace, goal.unit),
        _shown(goal.target, goal.unit),
        current.of if current is not None else None,
        goal.deadline.isoformat(),
    )


def _shown(value: int | Decimal | None, unit: str) -> str:
    """Give a value for people: hours, percent, money."""
    if value is None:
        return ""
    number = Decimal(value)
    if unit == "seconds":
        return f"{number / 3600:.2f} h"
    if unit == "share":
        return f"{number * 100:.1f} %"
    return f"{number / 100:.2f}" if unit == "cents" else f"{number:.1f}"
