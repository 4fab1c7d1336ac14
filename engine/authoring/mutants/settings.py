"""What of each kind of file is changed or left out, by the Struct that it is bound to and its YAML keys.

What no test can see is not here: shares of arms and holdouts, what an action is given, ranks, goals,
adjustments, what points are worth.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.conditions import AnyOf
from engine.model.ladder import Ladder
from engine.model.lifecycle import Lifecycle, Stage
from engine.model.program import Earn, Program, Redeem, ReversedBy, Tier
from engine.model.rule import DoNow, OnDate, OnEvent, OnFleet, OnMissing, OnSchedule, Rule
from engine.model.score import Band, Part, Score
from engine.model.segment import Segment
from engine.model.workflow import Arm, Ask, Do, If, StopWhen, WaitFor, Workflow

Keys = Mapping[type, tuple[str, ...]]

CONDITIONS: Keys = {
    Rule: ("if",),
    AnyOf: ("any",),
    Segment: ("enter_if", "leave_if"),
    Stage: ("if",),
    If: ("if",),
}
"""Keys whose lines are left out one by one; one line alone is taken out of an empty list."""

STEPS: Keys = {
    Workflow: ("steps",),
    If: ("then", "else"),
    Arm: ("then",),
}
"""Keys whose steps are left out one by one."""

ENTRIES: Keys = {
    Rule: ("when", "then"),
    OnDate: ("before", "after"),
    Workflow: ("stop_when",),
    Program: ("earn", "redeem"),
    Ladder: ("levels",),
}
"""Other lists whose entries are left out one by one."""

NAMED: Keys = {
    Score: ("parts", "bands"),
    Lifecycle: ("stages",),
    Program: ("tiers",),
    Ladder: ("respond_within", "resolve_within"),
}
"""Maps of names whose entries are left out one by one."""

OPTIONS: Keys = {
    Rule: ("at_most",),
    OnEvent: ("where",),
    OnMissing: ("where", "key"),
    OnSchedule: ("in_segment",),
    OnDate: ("without", "term"),
    Segment: ("leave_if", "held_for"),
    Score: ("coverage", "steady_for", "half_life", "high_is"),
    Stage: ("until_known",),
    Workflow: ("key",),
    Do: ("on_failure",),
    WaitFor: ("match", "where"),
    StopWhen: ("match", "where"),
    Earn: ("where", "pending_for", "expire", "reversed_by"),
    ReversedBy: ("less",),
    Program: ("downgrade", "grace", "warn", "refund"),
    Ladder: ("hours", "loops", "warn_before"),
}
"""Keys that are left out whole."""

NUMBERS: Keys = {
    Part: ("weight",),
    Band: ("from",),
    Tier: ("from",),
    Redeem: ("points",),
    Ladder: ("loops",),
}
"""Keys that hold a number by itself."""

UNSEEN: Keys = {
    Rule: ("tests",),
    OnFleet: ("at_least",),
    DoNow: ("with",),
    Segment: ("tests",),
    Score: ("tests",),
    Lifecycle: ("tests",),
    Workflow: ("holdout", "goal", "experiment", "contact", "tests"),
    Do: ("with", "retry"),
    Arm: ("share",),
    Ask: ("worth",),
    Program: ("adjust", "liability", "reserve", "tests"),
    Redeem: ("gives",),
    Ladder: ("tests",),
}
"""Keys that are not looked into."""


def of(table: Keys, things: list[object]) -> tuple[str, ...]:
    """Give the keys that a table has for what a node was bound to."""
    return tuple(key for thing in things for key in table.get(type(thing), ()))
