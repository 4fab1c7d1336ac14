"""Play a synthetic customer base through the shipped policy, and print what was found of what was planted."""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from api.answers.experiments import report_answer
from api.cli.demo_report import experiments_of
from api.cli.demo_report import show as show_page
from api.cli.places import add_database, add_json, authored, database_of
from api.cli.serve import add_address
from api.cli.starter import starter
from api.cli.story import list_stories
from api.cli.story import show as show_story
from api.cli.terminal import Terminal
from engine.authoring.demo import Demo, generate
from engine.authoring.demo.calendar import YEAR
from engine.authoring.demo.playing import Playing
from engine.authoring.demo.playing import told as told_of
from engine.authoring.demo.telling import tell as story
from engine.errors import RequestError
from engine.runtime.actions import known_actions
from engine.timeline.ruleset import Ruleset, compile_ruleset

CUSTOMERS, FEWER = 2000, 300
"""Customers, unless told otherwise: of a demo in memory, and of one that is served or tells a story."""

SERVED = 120
"""Days that are played into a database, unless told otherwise."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="the same base for the same number")
    parser.add_argument(
        "--customers",
        metavar="N",
        type=int,
        help=f"how many (default: {CUSTOMERS}, or {FEWER} to serve or to tell a story)",
    )
    parser.add_argument(
        "--days", metavar="N", type=int, help=f"how many of the year (default: {YEAR}, or {SERVED} to serve)"
    )
    parser.add_argument(
        "--story",
        metavar="CUSTOMER",
        nargs="?",
        const="",
        help="tell one customer's year (without a name: who is worth reading)",
    )
    parser.add_argument("--serve", action="store_true", help="play into a database, then serve it")
    add_address(parser)
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Play, and tell; or tell one customer's year, or play and serve."""
    if arguments.serve:
        return _serve(arguments, terminal)
    if arguments.story == "":
        list_stories(terminal)
        return 0
    if arguments.story is not None:
        return _story(arguments, terminal)
    began = time.monotonic()
    with terminal.progress() as tell:
        tell("making customers", 0, 0)
        playing = Playing(_policy(arguments), _generate(arguments, CUSTOMERS, YEAR))
        with _collecting_seldom():
            playing.play(lambda done, of: tell("playing events", done, of))
    played, reports = told_of(playing), experiments_of(playing)
    seconds = round(time.monotonic() - began, 3)
    if terminal.json:
        answers = {name: report_answer(found) for name, found in reports.items()}
        terminal.answer({**msgspec.structs.asdict(played), "experiments": answers, "seconds": seconds})
    else:
        show_page(terminal, played, reports, seconds)
    return 0


def _story(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with terminal.progress() as tell:
        tell("making customers", 0, 0)
        ruleset, demo = _policy(arguments), _generate(arguments, FEWER, YEAR)
        with _collecting_seldom():
            told = story(ruleset, demo, arguments.story, lambda done, of: tell("playing events", done, of))
    show_story(terminal, told, ruleset.workspace.messages)
    return 0


def _policy(arguments: argparse.Namespace) -> Ruleset:
    return compile_ruleset(authored(arguments.workspace or starter()), known_actions())


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let the collector of cycles look seldom: what is played stays, and it would go through all of it."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _generate(arguments: argparse.Namespace, customers: int, days: int) -> Demo:
    try:
        return generate(arguments.seed, arguments.customers or customers, arguments.days or days)
    except ValueError as error:
        raise RequestError(str(error)) from error


def _serve(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Play a base whose last day is today into a database, then serve that."""
    from api.cli.staging import lay_out, stage
    from api.serve import serve

    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as temporary:
        folder = arguments.workspace.absolute() if arguments.workspace else lay_out(Path(temporary))
        url = database_of(arguments, folder)
        with terminal.progress() as tell:
            tell("making customers", 0, 0)
            stage(
                folder,
                url,
                time.time_ns() // 1000,
                seed=arguments.seed,
                customers=arguments.customers or FEWER,
                days=arguments.days or SERVED,
                tell=tell,
            )
        serve(folder, url, arguments.host, arguments.port, say=terminal.say)
    return 0
