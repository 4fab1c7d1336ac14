"""The `tests:` of every kind: what is given, what happens, what is expected."""

from __future__ import annotations

import msgspec

from engine.model.values import Duration, Value


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Events of the past: `ago`, repeated `every` so long `times` times; other keys are properties."""

    ago: Duration
    event: str
    every: Duration | None = None
    times: int = 1
    properties: dict[str, Value] = {}


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What happens `after` the start: an event, facts that change, something that must then hold."""

    after: Duration
    event: str | None = None
    given: dict[str, Value] = {}
    expect: Value = None
    properties: dict[str, Value] = {}


class TestCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One example of behaviour, run on a virtual clock."""

    it: str
    at: str = "2026-01-05 12:00"
    given: dict[str, Value] = {}
    history: tuple[HistoryEntry, ...] = ()
    event: dict[str, Value] | None = None
    input: dict[str, Value] = {}
    timeline: tuple[TimelineEntry, ...] = ()
    arm: str | None = None
    held_out: bool = False
    consent: bool = True
    fails: str | tuple[str, ...] | None = None
    expect: Value


EXPECTATIONS = (
    "run", "with", "decision", "reason", "times", "did", "never", "sent", "skipped", "held_until", "ends",
    "entered", "left", "score", "band", "stage", "tier", "points", "told", "warned", "breached",
)  # fmt: skip
