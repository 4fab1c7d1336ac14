"""Workflows: steps, exits, goal, holdout."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Literal, TypeAlias

import msgspec

from engine.model.conditions import Condition
from engine.model.facts import FactType, Marks, Subject
from engine.model.rule import Key, Status
from engine.model.testcase import TestCase
from engine.model.values import Duration, Formula, Percent, Reentry, Retry, TimeOfDay, Value

MessageClass = Literal["marketing", "service", "transactional"]


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    MARKS: ClassVar[Marks] = ()
    as_: str | None = msgspec.field(name="as", default=None)


class Do(_Step, frozen=True, kw_only=True):
    """Carry out an action and wait until its effect has settled."""

    MARKS: ClassVar[Marks] = (("do",),)
    do: str
    with_: dict[str, Value] = msgspec.field(name="with", default_factory=dict)
    retry: Retry | None = None
    on_failure: Literal["stop", "continue"] = "stop"


class RunChild(_Step, frozen=True, kw_only=True):
    """Start a child workflow and wait for its end."""

    MARKS: ClassVar[Marks] = (("run",),)
    run: str
    with_: dict[str, Value] = msgspec.field(name="with", default_factory=dict)


class Until(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment: a time of day, `day 6` counted from the start, or an expression after `=`."""

    MARKS: ClassVar[Marks] = (("until",),)
    until: TimeOfDay | int | Formula


class Wait(_Step, frozen=True, kw_only=True):
    """Wait for a length of time, or until a moment. `until: day 6` is bound as the number 6."""

    MARKS: ClassVar[Marks] = (("wait",),)
    wait: Duration | Until


class WaitFor(_Step, frozen=True, kw_only=True):
    """Wait for an event, `up_to` so long."""

    MARKS: ClassVar[Marks] = (("wait_for",),)
    wait_for: str
    match: Key | None = None
    where: Formula | None = None
    up_to: Duration


class If(_Step, frozen=True, kw_only=True):
    """Go one way or the other."""

    MARKS: ClassVar[Marks] = (("if",),)
    if_: Condition = msgspec.field(name="if")
    then: tuple[Step, ...]
    else_: tuple[Step, ...] = msgspec.field(name="else", default=())


class Arm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One arm of a split: its share and its steps."""

    share: Percent
    then: tuple[Step, ...] = ()


class Split(_Step, frozen=True, kw_only=True):
    """Send each customer down one arm, the same for ever."""

    MARKS: ClassVar[Marks] = (("split",),)
    split: str
    arms: dict[str, Arm]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person is asked.

    `who` may be a list: the first who has room for it is asked. `worth` is what an answer of `grants`
    grants, or any but `else` where that is not written.
    """

    who: Value
    question: str
    choices: tuple[str, ...]
    up_to: Duration
    else_: str = msgspec.field(name="else")
    worth: Value = None
    grants: tuple[str, ...] = ()

    @property
    def granting(self) -> tuple[str, ...]:
        """The choices that grant what it is worth."""
        return self.grants or tuple(choice for choice in self.choices if choice != self.else_)


class AskStep(_Step, frozen=True, kw_only=True):
    """Ask a person, go on with `else` when no answer comes."""

    MARKS: ClassVar[Marks] = (("ask",),)
    ask: Ask


class Stop(_Step, frozen=True, kw_only=True):
    """End the run with a reason."""

    MARKS: ClassVar[Marks] = (("stop",),)
    stop: str


Step: TypeAlias = Do | RunChild | Wait | WaitFor | If | Split | AskStep | Stop


class StopWhen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that ends the run."""

    MARKS: ClassVar[Marks] = (("event",),)
    event: str
    match: Key | None = None
    where: Formula | None = None


class WorkflowGoal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the workflow is for: an event within so long of the start."""

    event: str
    within: Duration
    where: Formula | None = None


class ExperimentRevenue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer brings in: a number property of an event, summed for so long after the start."""

    MARKS: ClassVar[Marks] = (("of",),)
    of: str
    sum: str
    within: Duration | None = None


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a workflow is measured beyond its goal.

    Who starts on the day `until` or later no longer counts. `before` is how long before the start
    spend is looked at, to take noise away.
    """

    MARKS: ClassVar[Marks] = (("until",), ("revenue",), ("before",))
    until: dt.date | None = None
    revenue: ExperimentRevenue | None = None
    before: Duration | None = None


class Workflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps for one customer (and key), with exits that are checked before every `do`."""

    MARKS: ClassVar[Marks] = (("workflow",),)
    id: str = msgspec.field(name="workflow")
    owner: str | None = None
    description: str | None = None
    status: Status = "live"
    on: Subject = "person"
    class_: MessageClass = msgspec.field(name="class")
    rank: str | None = None
    purpose: str | None = None
    needs: dict[str, FactType] = {}
    key: Formula | None = None
    reentry: Reentry
    holdout: Percent | None = None
    salt: str | None = None
    goal: WorkflowGoal | None = None
    experiment: Experiment | None = None
    contact: Value = None
    stop_when: tuple[str | StopWhen, ...] = ()
    steps: tuple[Step, ...]
    on_change: Literal["finish_on_old", "stop", "move"] = "finish_on_old"
    tests: tuple[TestCase, ...] = ()

    @property
    def exits(self) -> tuple[StopWhen, ...]:
        """The exits, each as a map."""
        return tuple(StopWhen(event=entry) if isinstance(entry, str) else entry for entry in self.stop_when)
