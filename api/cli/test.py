"""Run every `tests:` block of a workspace on a virtual clock: exit 0 where all pass."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec

from api.cli.places import add_folder, add_json, authored, workspace_of
from api.cli.terminal import BAD, GOOD, Terminal
from engine.authoring.junit import junit
from engine.authoring.tester import run_tests
from engine.runtime.actions import known_actions


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_folder(parser)
    parser.add_argument("-k", metavar="NAME", dest="match", help="only tests whose name contains this")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write the report as JUnit XML too")
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run the tests, and tell each that is not as expected."""
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
