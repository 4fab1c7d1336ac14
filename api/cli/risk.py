"""Learn from the workspace's own history what goes before an outcome, and say whether it helps."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from api.cli.calibrate import add_outcome, length
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.terminal import BAD, FAINT, GOOD, Tell, Terminal
from engine.authoring.outcomes.rank import Ranked, rank
from engine.authoring.outcomes.ranking import Bin
from engine.authoring.outcomes.regression import Fit, fit
from engine.customers.event import Event
from engine.customers.zones import moment_of, zone
from engine.model.values import DAY, Micros
from engine.runtime.reports.history import stored_events


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    does = parser.add_subparsers(dest="does", metavar="fit|rank", required=True)
    learning = does.add_parser(
        "fit", help="fit a logistic model and hold it against days of quiet", allow_abbrev=False
    )
    add_outcome(learning, "lapsed")
    learning.add_argument(
        "--until", metavar="T", help="learn up to here, judge by what came after (default: as late as may be)"
    )
    learning.add_argument("--facts", metavar="NAME", nargs="+", default=[], help="only these (default: all)")
    learning.add_argument("--quiet", metavar="FACT", help="the fact that tells of days quiet")
    ranking = does.add_parser("rank", help="tell how well one fact ranks customers", allow_abbrev=False)
    ranking.add_argument("fact", metavar="FACT", help="the fact's name")
    add_outcome(ranking, "lapsed")
    ranking.add_argument("--at", metavar="T", required=True, help="the instant at which it is read")
    for each in (learning, ranking):
        each.add_argument(
            "--to",
            metavar="T",
            dest="end",
            help="all is stored up to here (default: the last event)",
        )
        add_database(each)
        add_json(each)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Replay the stored events for what was known at each look, and what came after."""
    folder = workspace_of(arguments)
    workspace = authored(folder)
    place = zone(workspace.settings.timezone, workspace.settings.week_starts)
    within = length(arguments.within, "--within")
    with terminal.progress() as tell:
        end = instant(arguments.end, place, "--to")
        events = _events(database_of(arguments, folder), tell)
        if arguments.does == "rank":
            at = instant(arguments.at, place, "--at") or 0
            ranked = rank(
                workspace, events, arguments.fact, outcome=arguments.outcome, at=at, within=within, as_of=end,
                progress=lambda done, of: tell("replaying events", done, of),
            )  # fmt: skip
            if terminal.json:
                terminal.answer(_timed(msgspec.to_builtins(ranked)))
            else:
                _tell_rank(terminal, ranked)
            return 0
        found = fit(
            workspace,
            events,
            outcome=arguments.outcome,
            within=within,
            until=instant(arguments.until, place, "--until"),
            facts=arguments.facts,
            quiet=arguments.quiet,
            as_of=end,
            progress=lambda done, of: tell("replaying events", done, of),
        )
    if terminal.json:
        terminal.answer({**_timed(msgspec.to_builtins(found)), "better": found.better})
    else:
        _tell_fit(terminal, found)
    return 0


def _events(url: str, tell: Tell) -> list[Event]:
    with reading(url) as store, store.reader() as reader:
        return stored_events(reader, lambda done: tell("reading events", done, 0))


def _timed(found: Mapping[str, Any]) -> dict[str, Any]:
    timed: dict[str, Any] = {name: moment_of(found[name]) for name in ("at", "until") if name in found}
    if "looks" in found:
        timed["looks"] = [moment_of(at) for at in found["looks"]]
    return {**{name: value for name, value in found.items() if name != "within"}, **timed,
            "within_days": found["within"] / DAY}  # fmt: skip


def _tell_rank(terminal: Terminal, found: Ranked) -> None:
    terminal.say(
        f"{found.fact} at {_day(found.at)}, who came to {found.outcome} within {found.within // DAY} days",
        "bold",
    )
    share = 100 * found.had / found.n if found.n else 0.0
    terminal.say(
        f"{found.n:,} customers, {found.had:,} of them did ({share:.1f}%); {found.unknown:,} are unknown"
    )
    terminal.say(f"AUC {_area(found.auc)} (0.5 is a coin)")
    for event, days in found.gaps.items():
        gap = "unknown: fewer than 200 gaps" if days is None else f"{days} days"
        terminal.say(f"p90 of gaps between days with {event}: {gap}", FAINT)


def _tell_fit(terminal: Terminal, found: Fit) -> None:
    terminal.say(f"Who came to {found.outcome} within {found.within // DAY} days", "bold")
    terminal.say(
        f"learnt from {found.learnt_from:,} looks in {len(found.looks)} months ({found.learnt_had:,} did); "
        f"judged at {_day(found.until)} on {found.judged_on:,} customers ({found.judged_had:,} did)",
        FAINT,
    )
    terminal.say()
    terminal.table(
        ("fact", "weight#", "odds for one sd more#", "mean#", "sd#", "unknown as#"),
        [
            (
                f"log(1 + {one.fact})" if one.logarithm else one.fact,
                f"{one.weight:+.3f}",
                f"x {math.exp(one.weight):.2f}",
                f"{one.mean:.3f}",
                f"{one.sd:.3f}",
                f"{one.unknown_as:g}",
            )
            for one in found.weights
        ],
    )
    terminal.say(f"intercept {found.intercept:+.3f}", FAINT)
    terminal.say()
    rows = [
        (name, _area(one.auc), f"{one.brier:.4f}")
        for name, one in (("the model", found.model), (f"{found.quiet_fact} alone", found.quiet))
    ]
    terminal.table(("on the later period", "AUC#", "Brier#"), rows)
    terminal.say()
    terminal.table(("the model: chance", "came#", "n#"), [_bin(one) for one in found.model.reliability])
    terminal.say()
    terminal.say(verdict(found), GOOD if found.better else BAD)


def verdict(found: Fit) -> str:
    """Say in a sentence whether the model is better than days of quiet."""
    difference = found.difference
    if difference is None:
        return "Too few customers came to it to say whether the model is better."
    spread = f"AUC {difference.by:+.3f}, 95% interval {difference.low:+.3f} to {difference.high:+.3f}"
    if found.better:
        return f"The model is better than {found.quiet_fact} alone ({spread})."
    if difference.low > 0:
        return (
            f"The model ranks better than {found.quiet_fact} alone ({spread}), but its chances are further "
            "from what came: do not read them as chances."
        )
    return f"The model is not better than {found.quiet_fact} alone ({spread}): use that."


def _bin(one: Bin) -> tuple[str, str, int]:
    return f"{100 * one.chance:.1f}%", f"{100 * one.share:.1f}%", one.n


def _area(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _day(at: Micros) -> str:
    return f"{moment_of(at):%Y-%m-%d}"
