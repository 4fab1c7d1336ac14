"""Escalation ladders and the calendars they count by."""

from __future__ import annotations

import re

from engine.authoring.checks import actions
from engine.authoring.checks.expressions import customer, values
from engine.authoring.draft import Draft, zones
from engine.authoring.wording import known_or, quoted
from engine.escalation.calendar import weekdays_of
from engine.model.ladder import Calendar, Ladder
from engine.model.values import WEEKDAYS

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
