"""Escalation ladders and business calendars."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import msgspec

from engine.model.facts import Marks
from engine.model.testcase import TestCase
from engine.model.values import Duration, Hours, Value


class Level(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told, and how long they have to acknowledge before the next level is."""

    tell: Value
    within: Duration


class Ladder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told, in which order, how fast.

    `respond_within` and `resolve_within` are by priority: until somebody acknowledges, and until the
    case is resolved. `warn_before` is how long before the end of either a warning comes, `show` the facts
    that whoever opens the case sees besides the usual ones.
    """

    MARKS: ClassVar[Marks] = (("ladder",),)
    id: str = msgspec.field(name="ladder")
    owner: str | None = None
    description: str | None = None
    hours: str | None = None
    levels: tuple[Level, ...]
    loops: int = 1
    respond_within: dict[str, Duration] = {}
    resolve_within: dict[str, Duration] = {}
    warn_before: Duration | None = None
    show: tuple[str, ...] = ()
    tests: tuple[TestCase, ...] = ()


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open hours by weekday (`mon-fri`, `sat`), and the days that are closed, or open at other hours.

    `special` is by day, as 2026-12-24; a day of it is open at those hours alone, whatever weekday it is.
    """

    MARKS: ClassVar[Marks] = (("calendar",),)
    id: str = msgspec.field(name="calendar")
    owner: str | None = None
    description: str | None = None
    zone: str = "UTC"
    open: dict[str, Hours]
    closed: tuple[dt.date, ...] = ()
    special: dict[str, Hours] = {}
    tests: tuple[TestCase, ...] = ()
