"""Show what a workspace's rules would have decided on the stored events, without any effects."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from api.cli.against import GIT, LIVE, other_side
from api.cli.charts import bars, by_time, histogram, pair_bars, pairs
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.authoring.backtest import (
    WOULD,
    Backtest,
    Difference,
    FactCount,
    Threshold,
    backtest,
    bins,
    differences,
    is_held_out,
    is_refused,
    shown,
)
from engine.authoring.wording import known_or
from engine.customers.zones import Zone, moment_of
from engine.decisions.decision import Decision
from engine.errors import RequestError
from engine.model.reasons import DecisionOutcome
from engine.model.spreadsheet import shielded
from engine.runtime.actions import known_actions
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import Ruleset, compile_ruleset

_INSTANTS = ("from", "to", "at")
_SHOWN = 20
"""So many of those who differ are shown unless all are asked for."""
_SELDOM = ("held_out", "refused", "at_most", "too_late", "shadow", "error", "followed", "undetermined")


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("rules", metavar="RULE", nargs="*", help="only these rules (default: all live ones)")
    parser.add_argument(
        "--from", metavar="A", dest="start", help="count from here (default: the first event)"
    )
    parser.add_argument("--to", metavar="B", dest="end", help="play until here (default: the last event)")
    parser.add_argument("--at", metavar="T", help="evaluate every schedule rule once, at this instant")
    parser.add_argument(
        "--against",
        metavar="OTHER",
        help=f"compare with another policy: a workspace's folder, {GIT}REVISION of this one, or {LIVE}",
    )
    parser.add_argument(
        "--csv",
        metavar="FILE",
        type=Path,
        help="write every decision that fired, of both sides, to a CSV file",
    )
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
    bounds = {
        name: instant(getattr(arguments, name), ruleset.zone, f"--{option}")
        for name, option in (("start", "from"), ("end", "to"), ("at", "at"))
    }
    with terminal.progress() as tell:
        with reading(database_of(arguments, folder)) as store, store.reader() as reader:
            other = other_side(arguments.against, folder, reader) if arguments.against else None
            _check(arguments, ruleset, other)
            events = stored_events(reader, lambda done: tell("reading events", done, 0))

        def played(rules: Ruleset, doing: str) -> Backtest:
            return backtest(
                rules,
                events,
                **bounds,
                rules=arguments.rules,
                facts=arguments.facts,
                properties=arguments.events,
                rows=WOULD,
                progress=lambda done, of: tell(doing, done, of),
            )

        report = played(ruleset, "replaying events")
        before = None if other is None else played(other, "replaying them under the other policy")
        found: Sequence[Difference] = ()
        if other is not None and before is not None:
            found = differences(
                (other, before),
                (ruleset, report),
                events,
                rules=arguments.rules,
                progress=lambda done, of: tell("looking at those who differ", done, of),
            )
    if arguments.csv is not None:
        _write(arguments.csv, ruleset.zone, [("old", before), ("new", report)])
    if terminal.json:
        terminal.answer(_answer(report, before, found, customers=arguments.customers))
        return 0
    _tell(terminal, report, customers=arguments.customers)
    if before is not None:
        _compare(terminal, before, report, found, everybody=arguments.customers)
    elif arguments.rules:
        _draw(terminal, report, arguments.rules)
    return 0


def _answer(
    report: Backtest, before: Backtest | None, found: Sequence[Difference], *, customers: bool
) -> dict[str, Any]:
    answer = _side(report, customers=customers)
    if before is not None:
        answer["against"] = _side(before, customers=customers)
        answer["differing"] = [{**msgspec.structs.asdict(each), "at": moment_of(each.at)} for each in found]
    return answer


def _side(report: Backtest, *, customers: bool) -> dict[str, Any]:
    done = report.done
    return {
        **_timed(shown(report, customers=customers)),
        "days": report.days,
        "refusals": report.refusals,
        "messages": done.messages,
        "held_back": done.held_back,
        "budgets": {"coupons": done.coupons, "points": done.points},
        "thresholds": [_histogram_of(each) for each in report.thresholds],
    }


def _histogram_of(threshold: Threshold) -> dict[str, Any]:
    return {
        "rule": threshold.rule,
        "line": threshold.line,
        "limit": threshold.limit,
        "bins": [msgspec.structs.asdict(each) for each in bins(threshold.values, [threshold.limit])],
    }


def _write(path: Path, zone: Zone, sides: Iterable[tuple[str, Backtest | None]]) -> None:
    """Write every decision that fired, a row each; none is a formula to a spreadsheet."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("side", "rule", "customer", "day", "at", "held_out", "refused"))
        for side, report in sides:
            fired = [] if report is None else _fired(report)
            for decision in fired:
                at = zone.local(decision.at)
                who = (side, decision.rule, decision.customer, at.date(), at.isoformat())
                cells = (*who, is_held_out(decision), is_refused(decision))
                rows.writerow([shielded(str(cell)) for cell in cells])


def _fired(report: Backtest) -> list[Decision]:
    return [
        decision
        for decision in report.decisions
        if decision.outcome is DecisionOutcome.FIRED and decision.rule in report.rules
    ]


def _check(arguments: argparse.Namespace, ruleset: Ruleset, other: Ruleset | None) -> None:
    """Refuse names that neither side has."""
    sides = [ruleset] if other is None else [ruleset, other]
    live = {rule for side in sides for desk in side.desks.values() for rule in desk.rules}
    facts = {name for kind in ("person", "account") for name in ruleset.facts.names(kind)}
    for noun, names, known in (("live rule", arguments.rules, live), ("fact", arguments.facts, facts)):
        for name in names:
            if name not in known:
                raise RequestError(
                    f"there is no {noun} {name}; {known_or(name, known, 'see the files under rules/')}"
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
    _section(terminal, "Refused, and why", _refused(report))
    figures = {**report.facts, **report.properties}
    if figures:
        terminal.say()
        terminal.table(("figure", "count#", "sum#", "mean#"), [_figure(*each) for each in figures.items()])
    if customers:
        for name, ids in report.who.items():
            terminal.say()
            terminal.say(f"{name}: {', '.join(ids) or 'nobody'}")


def _refused(report: Backtest) -> list[str]:
    """Give a line a rule: how many of its decisions asked for a run that could not start, by reason."""
    return [
        f"{rule}: " + ", ".join(f"{_words(reason)} {number:,}" for reason, number in sorted(reasons.items()))
        for rule, reasons in sorted(report.refusals.items())
    ]


def _draw(terminal: Terminal, report: Backtest, rules: Iterable[str]) -> None:
    """Show when rules fired, what that would have done, and what lay around their thresholds."""
    for rule in rules:
        rows = by_time({}, report.days.get(rule, {}))
        _section(terminal, f"{rule}, fired", bars([(name, new) for name, _, new in rows]))
    _section(terminal, "Messages that would have gone", bars(list(report.done.messages.items())))
    _section(terminal, "Held back", bars(list(report.done.held_back.items())))
    _section(terminal, "Spent", _spent(report))
    for threshold in report.thresholds:
        _section(
            terminal,
            f"{threshold.rule}: {threshold.name} as it was seen{_unit(threshold)}",
            histogram(bins(threshold.values, [threshold.limit]), {threshold.limit: threshold.line}),
        )


def _compare(
    terminal: Terminal, old: Backtest, new: Backtest, found: Sequence[Difference], *, everybody: bool
) -> None:
    """Show the two sides beside each other, and who differs."""
    rules = sorted({each.rule for each in found})
    if not rules:
        terminal.say()
        terminal.say("Nobody is decided otherwise.", "bold")
        return
    for rule in rules:
        rows = by_time(old.days.get(rule, {}), new.days.get(rule, {}))
        totals = sum(row[1] for row in rows), sum(row[2] for row in rows)
        head = f"{rule}: fired {totals[0]:,} times, now {totals[1]:,}   (# both, + now alone, - then alone)"
        _section(terminal, head, pair_bars(rows))
    sent = pairs(old.done.messages, new.done.messages)
    _section(terminal, "Messages that would have gone, then and now", pair_bars(sent))
    held_back = pairs(old.done.held_back, new.done.held_back)
    _section(terminal, "Held back, then and now", pair_bars(held_back))
    _section(terminal, "Spent then", _spent(old))
    _section(terminal, "Spent now", _spent(new))
    for rule in rules:
        for threshold, limits in _shared(rule, old.thresholds, new.thresholds):
            head = f"{rule}: {threshold.name} as it was seen{_unit(threshold)}"
            _section(terminal, head, histogram(bins(threshold.values, list(limits)), limits))
    _differing(terminal, found, everybody=everybody)


def _shared(
    rule: str, old: Iterable[Threshold], new: Iterable[Threshold]
) -> Iterable[tuple[Threshold, dict[Any, str]]]:
    """Give the lines of a rule by what they compare, with the limits of both sides."""
    before = {(each.name, each.sign): each for each in old if each.rule == rule}
    for threshold in new:
        if threshold.rule != rule:
            continue
        limits = {threshold.limit: f"now {threshold.line}"}
        then = before.get((threshold.name, threshold.sign))
        if then is not None:
            same = then.limit == threshold.limit
            limits[then.limit] = f"then and now {then.line}" if same else f"then {then.line}"
        yield threshold, limits


def _differing(terminal: Terminal, found: Sequence[Difference], *, everybody: bool) -> None:
    shown = found if everybody else found[:_SHOWN]
    several = len({each.customer for each in found})
    head = f"{several:,} {'customer is' if several == 1 else 'customers are'} decided otherwise"
    more = "" if len(shown) == len(found) else f"; the first {_SHOWN}, all with --customers"
    terminal.say()
    terminal.say(head + more, "bold")
    for each in shown:
        terminal.say()
        terminal.say(
            f"{each.rule}  {each.customer}  {moment_of(each.at):%Y-%m-%d %H:%M}  "
            f"{_words(each.old)}, now {_words(each.new)}"
        )
        for line in each.lines:
            values = ", ".join(f"{name} = {value}" for name, value in line.values.items())
            seen = f"   ({values})" if values else ""
            if line.old is not None and line.new is not None:
                terminal.say(f"    {line.text}   {_words(line.old)}, now {_words(line.new)}{seen}", FAINT)
            elif line.old is not None:
                terminal.say(f"    then  {line.text}   {_words(line.old)}{seen}", FAINT)
            else:
                terminal.say(f"    now   {line.text}   {_words(line.new or '')}{seen}", FAINT)


def _spent(report: Backtest) -> list[str]:
    lines = [f"coupons  {worth:,} {currency}" for currency, worth in report.done.coupons.items()]
    return [*lines, *([f"points   {report.done.points:,}"] if report.done.points else [])]


def _section(terminal: Terminal, head: str, lines: Sequence[str]) -> None:
    if lines:
        terminal.say()
        terminal.say(head, "bold")
        for line in lines:
            terminal.say(line)


def _unit(threshold: Threshold) -> str:
    return ", in days" if threshold.days else ""


def _figure(name: str, count: FactCount) -> tuple[str, int, str, str]:
    mean = "" if count.mean is None else f"{count.mean:,.6f}"
    return name, count.count, f"{count.sum:,}", mean


def _day(at: int | None) -> str:
    return "the beginning" if at is None else f"{moment_of(at):%Y-%m-%d %H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")
