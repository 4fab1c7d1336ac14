"""Points as events earn them and as runs grant them, and what time makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.event import Event
from engine.errors import ConflictError
from engine.expressions import Env, Expression, Outcome, Scope
from engine.loyalty import adjusting, ledger, refunds, reserving
from engine.loyalty.refunds import Origin
from engine.loyalty.tiers import at_risk, days_of, qualify
from engine.model.actions import BuiltInEvent
from engine.model.program import Earn, Program
from engine.model.values import DAY, Duration, Micros
from engine.runs.run import Run
from engine.runs.stage import Stage
from engine.runs.waiting import later

KEPT: Micros = 400 * DAY
"""How long lots and redemptions that are over are kept with the customer; their postings stay for ever."""


class CompiledEarn(msgspec.Struct, frozen=True):
    """One way to earn: on which event, how many points; how refunds take them back.

    `wanted` is how a refund's properties follow from the event's, `less` what it takes off which
    property, `scope` what the expressions may name.
    """

    program: Program
    index: int
    earn: Earn
    points: Expression
    where: Expression | None
    scope: Scope
    wanted: Mapping[str, Expression | str] = {}
    less: Mapping[str, Expression] = {}


def earn(stage: Stage, compiled: CompiledEarn, event: Event, env: Env) -> ledger.Lot | None:
    """Grant what an event earns, once for each event, floored to whole points; give the new lot."""
    if compiled.where is not None and compiled.where.outcome(env) is not Outcome.MET:
        return None
    earned = number(compiled.points.value_or_null(env))
    if earned is None:
        return None
    points = ledger.whole_points(earned)
    key = f"{event.source}/{event.message_id}/{compiled.index}"
    return give(stage, compiled.program, key, points, compiled.earn.pending_for, compiled.earn.expire, None)


def grant(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Carry out points.grant: an event of the customer that it is for, by default the run's own.

    The run's own customer has them at once, for the step that comes next.
    """
    told = {
        "program": program_of(stage, arguments).id, "points": whole(arguments.get("points")), "key": key,
        "reason": arguments.get("reason"), "reversed_by": arguments.get("reversed_by"),
        "expires": text(arguments.get("expires")), "pending_for": text(arguments.get("pending_for")),
    }  # fmt: skip
    other = text(arguments.get("customer")) or stage.member.id
    if other == stage.member.id:
        granted(stage, told)
    hops = stage.hops_of(run) + 1
    stage.emit(BuiltInEvent.POINTS_GRANTED.value, told, key, customer=other, cause="run", hops=hops)
    return {"granted": told["points"]}


def granted(stage: Stage, properties: Mapping[str, Any]) -> None:
    """Apply a points_granted event to the customer that it is for; the same again changes nothing."""
    program = stage.plans.workspace.programs.get(str(properties.get("program")))
    if program is None:
        return
    lot = give(
        stage,
        program,
        str(properties.get("key")),
        whole(properties.get("points")),
        _duration(properties.get("pending_for")),
        _duration(properties.get("expires")),
        text(properties.get("reason")),
    )
    back = properties.get("reversed_by")
    if lot is not None and isinstance(back, Mapping):
        _remember(stage, program, lot, back)


def turn(stage: Stage, program: Program, *, midnight: bool = True) -> None:
    """Let points mature and expire that are due, what waits lapse, and the period roll on.

    At midnight tiers at risk and points that expire soon are told of.
    """
    whole_ledger, customer, now = stage.member.standing.ledger, stage.member.id, stage.now
    due = ledger.next_due(whole_ledger, program.id)
    if due is not None and due <= now:
        postings = ledger.mature(whole_ledger, program.id, customer, now)
        postings += ledger.expire(whole_ledger, program.id, customer, now)
        book = whole_ledger.book(program.id)
        for key in reserving.overdue(book, now):
            released = reserving.release(whole_ledger, program.id, customer, key, now, reason="timed out")
            postings += [released] if released is not None else []
        for key in adjusting.lapse(book, now):
            told = {"program": program.id, "key": key, "points": book.adjustments[key].points}
            stage.emit("adjustment_void", told, program.id, key)
        stage.changes.postings += postings
    _qualify(stage, program, 0)
    if midnight:
        _warn(stage, program)
        _tidy(whole_ledger.book(program.id), now)


def give(
    stage: Stage,
    program: Program,
    key: str,
    points: int,
    pending_for: Duration | None,
    expires: Duration | None,
    reason: str | None,
) -> ledger.Lot | None:
    """Grant points and count them towards the tier; give the lot, None where there is no new one."""
    try:
        posting = ledger.grant(
            stage.member.standing.ledger,
            program.id,
            stage.member.id,
            key,
            points,
            stage.now,
            matures_at=_after(stage, pending_for),
            expires_at=_after(stage, expires),
            reason=reason,
        )
    except ConflictError:
        return None
    if posting is None:
        return None
    stage.changes.postings.append(posting)
    _qualify(stage, program, points)
    return stage.member.standing.ledger.book(program.id).lots[-1]


def _remember(stage: Stage, program: Program, lot: ledger.Lot, back: Mapping[str, Any]) -> None:
    """Keep with granted points what takes them back."""
    written = back.get("match")
    match = dict(written) if isinstance(written, Mapping) else {}
    if not match or any(value is None for value in match.values()):
        return
    origin = Origin(
        event=str(back.get("event")),
        match=match,
        amount=text(back.get("less")),
        whole=number(back.get("of")),
    )
    lot.origin = refunds.pack(origin)
    book = stage.member.standing.ledger.book(program.id)
    if origin.event not in book.watched:
        book.watched = [*book.watched, origin.event]


def _qualify(stage: Stage, program: Program, points: int) -> None:
    book = stage.member.standing.ledger.book(program.id)
    change = qualify(program, book, points, stage.day)
    if change is None:
        return
    told = {"program": program.id, "tier": change.tier, "from": change.from_}
    name = "tier_reached" if change.reached else "tier_lost"
    stage.emit(name, told, program.id, change.tier, stage.now)


def _warn(stage: Stage, program: Program) -> None:
    """Tell of a tier that will fall, and of points that expire, `warn` before; each once."""
    book, zone = stage.member.standing.ledger.book(program.id), stage.plans.zone
    risk = at_risk(program, book, stage.day)
    if risk is not None:
        told = {
            "program": program.id, "tier": risk.tier, "missing": risk.missing,
            "ends": zone.local(zone.start_of_day(risk.ends)).date().isoformat(),
            "falls": zone.local(zone.start_of_day(risk.falls)).date().isoformat(),
        }  # fmt: skip
        stage.emit("tier_at_risk", told, program.id, risk.ends)
    if program.warn is None:
        return
    until = stage.day + days_of(program.warn)
    days: dict[int, list[ledger.Lot]] = {}
    for lot in book.lots:
        if lot.expires_at is None or lot.warned or not lot.pending + lot.available:
            continue
        if (day := zone.day_of(lot.expires_at)) <= until:
            days.setdefault(day, []).append(lot)
    for day, lots in sorted(days.items()):
        for lot in lots:
            lot.warned = True
        points = sum(lot.pending + lot.available for lot in lots)
        first = min(lot.expires_at or 0 for lot in lots)
        told = {
            "program": program.id, "points": points,
            "expires_at": zone.local(first).isoformat(),
        }  # fmt: skip
        stage.emit("points_expiring", told, program.id, day, *(lot.key for lot in lots))


def _tidy(book: ledger.Book, now: Micros) -> None:
    """Forget what has been over for so long that nothing can come of it any more."""
    if any(_is_over(lot, now) for lot in book.lots):
        book.lots = [lot for lot in book.lots if not _is_over(lot, now)]
    old = [key for key, one in book.redemptions.items() if one.state != "reserved" and one.at + KEPT < now]
    for key in old:
        del book.redemptions[key]
    lapsed = [key for key, one in book.adjustments.items() if one.state != "pending" and one.at + KEPT < now]
    for key in lapsed:
        del book.adjustments[key]
    if book.early and book.early[0].at + KEPT < now:
        book.early = [early for early in book.early if early.at + KEPT >= now]


def _is_over(lot: ledger.Lot, now: Micros) -> bool:
    return not lot.left and not lot.debt and max(lot.earned_at, lot.expires_at or 0) + KEPT < now


def program_of(stage: Stage, arguments: Mapping[str, Any]) -> Program:
    """Give the program that arguments name, the only one where they name none."""
    programs = stage.plans.workspace.programs
    name = arguments.get("program")
    return programs[str(name)] if name else next(iter(programs.values()))


def _after(stage: Stage, length: Duration | None) -> Micros | None:
    return later(stage, stage.now, length) if length is not None else None


def _duration(value: Any) -> Duration | None:
    if value is None or isinstance(value, Duration):
        return value
    return Duration.parse(value)


def whole(value: Any) -> int:
    """Give a value as whole points, 0 where it is no number."""
    try:
        return ledger.whole_points(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return 0


def number(value: Any) -> Decimal | None:
    """Give a value as an exact number, None where it is none."""
    return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """Give a value as text, None for null."""
    return None if value is None else str(value)
