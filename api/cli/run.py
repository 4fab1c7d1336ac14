"""Show one run: every attempt at every step, and what left the building."""

from __future__ import annotations

import argparse

from api.answers.values import effect_answer, run_answer, step_answer
from api.cli.databases import reading
from api.cli.noting import note
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.runs import encoded, status, time
from api.cli.terminal import FAINT, Terminal
from engine.errors import NotFoundError
from engine.runs.moving import VERB
from engine.runs.run import StepAttempt
from engine.store.records import OutboxRow

_SHORT = 8
"""Digits of a hash that a table shows; `--json` has all of them."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("id", metavar="ID", help="the run's id")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show the run."""
    url = database_of(arguments, workspace_of(arguments))
    with reading(url) as store, store.reader() as reader:
        found = reader.run(arguments.id)
        if found is None:
            raise NotFoundError(f"there is no run {arguments.id}; `holdfast runs` lists them")
        attempts, effects = reader.attempts(found.id), reader.effects(found.id)
    note(url, "run", run=found.id)
    if terminal.json:
        terminal.answer(
            {
                "run": run_answer(found),
                "steps": [step_answer(each) for each in attempts],
                "effects": [effect_answer(each) for each in effects],
            }
        )
        return 0
    terminal.say(f"{found.workflow} for {found.customer}: {status(found)}", "bold")
    because = f", because of the rule {found.rule}" if found.rule else ""
    ended = f", ended {time(found.ended_at)}" if found.ended_at is not None else ""
    terminal.say(f"started {time(found.started_at)} UTC{because}{ended}", FAINT)
    if found.wait is not None and found.open:
        until = f" until {time(found.wait.due)}" if found.wait.due is not None else ""
        terminal.say(f"waits ({found.wait.kind}){until}", FAINT)
    if found.input:
        terminal.say(f"input: {encoded(found.input)}", FAINT)
    terminal.say()
    terminal.table(("at", "step", "verb", "outcome", "inputs", "what"), [_step(each) for each in attempts])
    if effects:
        terminal.say()
        terminal.table(
            ("due", "settled", "action", "state", "attempts#", "values"),
            [
                (time(row.due), time(row.settled_at), row.effect.action, _state(row), row.attempts,
                 encoded(row.effect.arguments))
                for row in effects
            ],
        )  # fmt: skip
    return 0


def _step(each: StepAttempt) -> tuple[str, str, str, str, str, str]:
    outcome = f"{each.outcome.value} ({each.reason})" if each.reason else each.outcome.value
    until = f" until {time(each.until)}" if each.until is not None else ""
    return time(each.at), each.path, each.verb, outcome + until, (each.inputs or "")[:_SHORT], _what(each)


def _what(each: StepAttempt) -> str:
    """Tell the action, where it went or what else there is to know of it, and what it answered."""
    known = each.detail
    if each.verb == VERB:
        return f"{known['from'][:_SHORT]} to {known['to'][:_SHORT]}"
    told = [
        str(known.get("action", "")),
        *(f"{word} {known[word]}" for word in ("to", "who", "run", "event", "by") if known.get(word)),
        *(f"{word}: {known[word]}" for word in ("because", "error") if known.get(word)),
        encoded(each.answers),
    ]
    return " ".join(part for part in told if part)


def _state(row: OutboxRow) -> str:
    return f"{row.outcome or row.state} ({row.reason})" if row.reason else row.outcome or row.state
