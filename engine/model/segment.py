"""Segments: who is in, with hysteresis and dwell."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from engine.model.conditions import Condition
from engine.model.facts import Marks, Subject
from engine.model.testcase import TestCase
from engine.model.values import Duration


class Segment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of customers: dynamic by conditions, or a static list."""

    MARKS: ClassVar[Marks] = (("segment",),)
    id: str = msgspec.field(name="segment")
    owner: str | None = None
    description: str | None = None
    on: Subject = "person"
    enter_if: Condition | None = None
    leave_if: Condition | None = None
    held_for: Duration | None = None
    static: bool = False
    tests: tuple[TestCase, ...] = ()
