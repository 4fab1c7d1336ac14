"""Cases as runs open them and people take them up: the ladder's levels are told through effects.

What people do with a case is an event of its customer, which says what it did by its name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from engine.customers.event import Event
from engine.customers.kinds import parse_time, sent_form
from engine.customers.zones import instant_of, moment_of
from engine.decisions.decision import identity
from engine.decisions.rules import compile_value
from engine.decisions.scopes import customer_scope
from engine.escalation import case as escalation
from engine.escalation.case import Breach, Case, Exhausted, Outcome, Tell, Terms
from engine.escalation.history import DEFAULT_PRIORITY
from engine.expressions import Env
from engine.model.ladder import Ladder
from engine.model.values import Micros
from engine.runs.context import opening, short
from engine.runs.run import Effect, Run
from engine.runs.stage import Stage

TELL = "case.tell"
"""The action that tells a person about a case; it goes out like e-mail, and waits for nobody."""


def open_(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Open a case, or find the open one with the same key; the first level is told at once."""
    wanted = arguments.get("key")
    for case in stage.member.standing.cases.values():
        if wanted is not None and case.open and case.key == str(wanted):
            return {"case": case.id}
    terms = terms_of(stage, str(arguments["ladder"]))
    case, outcomes = escalation.open_case(
        terms,
        id=identity("case", key),
        customer=stage.member.id,
        title=str(arguments["title"]),
        now=stage.now,
        key=str(wanted) if wanted is not None else None,
        priority=str(arguments.get("priority") or DEFAULT_PRIORITY),
        run=run.id if run else None,
        since=_instant(arguments.get("since")),
        context=opening(stage, terms.ladder, run),
    )
    _keep(stage, case)
    stage.emit("case_opened", _about(case), key, cause="run", hops=stage.hops_of(run))
    _follow(stage, case, outcomes)
    return {"case": case.id}


def cancel(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Close the open cases with this id or key, or those that this run opened."""
    for case in list(stage.member.standing.cases.values()):
        named = arguments.get("case") == case.id or (
            arguments.get("key") is not None and case.key == str(arguments["key"])
        )
        own = "case" not in arguments and "key" not in arguments and run is not None and case.run == run.id
        reason = _text(arguments.get("reason"))
        if (named or own) and escalation.cancel(case, reason, stage.now):
            stage.emit(
                "case_cancelled",
                {**_about(case), "reason": reason},
                key,
                case.id,
                cause="run",
                hops=stage.hops_of(run),
            )
            turn(stage, case)
    return {}


def turn(stage: Stage, case: Case) -> None:
    """Do what is due for a case: tell levels, and tell of clocks that have run out or soon will.

    It stands still where its ladder is gone.
    """
    outcomes = escalation.turn(case, terms_of(stage, case.ladder), stage.now)
    _keep(stage, case)
    _follow(stage, case, outcomes)


def turn_all(stage: Stage) -> None:
    """Read every open case anew, because ladders or calendars may have changed."""
    for case in list(stage.member.standing.cases.values()):
        turn(stage, case)


def taken(stage: Stage, event: Event) -> None:
    """Apply what a person did, as an event says it, to the case that it names; it may change nothing."""
    said = event.properties
    id = str(said.get("case"))
    case = stage.member.standing.cases.get(id)
    if case is None and event.name == "case_reopened":
        case = stage.changes.cases.get(id)
    if case is None or case.customer != stage.member.id:
        return
    outcomes = ACTS[event.name](
        case, terms_of(stage, case.ladder), said, str(said.get("by") or ""), _since(stage, event), stage.now
    )
    if outcomes is None:
        return
    _keep(stage, case)
    _follow(stage, case, outcomes)
    turn(stage, case)


def _since(stage: Stage, event: Event) -> Micros:
    """Give since when an event holds: its own `since`, else when it occurred; never in the future."""
    try:
        told = _instant(event.properties.get("since"))
    except ValueError:
        told = None
    return min(event.occurred_at if told is None else told, stage.now)


Act = Callable[[Case, Terms, Mapping[str, Any], str, Micros, Micros], Iterable[Outcome] | None]


def _acknowledged(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return () if escalation.acknowledge(case, by, at, now) else None


def _assigned(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    who = said.get("who")
    return escalation.assign(case, terms, str(who), by, at, now) if who else None


def _paused(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return () if escalation.pause(case, _text(said.get("reason")), by, at, now) else None


def _resumed(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return () if escalation.resume(case, by, at, now) else None


def _prioritised(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    wanted = said.get("priority")
    return () if wanted and escalation.prioritise(case, str(wanted), by, now) else None


def _resolved(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return () if escalation.resolve(case, by, at, now) else None


def _cancelled(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return () if escalation.cancel(case, _text(said.get("reason")), now, by) else None


def _reopened(
    case: Case, terms: Terms, said: Mapping[str, Any], by: str, at: Micros, now: Micros
) -> Iterable[Outcome] | None:
    return escalation.reopen(case, terms, _text(said.get("reason")), by, now)


ACTS: Mapping[str, Act] = {
    "case_acknowledged": _acknowledged,
    "case_assigned": _assigned,
    "case_paused": _paused,
    "case_resumed": _resumed,
    "case_prioritised": _prioritised,
    "case_resolved": _resolved,
    "case_cancelled": _cancelled,
    "case_reopened": _reopened,
}
"""What people do with cases, by the events that say so."""


def _keep(stage: Stage, case: Case) -> None:
    stage.changes.cases[case.id] = case
    stage.changes.customers[stage.member.id] = None
    if case.open:
        stage.member.standing.cases[case.id] = case
    else:
        stage.member.standing.cases.pop(case.id, None)


def terms_of(stage: Stage, name: str) -> Terms:
    """Give what cases of a ladder go by; a ladder that is gone tells nobody and sets no times."""
    workspace = stage.plans.workspace
    ladder = workspace.ladders.get(name) or Ladder(id=name, levels=())
    calendar = workspace.calendars.get(ladder.hours) if ladder.hours else None
    return Terms(ladder, calendar, partial(_find, stage))


def _find(stage: Stage, who: Any) -> str | None:
    scope = customer_scope(stage.member.kind, stage.plans.catalog, stage.plans.workspace.settings.timezone)
    found = compile_value(who, scope).value(Env(stage.view(), None, None, None, stage.clock))
    return str(found) if found else None


def _follow(stage: Stage, case: Case, outcomes: Iterable[Outcome]) -> None:
    """Make known what came of a turn: people are told, and what must not go unheard is an event."""
    for outcome in outcomes:
        if isinstance(outcome, Tell):
            stage.changes.effects.append(_effect(stage, case, outcome))
        elif isinstance(outcome, Exhausted):
            loops = {"loops": case.loop, "levels": case.level}
            stage.emit("case_exhausted", {**_about(case), **loops}, case.id, outcome.number, cause="run")
        else:
            _tell_breach(stage, case, outcome)


def _tell_breach(stage: Stage, case: Case, breach: Breach) -> None:
    name = "case_breach_near" if breach.near else "case_breached"
    said = {"clock": breach.clock, "due": moment_of(breach.due)}
    stage.emit(name, {**_about(case), **said}, case.id, breach.key, cause="run")


def _about(case: Case) -> dict[str, Any]:
    """Give what every event of a case says of it."""
    found = {
        "case": case.id, "ladder": case.ladder, "title": case.title, "priority": case.priority,
        "key": case.key, "who": case.who,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _effect(stage: Stage, case: Case, tell: Tell) -> Effect:
    return Effect(
        key=f"{case.id}:{tell.place}",
        run="",
        workflow=f"ladder {case.ladder}",
        customer=stage.member.id,
        path=tell.place.partition(":")[0],
        action=TELL,
        arguments={
            "to": tell.who, "case": case.id, "title": case.title, "priority": case.priority,
            "ladder": case.ladder, "level": tell.level, "loop": tell.loop,
            "respond_due": _time(case.respond_due), "resolve_due": _time(case.resolve_due),
            "context": short(case.context),
        },
        created_at=stage.now,
        due=stage.now,
        first_due=stage.now,
    )  # fmt: skip


def _time(at: Micros | None) -> Any:
    return None if at is None else sent_form(moment_of(at))


def _instant(value: Any) -> Micros | None:
    """Read an instant of an expression or an event; raises ValueError for what is none."""
    if value is None:
        return None
    return instant_of(value) if isinstance(value, dt.datetime) else parse_time(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
