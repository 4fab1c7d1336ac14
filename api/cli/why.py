"""Tell in words why a rule did or did not fire for a customer, as of any instant."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from api.answers.words import DECIDED
from api.cli.databases import reading
from api.cli.noting import note
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.terminal import BAD, FAINT, GOOD, Terminal, clean
from engine.authoring.explaining.why import NO_OCCASION, Explanation
from engine.customers.zones import moment_of
from engine.decisions.decision import Line
from engine.runtime.actions import known_actions
from engine.runtime.reports.explaining import Explainer
from engine.timeline.ruleset import compile_ruleset

_STYLES: Mapping[str, str] = {"met": GOOD, "not_met": BAD, "unknown": "yellow", "error": BAD}


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("customer", metavar="CUSTOMER", help="the customer's id")
    parser.add_argument("rule", metavar="RULE", help="the rule's id")
    parser.add_argument("--at", metavar="T", help="as of this instant (default: now)")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Rebuild what the rule saw, and tell it."""
    folder = workspace_of(arguments)
    ruleset = compile_ruleset(authored(folder), known_actions())
    at = instant(arguments.at, ruleset.zone, "--at")
    now = time.time_ns() // 1000
    url = database_of(arguments, folder)
    with reading(url) as store:
        explainer = Explainer(store, lambda: ruleset)
        found = explainer.rule(arguments.rule, arguments.customer, now if at is None else at)
    note(url, "why", customer=arguments.customer)
    if terminal.json:
        terminal.answer(_shown(found))
    else:
        _tell(terminal, found)
    return 0


def _shown(found: Explanation) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "customer": found.customer,
        "at": moment_of(found.at),
        "decision": found.decision,
        "reason": found.reason,
        "lines": [
            {"text": line.text, "outcome": line.outcome, "values": line.values} for line in found.lines
        ],
    }


def _tell(terminal: Terminal, found: Explanation) -> None:
    terminal.say(f"Rule {found.rule}, customer {found.customer}, {_time(found.at)}", "bold")
    if found.decision is None:
        looked = "it had no cause to look up to then" if found.reason == NO_OCCASION else str(found.reason)
        terminal.say(f"{looked}; this is what it would have seen:")
    else:
        because = f" ({found.reason})" if found.reason else ""
        trigger = f", asked by its {found.trigger}" if found.trigger else ""
        terminal.say(f"{DECIDED[found.decision]}{because}{trigger}")
    if found.event:
        terminal.say(f"event: {values_of(found.event)}", FAINT)
    terminal.say()
    terminal.table(("", "line", "saw"), [line_of(line) for line in found.lines])
    if not found.lines:
        terminal.say("it has no conditions", FAINT)
    for start in found.starts:
        refused = f" ({start['reason']})" if start.get("reason") else ""
        terminal.say(f"run of {start['workflow']}: {start['status']}{refused}, {start['run']}")


def line_of(line: Line) -> tuple[Text, str, str]:
    """Give a line's outcome, its text, and what it saw."""
    outcome = Text(line.outcome.replace("_", " "), style=_STYLES.get(line.outcome, ""))
    saw = values_of(line.values)
    return outcome, line.text, f"{saw}; {line.error}" if line.error else saw


def values_of(values: Mapping[str, Any]) -> str:
    """Give what was seen, in words."""
    return clean(", ".join(f"{name} = {_value(value)}" for name, value in values.items()))


def _value(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _time(at: int) -> str:
    return f"{moment_of(at):%Y-%m-%d %H:%M:%S} UTC"
