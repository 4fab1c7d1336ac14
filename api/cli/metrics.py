"""Show a metric over a time, with what it rests on; without a name, list the metrics."""

from __future__ import annotations

import argparse
import time
from typing import Any

import msgspec

from api.answers.measured import (
    FigureAnswer,
    RetentionAnswer,
    brackets_of,
    definitions,
    metric_answer,
    moment,
    movements_answer,
    retention_answer,
    sources_answer,
    span,
)
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.customers.zones import zone
from engine.metrics.curves import Curve
from engine.metrics.history import Options
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.reports.measures import told
from engine.runtime.reports.measuring import (
    Wanted,
    churn_sources,
    measure,
    metric_named,
    retention_curves,
    revenue_by_month,
    window_of,
)
from engine.runtime.reports.restating import kept_as
from engine.store.interface import Reader


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a metric, retention, mrr or churn_sources")
    parser.add_argument(
        "--from", metavar="A", dest="start", help="from this day or instant (default: last month)"
    )
    parser.add_argument("--to", metavar="B", dest="end", help="to before this day or instant")
    parser.add_argument("--as-of", metavar="T", help="count only what had been received by then")
    parser.add_argument("--by", metavar="PART", help="segment, or another part that the metric has")
    parser.add_argument("--statistic", choices=("mean", "median", "p90"), default="median", help="of times")
    parser.add_argument("--clock", choices=("calendar", "business"), default="calendar", help="of times")
    parser.add_argument(
        "--variant",
        choices=("returning_in_period", "repeat_within_period"),
        default="returning_in_period",
        help="of repeat purchases (default: returning_in_period)",
    )
    parser.add_argument("--formula", choices=("standard", "stripe", "daily"), help="of churn")
    parser.add_argument(
        "--include-reactivation", action="store_true", default=None, help="count who came back, in nrr"
    )
    parser.add_argument("--unit", choices=("day", "week", "month"), default="month", help="of retention")
    parser.add_argument(
        "--kind", choices=("n_day", "unbounded", "bracket"), default="n_day", help="of retention"
    )
    parser.add_argument("--cohort", choices=("first", "active"), default="first", help="of retention")
    parser.add_argument("--cells", metavar="N", type=int, default=12, help="of retention (default: 12)")
    parser.add_argument("--brackets", metavar="A-B,C-D", help="of retention, for --kind bracket")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Measure, and show it."""
    folder = workspace_of(arguments)
    workspace = authored(folder)
    if arguments.name is None:
        _list(terminal, workspace)
        return 0
    where = zone(workspace.settings.timezone, workspace.settings.week_starts)
    now = time.time_ns() // 1000
    start, end = span(arguments.start, arguments.end, where, now)
    as_of = now if arguments.as_of is None else moment(arguments.as_of, where, "--as-of")
    with reading(database_of(arguments, folder)) as store, store.reader() as reader:
        answer = _asked(arguments, reader, workspace, start, end, as_of)
    if terminal.json:
        terminal.answer(answer)
    else:
        _tell(terminal, answer)
    return 0


def _asked(
    arguments: argparse.Namespace,
    reader: Reader,
    workspace: Workspace,
    start: Micros,
    end: Micros,
    as_of: Micros,
) -> Any:
    window = window_of(workspace, start, end, as_of)
    if arguments.name == "mrr":
        return movements_answer(revenue_by_month(reader, workspace, start, end, as_of), workspace, as_of)
    if arguments.name == "churn_sources":
        return sources_answer(churn_sources(reader, workspace, window))
    if arguments.name == "retention":
        curve = Curve(
            unit=arguments.unit,
            kind=arguments.kind,
            cohort=arguments.cohort,
            cells=max(1, min(arguments.cells, 400)),
            brackets=brackets_of(arguments.brackets) if arguments.kind == "bracket" else (),
        )
        found = retention_curves(reader, workspace, curve, window, arguments.by)
        return retention_answer(curve, window, found, workspace)
    metric = metric_named(arguments.name)
    options = Options(
        statistic=arguments.statistic,
        clock=arguments.clock,
        variant=arguments.variant,
        formula=arguments.formula,
        include_reactivation=arguments.include_reactivation,
    )
    figures = measure(reader, workspace, [Wanted(metric, window, options, arguments.by)])[0]
    return metric_answer(told(reader, figures, kept_as(metric, options), arguments.by))


def _list(terminal: Terminal, workspace: Workspace) -> None:
    found = definitions(workspace)
    if terminal.json:
        terminal.answer({"items": found})
        return
    terminal.table(("metric", "unit", "formula", "definition"), (
        (one.name, one.unit, one.formula, one.definition) for one in found
    ))  # fmt: skip


def _tell(terminal: Terminal, answer: Any) -> None:
    if isinstance(answer, RetentionAnswer):
        _tell_curves(terminal, answer)
    elif isinstance(answer, FigureAnswer):
        groups = getattr(answer, "groups", [])
        terminal.say(
            f"{answer.metric}, {answer.from_:%Y-%m-%d} to {answer.to:%Y-%m-%d}, {answer.zone}", "bold"
        )
        terminal.table(
            ("of", "value#", "numerator#", "denominator#", "why none", "versions#"),
            (
                (
                    each.group or "everybody",
                    each.value,
                    each.numerator,
                    each.denominator,
                    each.reason and each.reason.value,
                    len(each.versions) or None,
                )
                for each in (answer, *groups)
            ),
        )
        terminal.say(f"{answer.unit}, {answer.definition}, as of {answer.as_of:%Y-%m-%d %H:%M} UTC", FAINT)
    else:
        for row in getattr(answer, "items", None) or answer.pairs:
            told = msgspec.to_builtins(row)
            terminal.say(", ".join(f"{name} {value}" for name, value in told.items()))
        if hasattr(answer, "sources"):
            terminal.say(", ".join(f"{name} {number}" for name, number in answer.sources.items()))


def _tell_curves(terminal: Terminal, answer: RetentionAnswer) -> None:
    heads = [f"{cell.first}#" if cell.first == cell.last else f"{cell.first}-{cell.last}#" for cell in (
        answer.items[0].cells if answer.items else ()
    )]  # fmt: skip
    terminal.table(
        (f"cohort ({answer.unit})", "of", "size#", *heads),
        (
            (
                f"{row.from_:%Y-%m-%d}",
                row.group or "everybody",
                row.size,
                *("" if cell.value is None else f"{100 * cell.value:.1f} %" for cell in row.cells),
            )
            for row in answer.items
        ),
    )
