"""Play a synthetic customer base through the shipped policy, and print what was found of what was planted."""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from api.cli.places import add_database, add_json, authored, database_of
from api.cli.serve import add_address
from api.cli.starter import starter, starter_files
from api.cli.terminal import FAINT, Terminal
from engine.authoring.demo import Demo, generate
from engine.authoring.demo.playing import Played, play
from engine.authoring.wording import either
from engine.errors import RequestError
from engine.runtime.actions import known_actions
from engine.timeline.ruleset import compile_ruleset

CUSTOMERS, SERVED = 2000, 300
"""Customers, unless told otherwise: of a demo in memory, and of one that is served from a database."""
DAYS = 365


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="the same base for the same number")
    parser.add_argument(
        "--customers", metavar="N", type=int, help=f"how many (default: {CUSTOMERS}, or {SERVED} to serve)"
    )
    parser.add_argument("--serve", action="store_true", help="play into a database, then serve it")
    add_address(parser)
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Play, and tell; or play and serve."""
    if arguments.serve:
        return _serve(arguments, terminal)
    began = time.monotonic()
    with terminal.progress() as tell:
        tell("making customers", 0, 0)
        ruleset = compile_ruleset(authored(arguments.workspace or starter()), known_actions())
        demo = _generate(arguments, CUSTOMERS)
        with _collecting_seldom():
            played = play(ruleset, demo, lambda done, of: tell("playing events", done, of))
    seconds = round(time.monotonic() - began, 3)
    if terminal.json:
        terminal.answer({**msgspec.structs.asdict(played), "seconds": seconds})
    else:
        _tell(terminal, played, seconds)
    return 0


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let the collector of cycles look seldom: what is played stays, and it would go through all of it."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _generate(arguments: argparse.Namespace, customers: int, **when: date) -> Demo:
    try:
        return generate(arguments.seed, arguments.customers or customers, DAYS, **when)
    except ValueError as error:
        raise RequestError(str(error)) from error


def _serve(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Play a base whose days end today into a database, then serve that."""
    from api.cli.staging import play_into
    from api.serve import serve

    monday = date.today() - timedelta(days=date.today().weekday())
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as temporary:
        folder = arguments.workspace.absolute() if arguments.workspace else _laid_out(Path(temporary))
        url = database_of(arguments, folder)
        demo = _generate(arguments, SERVED, first=monday - timedelta(days=DAYS + -DAYS % 7))
        with terminal.progress() as tell:
            play_into(folder, url, demo, time.time_ns() // 1000, tell)
        serve(folder, url, arguments.host, arguments.port, say=terminal.say)
    return 0


def _laid_out(folder: Path) -> Path:
    for name, data in starter_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _tell(terminal: Terminal, played: Played, seconds: float) -> None:
    terminal.say(
        f"Seed {played.seed}: {played.customers:,} customers, {played.events:,} events in {played.days} days",
        "bold",
    )
    fired = [f"{number:,} {name.replace('_', ' ')}" for name, number in played.triggers.items()]
    terminal.say(f"Fired: {either(fired, 'and')}.")
    terminal.say()
    terminal.table(
        ("planted", "found#", "of#", "", "innocents alarmed#", "of#", ""),
        [_found(played, trigger) for trigger in played.recall],
    )
    terminal.say()
    terminal.table(
        ("workflow", "started#", "finished#", "held out#", "goal reached#"),
        [
            (name, each.started, each.finished, each.held_out, each.goal_reached)
            for name, each in played.workflows.items()
        ],
    )
    terminal.say()
    terminal.table(("action", "done#"), list(played.actions.items()))
    terminal.say()
    terminal.say(f"{seconds:.1f} s", FAINT)


def _found(played: Played, trigger: str) -> tuple[Any, ...]:
    found, alarmed = played.recall[trigger], played.false_alarms[trigger]
    return (
        trigger.replace("_", " "),
        found["found"], found["of"], _share(found["found"], found["of"]),
        alarmed["alarmed"], alarmed["of"], _share(alarmed["alarmed"], alarmed["of"]),
    )  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
