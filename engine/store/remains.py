"""Remains: what stays of each row of an erased customer, the same for every store.

A row is taken away, or a skeleton of it stays: what counts and sums rest on, under a pseudonym, with
no word that anybody said. `docs/erasure.md` has a line for every table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.decisions.decision import Decision
from engine.escalation.case import Case
from engine.escalation.history import Happening
from engine.loyalty.ledger import Entry
from engine.model.reasons import EndReason, RunStatus, StepOutcome
from engine.model.values import Micros
from engine.runs.run import Effect, Run, StepAttempt
from engine.store.rows import (
    ATTEMPT,
    CASE,
    COUPON,
    EFFECT,
    EXPOSURE,
    POSTING,
    Columns,
    case_row,
    decision_of,
    decision_row,
    run_row,
    settled_columns,
    shard_of,
)
from engine.store.rows import RUN as RUN_SHAPE

ERASED = EndReason.ERASED.value
PREFIX = "erased:"
"""How a pseudonym begins; nobody who comes in may be called so."""

_WORD = re.compile(r"[a-z][a-z_]{0,40}")
_SAYS_WHO = frozenset(("told", "assigned", "opened", "prioritised", "breach_near", "breached"))
"""What happened to a case whose value is a colleague, a priority or a clock, and nobody's own words."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased: everything under these `names`, which all mean one customer.

    `pseudonym` stands in their place where a skeleton stays. `quarantined` are refused events that
    speak of the customer. `addresses` are suppressed targets, each with what stands for it from now
    on. `related` are the ids of accounts, with `speaks_of` telling which of their rows hold what the
    customer's events said. `answers` tells whether the path or body of a kept answer names the customer.
    """

    names: tuple[str, ...]
    pseudonym: str
    at: Micros
    quarantined: tuple[int, ...] = ()
    addresses: dict[str, str] = {}
    related: tuple[str, ...] = ()
    speaks_of: Callable[[object], bool] = bool
    answers: Callable[[bytes], bool] = bool


class Renaming:
    """Gives keys that may hold what a client wrote another name, the same one each time."""

    def __init__(self, pseudonym: str) -> None:
        self._pseudonym = pseudonym
        self._known: dict[tuple[str, str], str] = {}

    def name(self, kind: str, key: str) -> str:
        """Give the new name of a key among those of its kind."""
        place = kind, key
        if place not in self._known:
            self._known[place] = f"{self._pseudonym}/{len(self._known) + 1}"
        return self._known[place]

    def renamed(self, kind: str) -> dict[str, str]:
        """Give the new names of a kind by the old ones."""
        return {old: new for (known, old), new in self._known.items() if known == kind}


def decision_left(row: Columns, erasure: Erasure) -> Columns:
    """Give what stays of a decision: rule, instant, outcome, and which runs it started."""
    found = _hushed(decision_of(row))
    return decision_row(
        msgspec.structs.replace(found, customer=erasure.pseudonym, trigger_key=f"{ERASED}/{found.id}")
    )


def decision_hushed(row: Columns) -> Columns:
    """Give an account's decision without what an erased person's event said."""
    found = _hushed(decision_of(row))
    return decision_row(msgspec.structs.replace(found, trigger_key=f"{ERASED}/{found.id}"))


def _hushed(decision: Decision) -> Decision:
    starts = tuple(msgspec.structs.replace(each, reason=word(each.reason)) for each in decision.starts)
    return msgspec.structs.replace(decision, event={}, lines=(), starts=starts)


def run_left(row: Columns, erasure: Erasure) -> Columns:
    """Give what stays of a run: workflow, arm, times, how it ended, whether its goal was reached."""
    return run_row(_run(RUN_SHAPE.value(row), erasure.pseudonym, erasure.at))


def run_hushed(row: Columns, erasure: Erasure) -> Columns:
    """Give an account's run without what an erased person's event said; an open one ends."""
    found = RUN_SHAPE.value(row)
    return run_row(_run(found, found.customer, erasure.at))


def _run(run: Run, customer: str, at: Micros) -> Run:
    left = Run(
        id=run.id, workflow=run.workflow, definition=run.definition, policy=run.policy, customer=customer,
        key=None, decision=run.decision, rule=run.rule, status=run.status, reason=word(run.reason),
        started_at=run.started_at, from_at=run.from_at, ended_at=run.ended_at, arm=run.arm,
        parent=run.parent, hops=run.hops, path=run.path, seq=run.seq, attempts=run.attempts,
        goal_until=run.goal_until, goal_at=run.goal_at, declined=run.declined,
    )  # fmt: skip
    if left.open:
        left.status, left.reason, left.ended_at = RunStatus.CANCELLED, ERASED, at
    return left


def attempt_left(row: Columns) -> Columns:
    """Give what stays of a step attempt: which step, when, and how it ended."""
    found = ATTEMPT.value(row)
    return ATTEMPT.row(
        StepAttempt(
            run=found.run, seq=found.seq, attempt=found.attempt, path=found.path, verb=found.verb,
            at=found.at, outcome=found.outcome, reason=word(found.reason), until=found.until,
            effect=found.effect,
        )
    )  # fmt: skip


def effect_left(row: Columns, erasure: Erasure, renaming: Renaming) -> Columns:
    """Give what stays of an effect: what was done when, and how it ended; what waited is cancelled."""
    return _effect(row, erasure.pseudonym, erasure.at, renaming)


def effect_hushed(row: Columns, erasure: Erasure, renaming: Renaming) -> Columns:
    """Give the effect of an account's run without what an erased person's event said."""
    return _effect(row, row["customer"], erasure.at, renaming)


def _effect(row: Columns, customer: str, at: Micros, renaming: Renaming) -> Columns:
    found = EFFECT.value(row)
    # A run's effect has a key of ours; the key of what points bought holds the client's own.
    key = found.key if found.run else renaming.name("outbox", found.key)
    left = Effect(
        key=key, run=found.run, workflow=found.workflow, customer=customer, path=found.path,
        action=found.action, arguments={}, created_at=found.created_at, attempt=found.attempt,
        due=found.due, first_due=found.first_due, unsure=found.unsure,
    )  # fmt: skip
    columns = {**row, **EFFECT.row(left), "shard": shard_of(customer), "reason": word(row["reason"])}
    if row["state"] != "settled":
        columns |= settled_columns(key, StepOutcome.CANCELLED.value, ERASED, at)
    return columns | {"dead": None}


def exposure_left(row: Columns, erasure: Erasure) -> Columns:
    """Give what stays of an exposure: which arm; the bucket is a digest of the id, and goes."""
    found = EXPOSURE.value(row)
    return EXPOSURE.row(msgspec.structs.replace(found, customer=erasure.pseudonym, bucket=0))


def coupon_left(row: Columns, erasure: Erasure, renaming: Renaming) -> Columns:
    """Give what stays of a coupon: what it was worth, and how it ended; the code goes."""
    found = COUPON.value(row)
    left = msgspec.structs.replace(
        found, code=renaming.name("coupon", found.code), customer=erasure.pseudonym, reference=None, note=None
    )
    return COUPON.row(left)


def case_left(row: Columns, erasure: Erasure) -> Columns:
    """Give what stays of a case: its ladder, its times, and which colleague did what."""
    return case_row(_case(CASE.value(row), erasure.pseudonym, erasure.at))


def case_hushed(row: Columns, erasure: Erasure) -> Columns:
    """Give an account's case without what an erased person's event said."""
    found = CASE.value(row)
    return case_row(_case(found, found.customer, erasure.at))


def _case(case: Case, customer: str, at: Micros) -> Case:
    left = msgspec.structs.replace(
        case, customer=customer, key=None, title=ERASED, reason=word(case.reason), context={},
        history=[_happening(each) for each in case.history],
    )  # fmt: skip
    if left.open:
        left.status, left.reason, left.ended_at, left.wake_at, left.next_due = (
            "cancelled", ERASED, at, None, None,
        )  # fmt: skip
        left.history = [*left.history, Happening("cancelled", at, at, value=ERASED)]
    return left


def _happening(each: Happening) -> Happening:
    kept = each.value if each.what in _SAYS_WHO else word(each.value)
    return msgspec.structs.replace(each, value=kept)


def posting_left(row: Columns, erasure: Erasure, renaming: Renaming) -> Columns:
    """Give what stays of a movement of points: how many, when, from where to where."""
    found = POSTING.value(row)
    name = f"lot {found.program}"
    left = msgspec.structs.replace(
        found,
        key=renaming.name(name, found.key),
        customer=erasure.pseudonym,
        entries=tuple(Entry(one.account, one.points, renaming.name(name, one.lot)) for one in found.entries),
        reason=word(found.reason),
        gives=None,
    )
    return POSTING.row(left)


class StillSuppressed:
    """What stays of suppressions: those of addresses, under what stands for each, one for each channel.

    `hidden` are the rows that stand under it already, since somebody with that address was erased before.
    """

    def __init__(self, erasure: Erasure, hidden: Iterable[Columns]) -> None:
        self._erasure = erasure
        self._open = {self._place(row) for row in hidden if row.get("removed_at") is None}

    def left(self, row: Columns) -> Columns | None:
        """Give what stays of a suppression, None for nothing."""
        if row["scope"] == "customer":
            return None if row["target"] in self._erasure.names else row
        hidden = self._erasure.addresses.get(row["target"])
        if hidden is None:
            return row
        left = {**row, "target": hidden, "note": None, "removed_note": None}
        if left.get("removed_at") is None:
            if self._place(left) in self._open:
                return None
            self._open.add(self._place(left))
        return left

    @staticmethod
    def _place(row: Columns) -> tuple[Any, ...]:
        return row["target"], row["channel"], row["scope"]


def word(text: str | None) -> str | None:
    """Give a reason of a closed list back; nobody's own words."""
    return text if text is not None and _WORD.fullmatch(text) else None
