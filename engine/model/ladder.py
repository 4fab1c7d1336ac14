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
    """Who is told, in which order, how fast."""

    MARKS: ClassVar[Marks] = (("ladder",),)
    id: str = msgspec.field(name="ladder")
    owner: str | None = None
    description: str | None = None
    hours: str | None = None
    levels: tuple[Level, ...]
    loops: int = 1
    resolve_within: dict[str, Duration] = {}
    tests: tuple[TestCase, ...] = ()


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open hours by weekday (`mon-fri`, `sat`), and the days that are closed."""

    MARKS: ClassVar[Marks] = (("calendar",),)
    id: str = msgspec.field(name="calendar")
    owner: str | None = None
    description: str | None = None
    zone: str = "UTC"
    open: dict[str, Hours]
    closed: tuple[dt.date, ...] = ()
    tests: tuple[TestCase, ...] = ()
