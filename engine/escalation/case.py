"""Cases: somebody has to look at a customer, and a ladder says who is told until somebody does.

A case is its history. Everything else that it holds is read from that, by the ladder and the calendar as
they are now; it is kept so that it can be looked for and shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

from engine.escalation.calendar import Span
from engine.escalation.clock import Clock, Name, clocks_of, level_clock
from engine.escalation.history import DEFAULT_PRIORITY, Happening, What, cycle, pauses, priority
from engine.model.ladder import Calendar, Ladder
from engine.model.values import Micros

CaseStatus: TypeAlias = Literal["open", "acknowledged", "resolved", "cancelled"]


class Told(msgspec.Struct, frozen=True, array_like=True):
    """That a level (from 1) was told in a loop (from 1), or that there was nobody to tell."""

    level: int
    loop: int
    at: Micros
    reached: bool = True


class Case(msgspec.Struct, kw_only=True):
    """One case. `key` is unique among a customer's open cases.

    next_due: when the next level is told unless somebody acknowledges; None when the ladder stands still.
    respond_due, resolve_due: by when it should be taken, and resolved; None where the ladder sets no such
    time, and while it is paused. wake_at: when time alone brings something about.
    pauses: spans in which its clocks stand still; paused_at: since when they do now.
    exhausted: the ladder has ended with nobody acknowledging: the loudest state there is.
    who: whom it waits for: who was told last, has it, or took it. breached: the clocks that ran out.
    context: what was known of the customer when it was opened.
    """

    id: str
    ladder: str
    customer: str
    key: str | None
    title: str
    priority: str = DEFAULT_PRIORITY
    opened_at: Micros
    status: CaseStatus = "open"
    level: int = 0
    loop: int = 1
    told: list[Told] = []
    next_due: Micros | None = None
    resolve_due: Micros | None = None
    pauses: list[Span] = []
    exhausted: bool = False
    acknowledged_at: Micros | None = None
    ended_at: Micros | None = None
    by: str | None = None
    reason: str | None = None
    run: str | None = None
    history: list[Happening] = []
    who: str | None = None
    respond_due: Micros | None = None
    paused_at: Micros | None = None
    wake_at: Micros | None = None
    breached: list[Name] = []
    context: dict[str, Any] = {}

    @property
    def open(self) -> bool:
        """Tell whether it is neither resolved nor cancelled."""
        return self.status in ("open", "acknowledged")

    @property
    def due(self) -> Micros | None:
        """When time alone brings something about; of a case kept without its history, the next level."""
        return self.wake_at if self.history else self.next_due

    @property
    def soonest(self) -> Micros | None:
        """When the next level is told or the first of its clocks runs out; None where nothing runs."""
        if not self.open or self.paused_at is not None:
            return None
        return min((due for due in (self.next_due, self.overdue_at) if due is not None), default=None)

    @property
    def overdue_at(self) -> Micros | None:
        """When the first of its clocks that still run runs out, or ran out; None where none does."""
        if not self.open:
            return None
        dues = [self.resolve_due, self.respond_due if self.status == "open" else None]
        return min((due for due in dues if due is not None), default=None)


class Terms(msgspec.Struct, frozen=True):
    """What a case goes by: its ladder, the calendar of it, and who a level's `tell` is, None for nobody."""

    ladder: Ladder
    calendar: Calendar | None
    find: Callable[[Any], str | None]


class Tell(msgspec.Struct, frozen=True):
    """Tell a person of a case now. `place` is the same for the same telling, for ever."""

    who: str
    at: Micros
    level: int
    loop: int
    place: str


class Exhausted(msgspec.Struct, frozen=True):
    """The ladder has ended and nobody has taken the case; `number` counts how often."""

    at: Micros
    number: int


class Breach(msgspec.Struct, frozen=True):
    """A clock runs out at `due` (`near`), or has run out then."""

    clock: Name
    key: str
    due: Micros
    near: bool


Outcome: TypeAlias = Tell | Exhausted | Breach


def open_case(
    terms: Terms,
    *,
    id: str,
    customer: str,
    title: str,
    now: Micros,
    key: str | None = None,
    priority: str = DEFAULT_PRIORITY,
    run: str | None = None,
    since: Micros | None = None,
    context: dict[str, Any] | None = None,
) -> tuple[Case, list[Outcome]]:
    """Open a case: the first level is told at once, the next one when its `within` has passed.

    `since` is when what it is about began, where that was earlier: its clocks count from then.
    """
    case = Case(
        id=id,
        ladder=terms.ladder.id,
        customer=customer,
        key=key,
        title=title,
        priority=priority,
        opened_at=now,
        run=run,
        context=context or {},
    )
    _write(case, "opened", now, at=min(since, now) if since is not None else None, value=priority)
    outcomes = _climb(case, terms, now, now)
    return case, [*outcomes, *turn(case, terms, now)]


def turn(case: Case, terms: Terms, now: Micros) -> list[Outcome]:
    """Do what time brings about up to `now`: levels that are told, clocks that run out or soon will.

    Each level counts from when it was due. After the last level of the last loop the case is exhausted
    and told to nobody any more.
    """
    found: list[Outcome] = []
    clocks = read(case, terms, now)
    while case.next_due is not None and case.next_due <= now:
        found += _climb(case, terms, case.next_due, now)
        clocks = read(case, terms, now)
    if case.open:
        breaches = [breach for clock in clocks for breach in _breach(case, clock, now)]
        if breaches:
            found += breaches
            read(case, terms, now)
    return found


def read(case: Case, terms: Terms, now: Micros) -> list[Clock]:
    """Read everything that follows from a case's history anew, and give its clocks. It adds nothing to it."""
    if not case.history:
        case.history = _recalled(case)
    history, ladder, calendar = case.history, terms.ladder, terms.calendar
    case.priority = priority(history)
    case.pauses, case.paused_at = pauses(history)
    clocks = clocks_of(history, ladder, calendar)
    dues = {clock.name: clock.due for clock in clocks}
    case.respond_due, case.resolve_due = dues.get("respond"), dues.get("resolve")
    case.breached = [clock.name for clock in clocks if clock.name != "level" and clock.breached(now)]
    climbing = case.status == "open" and not case.exhausted and case.paused_at is None
    level = level_clock(history, ladder, calendar) if climbing else None
    case.next_due = level.due if level is not None else None
    wakes = [due for clock in clocks for due in _wakes(case, clock)]
    if case.next_due is not None:
        wakes.append(case.next_due)
    case.wake_at = min(wakes, default=None) if case.open else None
    return clocks


def _recalled(case: Case) -> list[Happening]:
    """Give the history of a case that was kept without one, from what was kept."""
    found = [Happening("opened", case.opened_at, case.opened_at, value=case.priority)]
    for told in case.told:
        what: What = "told" if told.reached else "passed_over"
        found.append(Happening(what, told.at, told.at, level=told.level, loop=told.loop))
    if case.acknowledged_at is not None:
        found.append(Happening("acknowledged", case.acknowledged_at, case.acknowledged_at, case.by))
    return found


def _wakes(case: Case, clock: Clock) -> list[Micros]:
    """Give the instants at which a clock has something to tell that it has not told yet."""
    if clock.ended_at is not None or clock.due is None or _is_told(case, clock, "breached"):
        return []
    if clock.near is None or _is_told(case, clock, "breach_near"):
        return [clock.due]
    return [clock.near]


def _breach(case: Case, clock: Clock, now: Micros) -> list[Outcome]:
    if clock.name == "level" or clock.ended_at is not None or clock.due is None:
        return []
    if clock.due <= now:
        what: What = "breached"
    elif clock.near is not None and clock.near <= now:
        what = "breach_near"
    else:
        return []
    if _is_told(case, clock, what):
        return []
    _write(case, what, now, at=clock.due if what == "breached" else clock.near, value=clock.key)
    return [Breach(clock.name, clock.key, clock.due, what == "breach_near")]


def _is_told(case: Case, clock: Clock, what: What) -> bool:
    return any(each.what == what and each.value == clock.key for each in case.history)


def _climb(case: Case, terms: Terms, at: Micros, now: Micros) -> list[Outcome]:
    """Tell the next level, or the one after it where there is nobody to tell; that is recorded."""
    levels = terms.ladder.levels
    while True:
        if case.level < len(levels):
            case.level += 1
        elif case.loop < terms.ladder.loops and levels:
            case.level, case.loop = 1, case.loop + 1
        else:
            case.exhausted = True
            _write(case, "exhausted", now, at=at)
            return [Exhausted(at, sum(each.what == "exhausted" for each in case.history))]
        who = terms.find(levels[case.level - 1].tell)
        case.told = [*case.told, Told(case.level, case.loop, at, who is not None)]
        if who is not None:
            case.who = who
            _write(case, "told", now, at=at, value=who)
            place = f"{case.loop}.{case.level}:{cycle(case.history) - 1}"
            return [Tell(who, at, case.level, case.loop, place)]
        _write(case, "passed_over", now, at=at)


def _write(
    case: Case,
    what: What,
    now: Micros,
    *,
    at: Micros | None = None,
    by: str | None = None,
    value: str | None = None,
) -> None:
    climbs = what in ("told", "passed_over", "assigned", "exhausted")
    level, loop = (case.level, case.loop) if climbs else (0, 0)
    case.history = [
        *case.history, Happening(what, now if at is None else at, now, by, value, level, loop)
    ]  # fmt: skip


def acknowledge(case: Case, by: str, at: Micros, now: Micros) -> bool:
    """Take the case: the ladder stands still. False where it is not open or already taken."""
    if case.status != "open":
        return False
    case.status, case.by, case.who, case.acknowledged_at = "acknowledged", by, by, at
    _write(case, "acknowledged", now, at=at, by=by)
    return True


def assign(case: Case, terms: Terms, who: str, by: str, at: Micros, now: Micros) -> list[Outcome] | None:
    """Give the case to somebody, who is told. None where it is closed, or theirs already.

    The new person has the time of the level that the case stands at to take it, then the next level is
    told; a case that was taken, or whose ladder had ended, is open again until they do. Who gives a case
    to themselves has taken it.
    """
    if not case.open or (case.who == who and (case.status == "acknowledged" or who != by)):
        return None
    case.level = min(max(case.level, 1), len(terms.ladder.levels))
    case.who, case.exhausted = who, False
    if who == by:
        case.status = "open"
        _write(case, "assigned", now, at=at, by=by, value=who)
        acknowledge(case, by, at, now)
        return []
    case.status, case.acknowledged_at, case.by = "open", None, None
    _write(case, "assigned", now, at=at, by=by, value=who)
    number = sum(each.what == "assigned" for each in case.history)
    return [Tell(who, at, case.level, case.loop, f"assigned.{number}:0")]


def pause(case: Case, reason: str | None, by: str, at: Micros, now: Micros) -> bool:
    """Stop the case's clocks and its ladder. False where it is closed or paused already."""
    if not case.open or pauses(case.history)[1] is not None:
        return False
    _write(case, "paused", now, at=at, by=by, value=reason)
    return True


def resume(case: Case, by: str, at: Micros, now: Micros) -> bool:
    """Let the clocks go on. False where they are not paused."""
    since = pauses(case.history)[1]
    if not case.open or since is None:
        return False
    _write(case, "resumed", now, at=max(at, since), by=by)
    return True


def prioritise(case: Case, wanted: str, by: str, now: Micros) -> bool:
    """Give the case another priority: its clocks restart retroactively. False where it has it already."""
    if not case.open or priority(case.history) == wanted:
        return False
    _write(case, "prioritised", now, by=by, value=wanted)
    return True


def resolve(case: Case, by: str, at: Micros, now: Micros) -> bool:
    """Close the case as done. False where it is closed already."""
    if not case.open:
        return False
    case.status, case.by, case.ended_at = "resolved", by, at
    _write(case, "resolved", now, at=at, by=by)
    return True


def cancel(case: Case, reason: str | None, now: Micros, by: str | None = None) -> bool:
    """Close the case as no longer needed. False where it is closed already."""
    if not case.open:
        return False
    case.status, case.reason, case.ended_at = "cancelled", reason, now
    _write(case, "cancelled", now, by=by, value=reason)
    return True


def reopen(case: Case, terms: Terms, reason: str | None, by: str, now: Micros) -> list[Outcome] | None:
    """Open a closed case again: its clocks and its ladder begin anew. None where it is open."""
    if case.open:
        return None
    case.status, case.level, case.loop, case.exhausted = "open", 0, 1, False
    case.by = case.reason = case.acknowledged_at = case.ended_at = None
    _write(case, "reopened", now, by=by, value=reason)
    return _climb(case, terms, now, now)
