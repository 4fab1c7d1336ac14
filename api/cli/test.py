"""Run every `tests:` block of a workspace on a virtual clock: exit 0 where all pass.

With `--mutants` see what the tests watch: each file is changed in one place after the other (a threshold
moved, a comparison turned, a line, a step or a setting left out), and its own tests should notice. Exit
0 where they notice all but what mutants.yaml excuses.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec

from api.cli.places import add_folder, add_json, authored, workspace_of
from api.cli.terminal import BAD, GOOD, Terminal
from engine.authoring.folder import read_folder
from engine.authoring.junit import junit
from engine.authoring.loader import load_opened, require
from engine.authoring.mutants.excuses import EXCUSES, Excuse, judge, read_excuses
from engine.authoring.mutants.mutant import Mutant
from engine.authoring.mutants.running import run_mutants
from engine.authoring.tester import run_tests
from engine.errors import RequestError
from engine.runtime.actions import known_actions


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_folder(parser)
    parser.add_argument(
        "-k",
        metavar="NAME",
        dest="match",
        help="only tests (things, with --mutants) whose name contains this",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--junit", metavar="FILE", type=Path, help="write the report as JUnit XML too")
    how.add_argument(
        "--mutants",
        action="store_true",
        help="change the files in many places, and tell what no test notices",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run the tests, and tell each that is not as expected."""
    if arguments.mutants:
        return run_on_mutants(workspace_of(arguments), arguments.match, terminal)
    workspace = authored(workspace_of(arguments))
    began = time.monotonic()
    with terminal.progress() as tell:
        report = run_tests(
            workspace, arguments.match, lambda done, of: tell("testing", done, of), known_actions()
        )
    seconds = round(time.monotonic() - began, 3)
    if arguments.junit is not None:
        arguments.junit.write_text(junit(report), encoding="utf-8")
    failing = report.failed + report.errors
    if terminal.json:
        terminal.answer(
            {
                "passed": report.passed,
                "failed": report.failed,
                "errors": report.errors,
                "seconds": seconds,
                "failures": msgspec.to_builtins(report.failures),
            }
        )
        return 1 if failing else 0
    for failure in report.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.test}", BAD)
        terminal.say(f"    expected  {failure.expected}")
        terminal.say(f"    got       {failure.got}")
    errors = f", {report.errors} could not be played" if report.errors else ""
    terminal.say(
        f"{report.passed} passed, {report.failed} failed{errors} in {seconds:.1f} s", BAD if failing else GOOD
    )
    return 1 if failing else 0


def run_on_mutants(folder: Path, match: str | None, terminal: Terminal) -> int:
    """Run the tests of each thing on its mutants, and tell those that they do not notice."""
    loaded, opened = load_opened(read_folder(folder), known_actions())
    workspace = require(loaded)
    assert opened is not None  # there is a workspace, so its files were opened
    excuses = read_excuses(folder)
    began = time.monotonic()
    with terminal.progress() as tell:
        if run_tests(workspace, actions=known_actions()).failures:
            raise RequestError("the tests fail before anything is changed; mend them first: holdfast test")
        report = run_mutants(workspace, opened, match, lambda done, of: tell("changing", done, of))
    seconds = round(time.monotonic() - began, 3)
    judged = judge(report.survived, excuses, match)
    if terminal.json:
        terminal.answer(
            {
                "mutants": report.mutants,
                "caught": report.caught,
                "refused": report.refused,
                "survived": [{**_place(one), "hint": one.change.hint} for one in judged.survived],
                "excused": [{**_place(one), "reason": reason} for one, reason in judged.excused],
                "seconds": seconds,
            }
        )
    else:
        for one in judged.survived:
            _tell_survivor(one, terminal)
        terminal.say(
            f"{report.mutants} mutants: {report.caught} caught, {report.refused} refused by check, "
            f"{len(judged.survived)} survive, {len(judged.excused)} excused in {seconds:.1f} s",
            BAD if judged.survived or judged.stale else GOOD,
        )
    for excuse in judged.stale:
        terminal.complain(_told_stale(excuse))
    return 1 if judged.survived or judged.stale else 0


def _place(mutant: Mutant) -> dict[str, str | int | None]:
    change = mutant.change
    return {
        "file": mutant.file,
        "line": change.line,
        "column": change.column,
        "thing": mutant.thing,
        "from": change.before,
        "to": change.shown,
    }


def _tell_survivor(mutant: Mutant, terminal: Terminal) -> None:
    change = mutant.change
    terminal.say(f"{mutant.file}:{change.line}:{change.column}: no test of {mutant.thing} notices", BAD)
    terminal.say(f"    from   {change.before}")
    terminal.say(f"    to     {'(left out)' if change.shown is None else change.shown}")
    terminal.say(f"    write  {change.hint}")


def _told_stale(excuse: Excuse) -> str:
    return f"{EXCUSES}: {excuse.thing}, {excuse.from_}: this excuses nothing that survives; take it out"
