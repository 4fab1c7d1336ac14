"""A decision as it is recorded: what a rule decided for a customer at an instant, and why."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros


class Line(msgspec.Struct, frozen=True):
    """One line of a condition: its text, its outcome, the values that it saw."""

    text: str
    outcome: str
    values: dict[str, Any] = {}
    error: str | None = None


class Start(msgspec.Struct, frozen=True):
    """A run that a decision started, or why it could not."""

    workflow: str
    run: str
    status: str
    reason: str | None = None
    arm: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule decided. `trigger_key` is unique: one decision for a rule, customer and cause.

    `at` is the decision's `now`; `event` what `event` was in its expressions; `base` the hash of
    the base-wide figures it could see; `after` says what a call came after: the last event accepted, and
    how many calls were decided with it before. Else it holds nothing that differs between the live
    engine, the tester and a backtest, so that equal decisions have equal bytes.
    """

    id: str
    rule: str
    rule_hash: str
    customer: str
    at: Micros
    outcome: DecisionOutcome
    reason: str | None = None
    trigger: str
    trigger_key: str
    event: dict[str, Any] = {}
    lines: tuple[Line, ...] = ()
    base: str | None = None
    starts: tuple[Start, ...] = ()
    after: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def encode(decision: Decision) -> bytes:
    """Give the canonical bytes of a decision: deterministic JSON.

    `starts` are left out: whether a run could start may rest on when an earlier one's message was
    really sent, and that is on the record of the run. So is `after`, which says where a call stands in the
    record and not what was decided.
    """
    return _encoder.encode(msgspec.structs.replace(decision, starts=(), after=msgspec.UNSET))


def identity(*parts: object) -> str:
    """Give a stable id for what these parts name: 24 hex digits of their SHA-256."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:24]
