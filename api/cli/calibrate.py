"""Hold a score against what became of customers: how many in each band came to an outcome."""

from __future__ import annotations

import argparse
from decimal import Decimal

from api.answers.values import calibration_answer
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.authoring.outcomes.calibration import Calibration, Share, calibrate
from engine.customers.zones import moment_of, zone
from engine.errors import RequestError, ValueSyntaxError
from engine.model.values import DAY, Duration, Micros
from engine.runtime.reports.history import stored_events


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("score", metavar="SCORE", help="the score's id")
    add_outcome(parser, "churned")
    parser.add_argument("--to", metavar="T", dest="end", help="play until here (default: the last event)")
    add_database(parser)
    add_json(parser)


def add_outcome(parser: argparse.ArgumentParser, default: str) -> None:
    """Let a command take `--outcome` and `--within`."""
    parser.add_argument(
        "--outcome",
        metavar="NAME",
        default=default,
        help=f"an event, 'final EVENT', a segment or stage entered, or 'no EVENT' (default: {default})",
    )
    parser.add_argument(
        "--within", metavar="LENGTH", default="90d", help="how long after the look (default: 90d)"
    )


def length(text: str, name: str) -> Micros:
    """Read a length of time; raises RequestError."""
    try:
        return Duration.parse(text).micros
    except ValueSyntaxError as error:
        raise RequestError(f"{name}: {error}", code="invalid_parameter") from None


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Replay the stored events, and count what came of each band and tenth."""
    folder = workspace_of(arguments)
    workspace = authored(folder)
    place = zone(workspace.settings.timezone, workspace.settings.week_starts)
    with terminal.progress() as tell:
        with reading(database_of(arguments, folder)) as store, store.reader() as reader:
            events = stored_events(reader, lambda done: tell("reading events", done, 0))
        found = calibrate(
            workspace,
            events,
            arguments.score,
            outcome=arguments.outcome,
            within=length(arguments.within, "--within"),
            as_of=instant(arguments.end, place, "--to"),
            progress=lambda done, of: tell("replaying events", done, of),
        )
    if terminal.json:
        terminal.answer(calibration_answer(found))
    else:
        _tell(terminal, found)
    return 0


def _tell(terminal: Terminal, found: Calibration) -> None:
    when = "nothing" if found.as_of is None else f"{moment_of(found.as_of):%Y-%m-%d %H:%M} UTC"
    terminal.say(
        f"Score {found.score}: who came to {found.outcome} within {found.within // DAY} days", "bold"
    )
    terminal.say(
        f"{found.customers:,} customers at the starts of {len(found.looks)} months, as of {when}; "
        f"{found.incomplete} months are not over",
        FAINT,
    )
    for title, rows in (("band", found.bands), ("score", found.tenths)):
        terminal.say()
        columns = (title, "n#", f"{found.outcome}#", "share#", "95% low#", "high#")
        terminal.table(columns, [_row(row) for row in rows])


def _row(row: Share) -> tuple[str, int, int, str, str, str]:
    return row.name, row.n, row.had, percent(row.share), percent(row.low), percent(row.high)


def percent(share: Decimal | None) -> str:
    """Write a share as percent, nothing where it is unknown."""
    return "" if share is None else f"{100 * share:.1f}%"
