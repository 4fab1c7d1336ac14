"""Rules: when, if, at most, then."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from engine.model.conditions import Condition
from engine.model.facts import Marks, Subject
from engine.model.schedule import Schedule
from engine.model.testcase import TestCase
from engine.model.values import AtMost, Duration, Formula, Percent, TimeOfDay, Value

Status = Literal["draft", "shadow", "live", "off"]
CatchUp = Literal["latest", "all", "none"]
Key: TypeAlias = str | dict[str, Formula]
"""A property of both events, or a property of the awaited event: expression over the first."""


class _Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    MARKS: ClassVar[Marks] = ()


class OnEvent(_Trigger, frozen=True, kw_only=True):
    """Fires on that event."""

    MARKS: ClassVar[Marks] = (("event",),)
    event: str
    where: Formula | None = None


class OnMissing(_Trigger, frozen=True, kw_only=True):
    """Fires when the second event has not followed the latest first one for so long."""

    MARKS: ClassVar[Marks] = (("event", "without"), ("event", "for"))
    event: str
    without: str
    for_: Duration = msgspec.field(name="for")
    key: Key | None = None
    where: Formula | None = None


class OnSchedule(_Trigger, frozen=True, kw_only=True):
    """Fires for every customer, or those of a segment, when the schedule comes round."""

    MARKS: ClassVar[Marks] = (("schedule",),)
    schedule: Schedule
    in_segment: str | None = None
    catch_up: CatchUp = "latest"


class OnDate(_Trigger, frozen=True, kw_only=True):
    """Fires before, on or after a date fact, or on its anniversaries."""

    MARKS: ClassVar[Marks] = (("date",),)
    date: Formula
    before: Duration | tuple[Duration, ...] | None = None
    after: Duration | tuple[Duration, ...] | None = None
    every: Literal["year"] | None = None
    at: TimeOfDay = TimeOfDay(9, 0)
    in_: Literal["customer time", "workspace time"] = msgspec.field(name="in", default="workspace time")
    catch_up: CatchUp = "latest"
    term: Formula | None = None
    without: str | None = None


class OnChange(_Trigger, frozen=True, kw_only=True):
    """Fires when a trait gets another value; the first does not count."""

    MARKS: ClassVar[Marks] = (("changes",),)
    changes: Formula


class OnEnter(_Trigger, frozen=True, kw_only=True):
    """Fires when a customer enters a segment."""

    MARKS: ClassVar[Marks] = (("enters",),)
    enters: str


class OnLeave(_Trigger, frozen=True, kw_only=True):
    """Fires when a customer leaves a segment."""

    MARKS: ClassVar[Marks] = (("leaves",),)
    leaves: str


class OnBand(_Trigger, frozen=True, kw_only=True):
    """Fires when a score's band becomes this one."""

    MARKS: ClassVar[Marks] = (("score",), ("becomes",))
    score: str
    becomes: str


class OnQuiet(_Trigger, frozen=True, kw_only=True):
    """Fires when no such event has come for so long; `p90` is the base's own gap."""

    MARKS: ClassVar[Marks] = (("quiet",),)
    quiet: Duration | Literal["p90"]
    of: str = "any"


class OnFleet(_Trigger, frozen=True, kw_only=True):
    """Fires once for the whole base when the movement behind a drop fact falls so far."""

    MARKS: ClassVar[Marks] = (("fleet",),)
    fleet: str
    at_least: Percent


class OnCall(_Trigger, frozen=True, kw_only=True):
    """Fires when somebody calls POST /v1/triggers/{rule}."""

    MARKS: ClassVar[Marks] = (("call",),)
    call: Literal[True]


Trigger: TypeAlias = (
    OnEvent | OnMissing | OnSchedule | OnDate | OnChange | OnEnter | OnLeave | OnBand | OnQuiet
    | OnFleet | OnCall
)  # fmt: skip


class StartRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Start a workflow for the customer, with an input."""

    MARKS: ClassVar[Marks] = (("run",),)
    run: str
    with_: dict[str, Value] = msgspec.field(name="with", default_factory=dict)


class DoNow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carry out an internal action at once."""

    MARKS: ClassVar[Marks] = (("do",),)
    do: str
    with_: dict[str, Value] = msgspec.field(name="with", default_factory=dict)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something happens, if all of this holds, at most so often, then do that."""

    MARKS: ClassVar[Marks] = (("rule",),)
    id: str = msgspec.field(name="rule")
    owner: str | None = None
    description: str | None = None
    status: Status = "live"
    on: Subject = "person"
    when: Trigger | tuple[Trigger, ...]
    if_: Condition = msgspec.field(name="if", default=())
    at_most: AtMost | None = None
    on_release: Literal["hold", "fire"] = "hold"
    then: tuple[StartRun | DoNow, ...]
    tests: tuple[TestCase, ...] = ()

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The triggers, whether one or a list was written."""
        return self.when if isinstance(self.when, tuple) else (self.when,)
