"""A run of a workflow as it is kept, its step attempts, and the effects that leave the building."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.contact.budgets import Share
from engine.model.reasons import CouponStatus, RunStatus, StepOutcome
from engine.model.values import Micros

Arm = Literal["treated", "held_out"]


class Signal(msgspec.Struct, frozen=True):
    """An event that a run may wait for, as it came by; `used` by an earlier wait or not."""

    source: str
    message_id: str
    name: str
    occurred_at: Micros
    properties: dict[str, Any]


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting run waits for; `due` ends it whatever happens (None: never by itself).

    `held` is what a question takes of its person's limits: (budget, period, amount).
    """

    kind: Literal["time", "event", "effect", "hold", "child", "ask"]
    due: Micros | None = None
    since: Micros = 0
    token: str | None = None
    held: list[tuple[str, str, str]] = []


class Run(msgspec.Struct, kw_only=True):
    """One run. `path` is the step it stands at, in the definition that `definition` pins.

    `id` is made of what started it, so that the same cause starts a workflow once.

    `seq` counts its transitions; every commit compares and sets it. `signals` are the events that
    came by since the start, so that a wait can look back. `from_at` is when what triggered it
    occurred: exits must have occurred later. `declined` is the newest definition that it could not be
    moved to.
    """

    id: str
    workflow: str
    definition: str
    policy: str
    customer: str
    key: str | None
    decision: str | None
    rule: str | None
    status: RunStatus
    reason: str | None = None
    detail: str | None = None
    started_at: Micros
    from_at: Micros
    ended_at: Micros | None = None
    arm: Arm = "treated"
    parent: str | None = None
    hops: int = 0
    trigger_event: str | None = None
    event: dict[str, Any] = {}
    input: dict[str, Any] = {}
    answers: dict[str, dict[str, Any]] = {}
    path: str = "0"
    seq: int = 0
    attempts: int = 0
    wait: Wait | None = None
    signals: list[Signal] = []
    used: list[str] = []
    goal_until: Micros | None = None
    goal_at: Micros | None = None
    flags: list[str] = []
    declined: str | None = None

    @property
    def open(self) -> bool:
        """Tell whether it has not ended."""
        # Asked more often than anything else of a run: not of a set, which hashes a member in Python.
        return self.status is RunStatus.RUNNING or self.status is RunStatus.WAITING

    @property
    def due(self) -> Micros | None:
        """When it has to be looked at again, None when only something from outside can move it."""
        if self.status is RunStatus.RUNNING:
            return self.started_at
        return self.wait.due if self.status is RunStatus.WAITING and self.wait else None


class StepAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one step; never changed once written.

    `verb` is the step's, or `on_change` where its workflow's file changed. `inputs` is the hash of what
    the step was given, where it was given anything.
    """

    run: str
    seq: int
    attempt: int
    path: str
    verb: str
    at: Micros
    outcome: StepOutcome
    reason: str | None = None
    until: Micros | None = None
    effect: str | None = None
    answers: dict[str, Any] = {}
    detail: dict[str, Any] = {}
    inputs: str | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """An external effect: what to do, under a key that never changes between attempts.

    `arguments` are the evaluated `with:` values; `context` is what a message's template may name
    (event, input, run's answers); facts are read again at the moment of sending. `unsure` tells that an
    attempt before this one may have been taken: its answer was lost, or whoever made it died. `slot` is
    the instant that its connector's rate has given it, `apart` that a person sends it again although its
    run has gone on or ended.
    """

    key: str
    run: str
    workflow: str
    customer: str
    path: str
    action: str
    arguments: dict[str, Any]
    context: dict[str, Any] = {}
    created_at: Micros
    attempt: int = 0
    due: Micros
    first_due: Micros
    unsure: bool = False
    slot: Micros | None = None
    apart: bool = False


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon: a code of its own, what it gives, what it costs, until when it is good.

    `shares` are what it took of budgets. `ended_at` is when it was redeemed, ran out or was made void;
    `reference` the shop's own name of its redemption; `note` and `by` who made it void, and why.
    """

    code: str
    customer: str
    run: str
    percent: str | None = None
    amount: str | None = None
    worth: str | None = None
    issued_at: Micros
    expires_at: Micros | None = None
    shares: tuple[Share, ...] = ()
    status: CouponStatus = CouponStatus.ISSUED
    ended_at: Micros | None = None
    reference: str | None = None
    note: str | None = None
    by: str | None = None


class AskItem(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a person, open until it is answered or its time is up. `worth` is what it grants."""

    id: str
    run: str
    customer: str
    who: str
    question: str
    choices: tuple[str, ...]
    asked_at: Micros
    due: Micros
    answer: str | None = None
    by: str | None = None
    answered_at: Micros | None = None
    worth: str | None = None
