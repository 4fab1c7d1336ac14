"""Show what a workspace's files would change of what is live: exit 0 nothing, 2 something, 1 an error."""

from __future__ import annotations

import argparse
from typing import Any

from api.cli.places import add_json, workspace_of
from api.cli.running import RunningEngine, add_engine, asked_engine
from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from engine.authoring.folder import read_folder
from engine.errors import Finding, RequestError

NOTHING, ERRORS, CHANGES = 0, 1, 2
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_BECOMES = {"finish_on_old": "finish on the old file", "stop": "are stopped", "move": "are moved"}


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_engine(parser)
    parser.add_argument("--diff", action="store_true", help="show the lines that differ")
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Ask the engine what the files would change, and tell it."""
    with asked_engine(arguments) as engine:
        plan = planned(engine, arguments)
    if terminal.json:
        terminal.answer(plan)
    else:
        tell(terminal, plan, diff=arguments.diff)
    return code_of(plan)


def planned(engine: RunningEngine, arguments: argparse.Namespace) -> dict[str, Any]:
    """Let an engine plan the folder's files, whole."""
    files = {path: _text(path, data) for path, data in read_folder(workspace_of(arguments)).items()}
    plan: dict[str, Any] = engine.ask("POST", "/v1/plans", {"files": files, "whole": True})
    return plan


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is not UTF-8; save it as UTF-8") from error


def code_of(plan: dict[str, Any]) -> int:
    """Give the exit code of a plan: failing tests keep it from being proposed, as errors do."""
    if plan["token"] is None or (plan["tests"] or {"failed": 0})["failed"]:
        return ERRORS
    return CHANGES if plan["changes"] else NOTHING


def tell(terminal: Terminal, plan: dict[str, Any], *, diff: bool) -> None:
    """Tell a plan to people."""
    for each in plan["findings"]:
        terminal.say(str(Finding(**each)), BAD if each["severity"] == "error" else FAINT)
    if plan["token"] is None:
        return
    if not plan["changes"]:
        terminal.say("Nothing changes: these files are live.", GOOD)
        return
    for change in plan["changes"]:
        name = f"{change['kind']} {change['id']}".strip()
        terminal.say(f"{_SIGNS[change['change']]} {name}  ({change['file']})", "bold")
        if diff:
            for line in change["diff"].splitlines():
                terminal.say(f"    {line}", GOOD if line[:1] == "+" else BAD if line[:1] == "-" else FAINT)
    _numbers(terminal, plan)
    for each in plan["runs"]:
        terminal.say(f"{each['open_runs']:,} open runs of {each['workflow']} {_BECOMES[each['becomes']]}")
    if plan["facts"]["rebuild"]:
        terminal.say(f"Facts of {plan['facts']['customers']:,} customers are made anew.")
    for each in plan["warnings"]:
        terminal.say(f"{each['thing']}: {each['message']}", "yellow")
    _tests(terminal, plan["tests"])
    terminal.say(f"token {plan['token']}", FAINT)


def _numbers(terminal: Terminal, plan: dict[str, Any]) -> None:
    if not plan["matching"]:
        return
    whole = plan["sampled"] == plan["customers"]
    part = "" if whole else f", {plan['sampled']:,} of {plan['customers']:,} looked at"
    terminal.say()
    terminal.table(("", f"customers{part}", "now#", "then#", "of#"), map(_row, plan["matching"]))


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    return each["kind"], each["id"], _number(each, "before"), _number(each, "after"), each["of"]


def _number(each: dict[str, Any], side: str) -> str:
    if each["why"] is not None:
        return "needs an event" if each["why"] == "needs_event" else "not counted"
    return "" if each[side] is None else f"{each[side]:,}"


def _tests(terminal: Terminal, tests: dict[str, Any] | None) -> None:
    if tests is None:
        return
    if not tests["passed"] and not tests["failed"] and tests["of"]:
        terminal.say(f"The {tests['of']:,} tests take too long to be run for a plan.", "yellow")
        return
    for failure in tests["failures"]:
        terminal.say(failure, BAD)
    counts = f"{tests['passed']} tests passed, {tests['failed']} failed"
    terminal.say(counts, BAD if tests["failed"] else GOOD)
