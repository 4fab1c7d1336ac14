"""Scores: weighted parts, bands, coverage and decay."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks, Subject
from engine.model.testcase import TestCase
from engine.model.values import Duration, Formula, Percent


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part: its weight, an expression that gives 0 to 1, and what to call it where it is a reason."""

    weight: Decimal
    is_: Formula = msgspec.field(name="is")
    reason: str | None = None


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A band begins at `from` and ends where the next higher one begins (half-open)."""

    from_: Decimal = msgspec.field(name="from")


class Score(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure from 0 to 100 with bands; null below its coverage.

    `high_is: bad` makes it a risk: its reasons are then the parts that add most to it.
    """

    MARKS: ClassVar[Marks] = (("score",),)
    id: str = msgspec.field(name="score")
    owner: str | None = None
    description: str | None = None
    on: Subject = "person"
    parts: dict[str, Part]
    bands: dict[str, Band]
    coverage: Percent = Percent(Decimal("0.6"))
    steady_for: Duration | None = None
    half_life: Duration | None = None
    high_is: Literal["good", "bad"] = "good"
    tests: tuple[TestCase, ...] = ()
