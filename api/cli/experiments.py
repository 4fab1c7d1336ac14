"""Show what experiments came to, or what one could find before it starts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from api.answers.experiments import listed_answer, plan_answer, report_answer
from api.cli.databases import reading
from api.cli.places import add_database, add_json, authored, database_of, workspace_of
from api.cli.runs import time as shown_time
from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from engine.customers.zones import Zone, zone
from engine.errors import RequestError
from engine.experiments.comparison import ArmFigures, Comparison, RevenueFigures
from engine.experiments.proportions import Interval
from engine.experiments.revenue import Incremental
from engine.model.reasons import Verdict
from engine.model.values import Percent
from engine.model.workspace import Workspace
from engine.runtime.clock import SystemClock
from engine.runtime.reports import experiments
from engine.runtime.reports.experiments import Plan, Report

WORDS = {
    Verdict.TOO_EARLY: "too early to tell",
    Verdict.NO_PROVEN_EFFECT: "no proven effect",
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.SAMPLE_RATIO_MISMATCH: "the arms are not as they were drawn: nothing is to be trusted",
}
_STYLES = {Verdict.BETTER: GOOD, Verdict.WORSE: BAD, Verdict.SAMPLE_RATIO_MISMATCH: BAD}


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "workflow", metavar="WORKFLOW", nargs="?", help="report on this one (default: list all)"
    )
    parser.add_argument("--plan", metavar="W", help="what the workflow W could find, before it starts")
    parser.add_argument(
        "--customers", metavar="N", type=int, help="with --plan: how many customers will come"
    )
    parser.add_argument(
        "--base", metavar="SHARE", help="with --plan: the share that reaches the goal anyway, such as 10%%"
    )
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Tell."""
    folder = workspace_of(arguments)
    workspace = authored(folder)
    local = zone(workspace.settings.timezone)
    if arguments.plan is not None:
        return _plan(arguments, terminal, workspace, local, database_of(arguments, folder))
    with reading(database_of(arguments, folder)) as store, store.reader() as reader:
        now = store.now() or SystemClock().now()
        if arguments.workflow is not None:
            report = experiments.report(workspace, reader, local, arguments.workflow, now)
            if terminal.json:
                terminal.answer(report_answer(report))
            else:
                tell(terminal, report)
            return 0
        found = experiments.listed(workspace, reader, local, now)
    if terminal.json:
        terminal.answer({"items": [listed_answer(one) for one in found]})
        return 0
    terminal.table(
        ("workflow", "status", "goal", "held out", "until", "exposures#", "comparisons#"),
        [
            (
                one.workflow,
                one.status.value,
                one.measured.goal,
                one.measured.holdout,
                shown_time(one.measured.until),
                one.exposures,
                len(one.comparisons),
            )
            for one in found
        ],
    )
    if not found:
        terminal.say("no workflow holds anybody out or splits, and has a goal or revenue", FAINT)
    return 0


def _plan(
    arguments: argparse.Namespace, terminal: Terminal, workspace: Workspace, local: Zone, url: str
) -> int:
    customers, base = arguments.customers, _share(arguments.base)
    if customers is not None and customers < 1:
        raise RequestError("--customers must be 1 at least; write how many will come, as --customers 500")
    if customers is not None and base is not None:
        found = experiments.plan(workspace, None, local, arguments.plan, 0, customers=customers, base=base)
    else:
        with reading(url) as store, store.reader() as reader:
            now = store.now() or SystemClock().now()
            found = experiments.plan(
                workspace, reader, local, arguments.plan, now, customers=customers, base=base
            )
    if terminal.json:
        terminal.answer(plan_answer(found))
        return 0
    tell_plan(terminal, found)
    return 0


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    share = float(Percent.parse(text).share)
    if not 0 < share < 1:
        raise RequestError(f"--base {text} leaves nothing to find; write a share such as 10%")
    return share


def tell_plan(terminal: Terminal, plan: Plan) -> None:
    """Tell people what could be found."""
    counted = "" if plan.customers_from == "given" else ", as its rules reached in the last 28 days"
    measured = "" if plan.base_from == "given" else ", as was measured"
    terminal.say(f"{plan.workflow}: {plan.customers:,} customers{counted}")
    terminal.say(f"{_percent(plan.base)} of them would reach the goal anyway{measured}")
    terminal.say("the smallest effect that is found in four of five cases:")
    rows = [(plan.share, plan.own, "as written")] if plan.share else []
    rows += [(share, one, "") for share, one in plan.others if share != plan.share]
    terminal.table(
        ("held out", "treated#", "control#", "effect#", ""),
        [
            (_percent(share, 0), one.treated, one.control, _effect(one.effect), note)
            for share, one, note in sorted(rows, key=lambda row: row[0])
        ],
    )
    if not plan.share:
        terminal.say("it holds nobody out: there would be nothing to compare with", BAD)


def tell(terminal: Terminal, report: Report) -> None:
    """Tell people what came out."""
    measured = report.measured
    said = [] if measured.goal is None else [f"goal {measured.goal} within {measured.within}"]
    if measured.revenue is not None:
        said.append(f"revenue {measured.revenue} within {measured.revenue_within}")
    terminal.say(f"{report.workflow}: {report.status.value}, {'; '.join(said)}")
    until = f", who comes before {shown_time(measured.until)} counts" if measured.until is not None else ""
    terminal.say(f"as of {shown_time(report.as_of)} UTC, days in {report.zone}{until}", FAINT)
    for comparison in report.comparisons:
        terminal.say()
        _tell_comparison(terminal, comparison)
    if not report.comparisons:
        terminal.say("nothing is compared: write holdout: 10%, or a split")
        return
    terminal.say()
    terminal.say(
        f"{report.tests} of {report.tests_everywhere} comparisons of this workspace; by chance alone one in "
        "twenty would look proven",
        FAINT,
    )


def _tell_comparison(terminal: Terminal, one: Comparison) -> None:
    kind = {"holdout": "holdout", "global_holdout": "global holdout", "split": f"split {one.split}"}[one.kind]
    terminal.say(f"{kind}: {one.treated.arm} against {one.control.arm}")
    terminal.table(
        ("arm", "customers#", "time not over#", "measured#", "reached#", "rate#", "95%"),
        [_arm_row(one.treated), _arm_row(one.control)],
    )
    if one.difference is not None:
        holds = "holds at any look" if one.difference.kind == "sequence" else "fixed, at the declared end"
        terminal.say(
            f"difference {_points(one.difference.value)} pp, 95% {_range(one.difference.interval)} ({holds})"
        )
    if one.p is not None:
        among = f", {one.p_holm:.4f} among all here (Holm)" if one.p_holm != one.p else ""
        terminal.say(f"p {one.p:.4f}{among}")
    terminal.say(WORDS[one.verdict], _STYLES.get(one.verdict, ""))
    if one.sample_ratio.p is not None:
        terminal.say(f"sample ratio {one.sample_ratio.status}, p {one.sample_ratio.p:.2g}", FAINT)
    left = one.left_out
    counts = (left.conflicting, left.earlier_design, left.reached_before)
    if any(counts):
        terminal.say(
            f"left out: {counts[0]:,} merged out of two arms, {counts[1]:,} drawn under other shares, "
            f"{counts[2]:,} had reached the goal before",
            FAINT,
        )
    for line in _revenue(one.revenue):
        terminal.say(line)
    found = [f"now {_effect(one.detectable.effect)}"]
    if one.detectable_at_end is not None:
        found.append(f"at the end {_effect(one.detectable_at_end.effect)}")
    terminal.say(f"smallest effect that is found in four of five cases: {', '.join(found)}", FAINT)


def _arm_row(arm: ArmFigures) -> tuple[Any, ...]:
    return (
        arm.arm,
        arm.customers,
        arm.waiting,
        arm.measured,
        arm.reached,
        None if arm.rate is None else _percent(arm.rate),
        None if arm.interval is None else f"[{_percent(arm.interval.low)}, {_percent(arm.interval.high)}]",
    )


def _revenue(found: RevenueFigures | None) -> Iterator[str]:
    if found is None:
        return
    yield (
        f"revenue {found.treated.total:,} of {found.treated.customers:,} treated, "
        f"{found.control.total:,} of {found.control.customers:,} in the control"
    )
    if found.incremental is not None:
        yield f"incremental revenue {_money(found.incremental)}"
    if found.adjusted is not None and found.adjusted.cuped is not None:
        gain = 1 - found.adjusted.cuped.variance_left
        yield f"with spend before taken into account {_money(found.adjusted)}, {gain:.0%} less variance"
    yield f"revenue: {WORDS[found.verdict]}"


def _money(one: Incremental) -> str:
    if one.interval is None:
        return f"{one.total:,}"
    low, high = one.interval
    return f"{one.total:,}, 95% [{low:,}, {high:,}]"


def _range(interval: Interval) -> str:
    return f"[{_points(interval.low)}, {_points(interval.high)}]"


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _effect(effect: float | None) -> str:
    return "nothing" if effect is None else f"{100 * effect:.1f} pp"


def _percent(share: float, digits: int = 2) -> str:
    text = f"{Decimal(str(share)) * 100:.{max(digits, 1)}f}"
    return f"{text.rstrip('0').rstrip('.')}%"
