"""Show what a workspace's rules would have decided on the stored events, without any effects."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.authoring.backtest import Backtest, FactCount, backtest, shown
from engine.authoring.wording import known_or
from engine.customers.zones import moment_of
from engine.errors import RequestError
from engine.runtime.actions import known_actions
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import Ruleset, compile_ruleset

_INSTANTS = ("from", "to", "at")
_SELDOM = ("held_out", "refused", "at_most", "too_late", "shadow", "error", "followed", "undetermined")


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("rules", metavar="RULE", nargs="*", help="only these rules (default: all live ones)")
    parser.add_argument(
        "--from", metavar="A", dest="start", help="count from here (default: the first event)"
    )
    parser.add_argument("--to", metavar="B", dest="end", help="play until here (default: the last event)")
    parser.add_argument("--at", metavar="T", help="evaluate every schedule rule once, at this instant")
    parser.add_argument("--customers", action="store_true", help="name the customers of each rule")
    parser.add_argument(
        "--facts", metavar="NAME", nargs="+", default=[], help="count, sum and mean of facts over customers"
    )
    parser.add_argument(
        "--events", metavar="NAME.PROPERTY", nargs="+", default=[], help="the same of properties over events"
    )
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Replay the stored events under the workspace's rules, and count what was decided."""
    folder = workspace_of(arguments)
    ruleset = compile_ruleset(authored(folder), known_actions())
    _check(arguments, ruleset)
    bounds = {
        name: instant(getattr(arguments, name), ruleset.zone, f"--{option}")
        for name, option in (("start", "from"), ("end", "to"), ("at", "at"))
    }
    with terminal.progress() as tell:
        with reading(database_of(arguments, folder)) as store, store.reader() as reader:
            events = stored_events(reader, lambda done: tell("reading events", done, 0))
        report = backtest(
            ruleset,
            events,
            **bounds,
            rules=arguments.rules,
            facts=arguments.facts,
            properties=arguments.events,
            progress=lambda done, of: tell("replaying events", done, of),
        )
    if terminal.json:
        terminal.answer(_timed(shown(report, customers=arguments.customers)))
    else:
        _tell(terminal, report, customers=arguments.customers)
    return 0


def _check(arguments: argparse.Namespace, ruleset: Ruleset) -> None:
    """Refuse names that the workspace does not have."""
    live = {rule for desk in ruleset.desks.values() for rule in desk.rules}
    facts = {name for kind in ("person", "account") for name in ruleset.facts.names(kind)}
    for noun, names, known in (("live rule", arguments.rules, live), ("fact", arguments.facts, facts)):
        for name in names:
            if name not in known:
                raise RequestError(
                    f"there is no {noun} {name}; {known_or(name, known, 'see holdfast check')}"
                )
    for name in arguments.events:
        if "." not in name:
            raise RequestError(f"{name} is no property of an event; write it as order_completed.total")


def _timed(found: Mapping[str, Any]) -> dict[str, Any]:
    at = {name: None if found[name] is None else moment_of(found[name]) for name in _INSTANTS}
    return {**found, **at}


def _tell(terminal: Terminal, report: Backtest, *, customers: bool) -> None:
    when = (
        f"at {moment_of(report.at):%Y-%m-%d %H:%M}"
        if report.at is not None
        else f"from {_day(report.from_)} to {_day(report.to)}"
    )
    terminal.say(f"{report.events:,} events of {report.customers:,} customers, {when} UTC", FAINT)
    seldom = [name for name in _SELDOM if any(getattr(count, name) for count in report.rules.values())]
    columns = (
        "rule",
        "fired#",
        "customers#",
        "not met#",
        "unknown#",
        *(f"{_words(name)}#" for name in seldom),
    )
    terminal.table(
        columns,
        [
            (
                name,
                each.fired,
                each.customers,
                each.not_met,
                each.unknown,
                *(getattr(each, one) for one in seldom),
            )
            for name, each in report.rules.items()
        ],
    )
    figures = {**report.facts, **report.properties}
    if figures:
        terminal.say()
        terminal.table(("figure", "count#", "sum#", "mean#"), [_figure(*each) for each in figures.items()])
    if customers:
        for name, ids in report.who.items():
            terminal.say()
            terminal.say(f"{name}: {', '.join(ids) or 'nobody'}")


def _figure(name: str, count: FactCount) -> tuple[str, int, str, str]:
    mean = "" if count.mean is None else f"{count.mean:,.6f}"
    return name, count.count, f"{count.sum:,}", mean


def _day(at: int | None) -> str:
    return "the beginning" if at is None else f"{moment_of(at):%Y-%m-%d %H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")
