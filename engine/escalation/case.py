"""Cases: somebody has to look at a customer, and a ladder says who is told until somebody does."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from engine.escalation.calendar import Span, add_open_time, due_at
from engine.model.ladder import Calendar, Ladder
from engine.model.values import Micros

CaseStatus: TypeAlias = Literal["open", "acknowledged", "resolved", "cancelled"]
DEFAULT_PRIORITY = "normal"


class Told(msgspec.Struct, frozen=True, array_like=True):
    """That a level (from 1) was told in a loop (from 1), or that there was nobody to tell."""

    level: int
    loop: int
    at: Micros
    reached: bool = True


class Case(msgspec.Struct, kw_only=True):
    """One case. `key` is unique among a customer's open cases.

    next_due: when the next level is told unless somebody acknowledges; None when the ladder stands still.
    resolve_due: by when it should be resolved, None where the ladder sets no such time.
    pauses: spans in which the clock to resolve stands still.
    exhausted: the ladder has ended with nobody acknowledging: the loudest state there is.
    """

    id: str
    ladder: str
    customer: str
    key: str | None
    title: str
    priority: str = DEFAULT_PRIORITY
    opened_at: Micros
    status: CaseStatus = "open"
    level: int = 1
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

    @property
    def open(self) -> bool:
        """Tell whether it is neither resolved nor cancelled."""
        return self.status in ("open", "acknowledged")


class Tell(msgspec.Struct, frozen=True):
    """Tell a level now. `who` is what the ladder says: a role, or an expression to evaluate."""

    level: int
    loop: int
    who: Any
    at: Micros


def open_case(
    ladder: Ladder,
    calendar: Calendar | None,
    *,
    id: str,
    customer: str,
    title: str,
    now: Micros,
    key: str | None = None,
    priority: str = DEFAULT_PRIORITY,
    run: str | None = None,
) -> tuple[Case, Tell]:
    """Open a case: the first level is told at once, the next one when its `within` has passed."""
    case = Case(
        id=id,
        ladder=ladder.id,
        customer=customer,
        key=key,
        title=title,
        priority=priority,
        opened_at=now,
        run=run,
    )
    limit = ladder.resolve_within.get(priority)
    case.resolve_due = due_at(calendar, now, limit) if limit is not None else None
    return case, _tell(case, ladder, calendar, 1, now)


def escalate(case: Case, ladder: Ladder, calendar: Calendar | None, now: Micros) -> list[Tell]:
    """Climb as far as is due at `now` and give who is told; each level counts from when it was due.

    After the last level of the last loop the case is `exhausted` and told to nobody any more.
    """
    told: list[Tell] = []
    while case.status == "open" and case.next_due is not None and case.next_due <= now:
        following = _climb(case, ladder, calendar, case.next_due)
        if following is not None:
            told.append(following)
    return told


def pass_over(case: Case, ladder: Ladder, calendar: Calendar | None, now: Micros) -> Tell | None:
    """Go on to the next level at once because there was nobody to tell at this one; that is recorded."""
    if case.told:
        case.told = [*case.told[:-1], msgspec.structs.replace(case.told[-1], reached=False)]
    return _climb(case, ladder, calendar, now)


def acknowledge(case: Case, by: str, now: Micros) -> bool:
    """Take the case: the ladder stands still. False where it is not open or already taken."""
    if case.status != "open":
        return False
    case.status, case.by, case.next_due, case.acknowledged_at = "acknowledged", by, None, now
    return True


def resolve(case: Case, by: str, now: Micros) -> bool:
    """Close the case as done. False where it is closed already."""
    if not case.open:
        return False
    case.status, case.by, case.next_due, case.ended_at = "resolved", by, None, now
    return True


def cancel(case: Case, reason: str | None, now: Micros) -> bool:
    """Close the case as no longer needed. False where it is closed already."""
    if not case.open:
        return False
    case.status, case.reason, case.next_due, case.ended_at = "cancelled", reason, None, now
    return True


def _climb(case: Case, ladder: Ladder, calendar: Calendar | None, at: Micros) -> Tell | None:
    if case.level < len(ladder.levels):
        return _tell(case, ladder, calendar, case.level + 1, at)
    if case.loop < ladder.loops:
        case.loop += 1
        return _tell(case, ladder, calendar, 1, at)
    case.next_due = None
    case.exhausted = True
    return None


def _tell(case: Case, ladder: Ladder, calendar: Calendar | None, number: int, at: Micros) -> Tell:
    level = ladder.levels[number - 1]
    case.level = number
    case.told = [*case.told, Told(number, case.loop, at)]
    case.next_due = add_open_time(calendar, at, level.within)
    return Tell(number, case.loop, level.tell, at)
