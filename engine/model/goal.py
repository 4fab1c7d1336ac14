"""Goals: a metric, a change that is meant, and by when."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks
from engine.model.testcase import TestCase
from engine.model.values import Duration, Observations, Value


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; the kind must be written, since `-20%` alone has two meanings."""

    kind: Literal["absolute", "relative", "points"]
    from_: Value = msgspec.field(name="from", default=None)
    to: Value = None
    by: Value = None


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measurable goal, linked to the reason it answers and the workflows that serve it.

    `over` is how far back each measurement looks, the baseline's too.
    """

    MARKS: ClassVar[Marks] = (("goal",),)
    id: str = msgspec.field(name="goal")
    owner: str | None = None
    description: str | None = None
    metric: str
    statistic: Literal["mean", "median", "p90", "share", "count", "sum"] = "mean"
    change: Change
    between: tuple[dt.date, dt.date]
    because: str | None = None
    workflows: tuple[str, ...] = ()
    at_least: Observations = Observations(30)
    tests: tuple[TestCase, ...] = ()
    over: Duration = Duration(28, "d")
