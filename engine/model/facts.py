"""Facts files: traits that are sent, figures that are computed, events, contracts, RFM."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from engine.model.values import Ago, Duration, Formula, PerWeek, Value

Subject = Literal["person", "account"]
Marks = tuple[tuple[str, ...], ...]


class FactType(enum.Enum):
    """The types that a trait or an event property may have."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    LIST = "list"


class Trait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact that somebody sends; unknown (null) until then unless it has a default."""

    MARKS: ClassVar[Marks] = (("type",),)
    type: FactType
    default: Value = None
    one_of: tuple[Value, ...] | None = None
    protected: bool = False
    on: Subject | None = None


class Function(msgspec.Struct, frozen=True):
    """What a computed fact gives, what it gives where there was nothing, and how one is written."""

    gives: str
    of_nothing: str
    example: str


FUNCTIONS: Mapping[str, Function] = {
    "count": Function("How many events there were.", "0", "{count: order_completed, over: 90d}"),
    "sum": Function(
        "The sum of a property; what is null or no number is left out.",
        "0",
        "{sum: total, of: order_completed, over: 90d}",
    ),
    "mean": Function(
        "The mean of a property over the events that have it as a number.",
        "unknown",
        "{mean: total, of: order_completed}",
    ),
    "min": Function("The smallest value of a property.", "unknown", "{min: total, of: order_completed}"),
    "max": Function("The largest value of a property.", "unknown", "{max: total, of: order_completed}"),
    "first": Function(
        "The property of the earliest event.", "unknown", "{first: channel, of: order_completed}"
    ),
    "last": Function("The property of the latest event.", "unknown", "{last: channel, of: order_completed}"),
    "distinct": Function(
        "How many different values a property had: exact to 10,000, then unknown.",
        "0",
        "{distinct: category, of: order_completed, over: 90d}",
    ),
    "since": Function(
        "How long ago the latest event was; `any` is every event.", "unknown", "{since: order_completed}"
    ),
    "drop": Function(
        "How far the customer fell below its own habit, 0.4 for 40%; `drop: count` counts events. Unknown "
        "with too few weeks or too small a median.",
        "unknown",
        "{drop: count, of: session_started, recent: 2w, baseline: 8w}",
    ),
    "share": Function(
        "Which part of the events meets an expression, 0 to 1; where it is unknown, the event is left out.",
        "unknown",
        '{share: "event.score >= 4", of: survey_answered, over: 90d}',
    ),
    "share_lower": Function(
        "The lower bound of that share's 95% Wilson interval: how low it may be, given how few there are.",
        "unknown",
        '{share_lower: "event.score >= 4", of: survey_answered}',
    ),
    "share_upper": Function(
        "The upper bound of that interval.",
        "unknown",
        '{share_upper: "event.score >= 4", of: survey_answered}',
    ),
    "cohort": Function(
        "The month of the very first event, as the text 2026-03, in the workspace's zone.",
        "unknown",
        "{cohort: order_completed}",
    ),
}
"""The functions of computed facts."""


class Computed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact computed from events; exactly one of the functions is written.

    `count`, `since` and `cohort` take an event's name (`any` for every event), `drop` a property or
    `count`, `share*` an expression over `event`, the others a property.
    """

    MARKS: ClassVar[Marks] = tuple((name,) for name in FUNCTIONS)
    count: str | None = None
    sum: str | None = None
    mean: str | None = None
    min: str | None = None
    max: str | None = None
    first: str | None = None
    last: str | None = None
    distinct: str | None = None
    since: str | None = None
    drop: str | None = None
    share: Formula | None = None
    share_lower: Formula | None = None
    share_upper: Formula | None = None
    cohort: str | None = None
    of: str | None = None
    where: Formula | None = None
    over: Duration | None = None
    ending: Ago | None = None
    per: str | None = None
    recent: Duration | None = None
    baseline: Duration | None = None
    at_least: PerWeek | None = None
    robust: int | None = None
    against_fleet: bool = False
    on: Subject | None = None

    @property
    def function(self) -> str:
        """The one function that is written."""
        return next(name for name in FUNCTIONS if getattr(self, name) is not None)

    @property
    def event(self) -> str:
        """The event it reads (`any` for every event)."""
        return self.of or self.count or self.since or self.cohort or "any"

    @property
    def measure(self) -> str | None:
        """The event property it reads, None for count, since, drop: count and shares."""
        if self.function in ("count", "since", "cohort", "share", "share_lower", "share_upper"):
            return None
        name: str = getattr(self, self.function)
        return None if self.function == "drop" and name == "count" else name

    @property
    def satisfied(self) -> Formula | None:
        """The expression whose share is taken."""
        return self.share or self.share_lower or self.share_upper


class NamedExpression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact that is an expression over other facts, written as its text alone."""

    expression: Formula
    on: Subject | None = None


Fact: TypeAlias = Trait | Computed | NamedExpression


class PropertyType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A declared event property written as a map."""

    MARKS: ClassVar[Marks] = (("type",),)
    type: FactType
    required: bool = False


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """A declared event: its properties, and the property by which a later one revises an earlier."""

    properties: dict[str, PropertyType] = {}
    revises: str | None = None


class Subscriptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How contracts are read: the event, and which property holds what."""

    of: str
    id: str
    mrr: str
    ends: str | None = None
    reason: str | None = None
    on: Subject | None = None


class Rfm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recency, frequency and monetary value against the base, as facts rfm_r, rfm_f, rfm_m."""

    of: str
    value: str
    over: Duration
    on: Subject | None = None


class FactsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One facts file; any number of them make the workspace's facts."""

    MARKS: ClassVar[Marks] = (("facts",), ("events",), ("subscriptions",), ("rfm",))
    facts: dict[str, Fact] = {}
    events: dict[str, EventType] = {}
    subscriptions: Subscriptions | None = None
    rfm: Rfm | None = None
    owner: str | None = None
    description: str | None = None
