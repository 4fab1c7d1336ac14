"""Casework: what people do with cases, each an event of the customer in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.authoring.wording import known_or
from engine.customers.kinds import parse_time
from engine.customers.zones import moment_of
from engine.decisions.decision import identity
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.escalation.case import Case
from engine.escalation.clock import Clock, clocks_of
from engine.escalation.durations import Durations, durations
from engine.escalation.history import DEFAULT_PRIORITY
from engine.model.ladder import Calendar, Ladder
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runs.changes import Changes
from engine.runs.context import RECENT, standing
from engine.runtime.people.recording import caused, play
from engine.runtime.reports.reading import Entry, looking, timeline
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn
from engine.timeline.moment import Moment


class KnownCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case with what whoever opens it has to know.

    before: what happened to the customer until it was opened, the newest first, and recent: until now.
    now: how things stand with the customer at present, as `context` says how they stood.
    """

    case: Case
    clocks: list[Clock]
    durations: Durations
    before: list[Entry]
    recent: list[Entry]
    now: dict[str, Any]


def act(shell: Shell, id: str, name: str, by: str, said: Mapping[str, Any]) -> Case:
    """Do with a case what an event of that name says, and give the case as it is then.

    What has been done already is not done again; `ConflictError` where it cannot be done as things are,
    `RequestError` for a person, a priority or a time that there is not.
    """
    with open_turn(shell) as turn:
        found = _found(turn, id)
        customer = turn.customer(found.customer)
        if turn.shared:
            turn.come_after()
        case = _found(turn, id)
        _check(shell.ruleset.workspace, case, {"by": by, **said}, turn.now)
        if not _is_done(case, name, by, said):
            if not case.open:
                turn.changes.cases[id] = msgspec.structs.replace(case, customer=customer)
            said_of = {"case": id, "by": by, **said}
            play(turn, caused(turn, customer, name, identity(name, id, len(case.history), by), said_of))
            turn.flush()
        turn.result = answered = _found(turn, id)
        return answered


def _found(turn: Turn, id: str) -> Case:
    case = turn.writer.case(id)
    if case is None:
        raise NotFoundError(f"there is no case {id}; look it up in the list of cases")
    return case


def _check(workspace: Workspace, case: Case, said: Mapping[str, Any], now: Micros) -> None:
    for name, text in said.items():
        if text is not None and not _is_sound(text):
            raise RequestError(
                f"{name} holds a NUL character or half of a surrogate pair; take it out", code="bad_value"
            )
    who, wanted, since = said.get("who"), said.get("priority"), said.get("since")
    if who is not None and who not in workspace.settings.people and "@" not in who:
        raise RequestError(
            f"there is no person {who}; {known_or(who, workspace.settings.people, 'send an e-mail address')}",
            code="unknown_person",
        )
    ladder = workspace.ladders.get(case.ladder)
    if wanted is not None and ladder is not None:
        known = {DEFAULT_PRIORITY, *ladder.respond_within, *ladder.resolve_within}
        if wanted not in known:
            raise RequestError(
                f"there is no priority {wanted}; {known_or(wanted, known)}", code="unknown_priority"
            )
    if since is not None:
        try:
            told = parse_time(since)
        except (ValueError, ArithmeticError):
            raise RequestError("since is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z") from None
        if told > now:
            raise RequestError(
                f"since lies in the future; send a time before {moment_of(now):%Y-%m-%dT%H:%M:%SZ}"
            )


def _is_sound(text: str) -> bool:
    """Tell whether every database and every message can hold a text."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _is_done(case: Case, name: str, by: str, said: Mapping[str, Any]) -> bool:
    """Tell whether it has been done already; raises `ConflictError` where it cannot be."""
    if name == "case_reopened":
        if case.open:
            raise ConflictError(f"the case {case.id} is open, and there is nothing to reopen")
        return False
    if not case.open:
        if name == f"case_{case.status}":
            return True
        raise ConflictError(f"the case {case.id} is {case.status}; reopen it first")
    if name == "case_acknowledged" and case.status == "acknowledged":
        if case.by == by:
            return True
        raise ConflictError(f"{case.by} has taken the case {case.id}; assign it to somebody else")
    if name == "case_paused" and case.paused_at is not None:
        raise ConflictError(
            f"the case {case.id} is paused since {moment_of(case.paused_at):%Y-%m-%d %H:%M} UTC;"
            " resume it first"
        )
    if name == "case_resumed" and case.paused_at is None:
        raise ConflictError(f"the case {case.id} is not paused; pause it first")
    if name == "case_assigned":
        who = said.get("who")
        return case.who == who and (case.status == "acknowledged" or who != by)
    return name == "case_prioritised" and case.priority == said.get("priority")


def look(shell: Shell, id: str, now: Micros) -> KnownCase:
    """Give a case with everything that is to be known for it; raises `NotFoundError`."""
    with looking(shell, now) as (reader, world, cast):
        case = reader.case(id)
        if case is None:
            raise NotFoundError(f"there is no case {id}; look it up in the list of cases")
        workspace = shell.ruleset.workspace
        ladder, calendar = terms(workspace, case.ladder)
        member = cast.find(reader.resolve([case.customer])[case.customer])
        fresh: dict[str, Any] = {}
        if member is not None:
            facts = Moment(world, member, Changes(), now, [], at_event=True).facts()
            fresh = standing(member, world.plans, facts, ladder)
    return KnownCase(
        case=case,
        clocks=[] if ladder is None else clocks_of(case.history, ladder, calendar),
        durations=durations(case, calendar),
        before=_entries(shell, case.customer, case.opened_at + 1),
        recent=_entries(shell, case.customer, None),
        now=fresh,
    )


def _entries(shell: Shell, customer: str, before: Micros | None) -> list[Entry]:
    try:
        return timeline(shell, customer, before=before, limit=RECENT)
    except NotFoundError:
        return []


def terms(workspace: Workspace, name: str) -> tuple[Ladder | None, Calendar | None]:
    """Give a ladder and the calendar that it counts by, None for what is not there."""
    ladder = workspace.ladders.get(name)
    hours = None if ladder is None else ladder.hours
    return ladder, None if hours is None else workspace.calendars.get(hours)
