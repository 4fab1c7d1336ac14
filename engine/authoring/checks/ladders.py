"""Escalation ladders and the calendars they count by."""

from __future__ import annotations

import datetime as dt
import re

from engine.authoring.checks import actions
from engine.authoring.checks.expressions import customer, values
from engine.authoring.draft import Draft, zones
from engine.authoring.wording import known_or, quoted
from engine.escalation.calendar import add_open_time, spans_of, weekdays_of
from engine.model.ladder import Calendar, Ladder
from engine.model.values import DAY, WEEKDAYS, Duration

MOST_LOOPS = 20
_DAY_NAME = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in WEEKDAYS)
_DAYS = re.compile(
    rf"(?:{_DAY_NAME})(?: ?- ?(?:{_DAY_NAME}))?(?:, ?(?:{_DAY_NAME})(?: ?- ?(?:{_DAY_NAME}))?)*"
)


def check(draft: Draft) -> None:
    """Check every ladder and calendar."""
    for ladder in draft.workspace.ladders.values():
        _ladder(draft, ladder)
    for calendar in draft.workspace.calendars.values():
        _calendar(draft, calendar)


def _ladder(draft: Draft, ladder: Ladder) -> None:
    if ladder.hours is not None:
        draft.refer(ladder, "hours", kind="calendar", name=ladder.hours)
    if not ladder.levels:
        draft.say(
            ladder,
            "levels",
            code="empty-list",
            message="nobody is told",
            hint="write {tell: team-lead, within: 4h}",
        )
    if not 1 <= ladder.loops <= MOST_LOOPS:
        draft.say(
            ladder,
            "loops",
            code="out-of-range",
            message="loops counts how often the ladder is climbed in all",
            hint=f"write 1 to {MOST_LOOPS}",
        )
    _limits(draft, ladder)
    _show(draft, ladder)
    scope = customer(draft, "person")
    for level in ladder.levels:
        values(draft, level.tell, scope)
        if level.tell is None:
            draft.say(
                level,
                "tell",
                code="empty-value",
                message="nobody is told",
                hint="write a name of people, or =customer.owner",
            )
        actions.who(draft, level, "tell", value=level.tell)


def _limits(draft: Draft, ladder: Ladder) -> None:
    """Check the times of a ladder: a warning comes before the end, and the calendar opens for so long."""
    limits = [
        (key, priority, length)
        for key, written in (
            ("respond_within", ladder.respond_within),
            ("resolve_within", ladder.resolve_within),
        )
        for priority, length in written.items()
    ]
    warn = ladder.warn_before
    if warn is not None and warn.days is not None:
        draft.say(
            ladder,
            "warn_before",
            code="out-of-range",
            message="a warning comes hours or minutes before the end",
            hint="write 1h or 30m",
        )
    elif warn is not None and not limits:
        draft.say(
            ladder,
            "warn_before",
            code="unused",
            message="there is no end to warn of",
            hint="write resolve_within: {normal: 3d}",
        )
    elif warn is not None:
        for key, priority, length in limits:
            if warn.micros >= length.micros:
                draft.say(
                    ladder,
                    "warn_before",
                    code="out-of-range",
                    message=f"{key} gives {priority} {length}, which is no longer than {warn}",
                    hint="write a shorter time",
                )
                break
    for priority, length in ladder.respond_within.items():
        whole = ladder.resolve_within.get(priority)
        if whole is not None and length.micros > whole.micros:
            draft.say(
                ladder,
                "respond_within",
                priority,
                code="out-of-range",
                message=f"resolve_within gives {priority} {whole}, so that it ends before this",
                hint="write a shorter time",
            )
    calendar = draft.workspace.calendars.get(ladder.hours or "")
    if calendar is None or not _opens(calendar):
        return
    for key, priority, length in limits:
        if _is_endless(calendar, length):
            _say_endless(draft, ladder, key, priority, calendar=calendar, length=length)
    for level in ladder.levels:
        if _is_endless(calendar, level.within):
            _say_endless(draft, level, "within", calendar=calendar, length=level.within)


def _say_endless(draft: Draft, thing: object, *keys: str, calendar: Calendar, length: Duration) -> None:
    draft.say(
        thing,
        *keys,
        code="out-of-range",
        message=f"calendar {calendar.id} is not open for {length} in ten years",
        hint="write a shorter time",
    )


def _is_endless(calendar: Calendar, length: Duration) -> bool:
    """Tell whether a length of time would not pass within ten years, from any day that is special."""
    days = {date.toordinal() for date in calendar.closed} | {day.toordinal() for day in _days(calendar)}
    starts = {_PLAIN, *days, *(day + 1 for day in days)}
    try:
        for day in starts:
            add_open_time(calendar, (day - _EPOCH) * DAY, length)
    except ValueError:
        return True
    return False


_EPOCH = dt.date(1970, 1, 1).toordinal()
_PLAIN = dt.date(2026, 1, 1).toordinal()


def _days(calendar: Calendar) -> list[dt.date]:
    return [date for day in calendar.special if (date := _date(day)) is not None]


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _opens(calendar: Calendar) -> bool:
    """Tell whether a calendar opens again, whenever one looks; days in `special` come once."""
    if (
        not calendar.open
        or calendar.zone not in zones()
        or any(not _DAYS.fullmatch(key.lower()) for key in calendar.open)
    ):
        return False
    last = max([*calendar.closed, *_days(calendar)], default=dt.date.fromordinal(_PLAIN)).toordinal()
    return any(spans_of(calendar, day) for day in range(last + 1, last + 8))


def _show(draft: Draft, ladder: Ladder) -> None:
    known = {*draft.catalog.customer("person"), *draft.catalog.customer("account")}
    for position, name in enumerate(ladder.show):
        if name not in known:
            draft.unknown(
                ladder,
                "show",
                position,
                noun="fact",
                name=name,
                known=known,
                otherwise="write the name of a fact, as mrr",
            )


def _special(draft: Draft, calendar: Calendar) -> None:
    for day in calendar.special:
        date = _date(day)
        if date is None:
            draft.say(
                calendar,
                "special",
                day,
                code="bad-day",
                message=f"{quoted(day)} is no day",
                hint='write 2026-12-24: "09:00-13:00"',
                at_key=True,
            )
        elif date in calendar.closed:
            draft.say(
                calendar,
                "special",
                day,
                code="twice",
                message=f"{day} is closed too",
                hint="write it under one of the two",
                at_key=True,
            )


def _calendar(draft: Draft, calendar: Calendar) -> None:
    zone(draft, calendar, "zone", name=calendar.zone)
    if not calendar.open:
        draft.say(
            calendar,
            "open",
            code="empty-map",
            message="this calendar is never open",
            hint='write mon-fri: "09:00-17:00"',
        )
    _special(draft, calendar)
    seen: dict[int, str] = {}
    for days in calendar.open:
        if not _DAYS.fullmatch(days.lower()):
            draft.say(
                calendar,
                "open",
                days,
                code="bad-days",
                message=f"{quoted(days)} names no days",
                hint="write mon-fri, sat or sat,sun",
                at_key=True,
            )
            continue
        for day in sorted(weekdays_of(days)):
            if day in seen:
                draft.say(
                    calendar,
                    "open",
                    days,
                    code="day-twice",
                    message=f"{WEEKDAYS[day]} is open under {seen[day]} already",
                    hint="write each day once",
                    at_key=True,
                )
                break
        seen |= dict.fromkeys(weekdays_of(days), days)
    for position, closed in enumerate(calendar.closed):
        if closed in calendar.closed[:position]:
            draft.say(
                calendar,
                "closed",
                position,
                code="twice",
                message=f"{closed} is closed twice",
                hint="write each day once",
            )


def zone(draft: Draft, thing: object, *keys: str | int, name: str) -> bool:
    """Check that a time zone is one of the IANA names."""
    known = zones()
    if name not in known:
        short = {zone.rpartition("/")[2]: zone for zone in sorted(known)}
        full = short.get(name.replace(" ", "_"))
        hint = (
            f"did you mean {full}?"
            if full
            else known_or(name, known, "write an IANA name, such as Europe/London")
        )
        draft.say(
            thing, *keys, code="unknown-zone", message=f"there is no time zone {quoted(name)}", hint=hint
        )
    return name in known
