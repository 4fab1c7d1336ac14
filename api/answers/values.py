"""What the doors answer with about events, decisions, runs, cases and keys, with instants as times."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from engine.authoring.outcomes.calibration import Calibration, Share
from engine.customers.event import Event
from engine.customers.zones import moment_of
from engine.decisions.decision import Decision, Line
from engine.escalation.case import Case
from engine.model.values import DAY, Micros
from engine.runs.run import AskItem, Run, StepAttempt, Wait
from engine.store.records import KeyRow, OutboxRow

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(answer: Any) -> bytes:
    """Give the JSON of an answer; exact decimals are numbers, times are ISO 8601 in UTC."""
    return _encoder.encode(answer)


def time(at: Micros | None) -> datetime | None:
    """Give an instant as a time in UTC."""
    return None if at is None else moment_of(at)


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event: what it says, and its times."""

    source: str
    message_id: str
    customer: str
    name: str
    occurred_at: datetime
    received_at: datetime
    sent_at: datetime | None
    account: str | None
    anonymous_id: str | None
    properties: dict[str, Any]
    flags: tuple[str, ...]
    cause: str


def event_answer(event: Event) -> EventAnswer:
    """Give an event as it is answered with."""
    return EventAnswer(
        source=event.source,
        message_id=event.message_id,
        customer=event.customer,
        name=event.name,
        occurred_at=moment_of(event.occurred_at),
        received_at=moment_of(event.received_at),
        sent_at=time(event.sent_at),
        account=event.account,
        anonymous_id=event.anonymous_id,
        properties=event.properties,
        flags=event.flags,
        cause=event.cause,
    )


class StartAnswer(msgspec.Struct, frozen=True):
    """A run that a decision started, or why it could not."""

    workflow: str
    run: str
    status: str
    reason: str | None
    arm: str | None


class DecisionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule decided. `lines` is its trace: every line with the values it saw."""

    id: str
    rule: str
    rule_hash: str
    customer: str
    at: datetime
    outcome: str
    reason: str | None
    trigger: str
    event: dict[str, Any]
    lines: tuple[Line, ...]
    runs: list[StartAnswer]


def decision_answer(decision: Decision) -> DecisionAnswer:
    """Give a decision as it is answered with."""
    return DecisionAnswer(
        id=decision.id,
        rule=decision.rule,
        rule_hash=decision.rule_hash,
        customer=decision.customer,
        at=moment_of(decision.at),
        outcome=decision.outcome.value,
        reason=decision.reason,
        trigger=decision.trigger,
        event=decision.event,
        lines=decision.lines,
        runs=starts_of(decision),
    )


def starts_of(decision: Decision) -> list[StartAnswer]:
    """Give the runs that a decision started."""
    return [StartAnswer(one.workflow, one.run, one.status, one.reason, one.arm) for one in decision.starts]


class WaitAnswer(msgspec.Struct, frozen=True):
    """What a run waits for, and until when at most."""

    kind: str
    until: datetime | None


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A run and where it stands; `definition` is the hash of what it was started with."""

    id: str
    workflow: str
    definition: str
    policy: str
    customer: str
    key: str | None
    rule: str | None
    decision: str | None
    parent: str | None
    status: str
    reason: str | None
    detail: str | None
    arm: str
    started_at: datetime
    ended_at: datetime | None
    goal_until: datetime | None
    goal_at: datetime | None
    path: str
    wait: WaitAnswer | None
    input: dict[str, Any]
    answers: dict[str, dict[str, Any]]
    flags: list[str]


def run_answer(run: Run) -> RunAnswer:
    """Give a run as it is answered with."""
    return RunAnswer(
        id=run.id,
        workflow=run.workflow,
        definition=run.definition,
        policy=run.policy,
        customer=run.customer,
        key=run.key,
        rule=run.rule,
        decision=run.decision,
        parent=run.parent,
        status=run.status.value,
        reason=run.reason,
        detail=run.detail,
        arm=run.arm,
        started_at=moment_of(run.started_at),
        ended_at=time(run.ended_at),
        goal_until=time(run.goal_until),
        goal_at=time(run.goal_at),
        path=run.path,
        wait=_wait(run.wait),
        input=run.input,
        answers=run.answers,
        flags=run.flags,
    )


def _wait(wait: Wait | None) -> WaitAnswer | None:
    return None if wait is None else WaitAnswer(wait.kind, time(wait.due))


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one step of a run."""

    seq: int
    attempt: int
    path: str
    verb: str
    at: datetime
    outcome: str
    reason: str | None
    until: datetime | None
    effect: str | None
    inputs: str | None
    answers: dict[str, Any]
    detail: dict[str, Any]


def step_answer(attempt: StepAttempt) -> StepAnswer:
    """Give a step attempt as it is answered with."""
    return StepAnswer(
        seq=attempt.seq,
        attempt=attempt.attempt,
        path=attempt.path,
        verb=attempt.verb,
        at=moment_of(attempt.at),
        outcome=attempt.outcome.value,
        reason=attempt.reason,
        until=time(attempt.until),
        effect=attempt.effect,
        inputs=attempt.inputs,
        answers=attempt.answers,
        detail=attempt.detail,
    )


class EffectAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What left the building, or is to: the action, its values, and how it ended."""

    key: str
    path: str
    action: str
    arguments: dict[str, Any]
    state: str
    attempts: int
    created_at: datetime
    due: Annotated[datetime | None, msgspec.Meta(description="Null while its run holds it back.")]
    settled_at: datetime | None
    outcome: str | None
    reason: str | None


def effect_answer(row: OutboxRow) -> EffectAnswer:
    """Give an external effect as it is answered with."""
    effect = row.effect
    return EffectAnswer(
        key=effect.key,
        path=effect.path,
        action=effect.action,
        arguments=effect.arguments,
        state=row.state,
        attempts=row.attempts,
        created_at=moment_of(effect.created_at),
        due=time(row.due),
        settled_at=time(row.settled_at),
        outcome=row.outcome,
        reason=row.reason,
    )


class AskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A question that a run asks a person."""

    id: str
    run: str
    customer: str
    who: str
    question: str
    choices: tuple[str, ...]
    asked_at: datetime
    due: datetime
    answer: str | None
    by: str | None
    answered_at: datetime | None
    worth: str | None


def ask_answer(ask: AskItem) -> AskAnswer:
    """Give a question as it is answered with."""
    return AskAnswer(
        id=ask.id,
        run=ask.run,
        customer=ask.customer,
        who=ask.who,
        question=ask.question,
        choices=ask.choices,
        asked_at=moment_of(ask.asked_at),
        due=moment_of(ask.due),
        answer=ask.answer,
        by=ask.by,
        answered_at=time(ask.answered_at),
        worth=ask.worth,
    )


class CaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A case on its ladder. `who` is whom it waits for, `breached` the clocks that ran out.

    While `paused_at` is set its clocks stand still, and nothing is due.
    """

    id: str
    ladder: str
    customer: str
    key: str | None
    title: str
    priority: str
    status: str
    who: str | None
    level: int
    loop: int
    exhausted: bool
    breached: list[str]
    opened_at: datetime
    next_due: datetime | None
    respond_due: datetime | None
    resolve_due: datetime | None
    paused_at: datetime | None
    acknowledged_at: datetime | None
    ended_at: datetime | None
    by: str | None
    reason: str | None
    run: str | None
    due: Annotated[
        datetime | None, msgspec.Meta(description="When the first clock runs out or the next level is told.")
    ]


def case_answer(case: Case) -> CaseAnswer:
    """Give a case as it is answered with."""
    return CaseAnswer(
        id=case.id,
        ladder=case.ladder,
        customer=case.customer,
        key=case.key,
        title=case.title,
        priority=case.priority,
        status=case.status,
        who=case.who,
        level=case.level,
        loop=case.loop,
        exhausted=case.exhausted,
        breached=list(case.breached),
        opened_at=moment_of(case.opened_at),
        next_due=time(case.next_due),
        respond_due=time(case.respond_due),
        resolve_due=time(case.resolve_due),
        paused_at=time(case.paused_at),
        acknowledged_at=time(case.acknowledged_at),
        ended_at=time(case.ended_at),
        by=case.by,
        reason=case.reason,
        run=case.run,
        due=time(case.soonest),
    )


class KeyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without the key itself."""

    id: str
    role: str
    owner: str
    label: str
    created_at: datetime
    expires: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    addresses: list[str]
    source: str | None
    successor: str | None


def key_answer(row: KeyRow) -> KeyAnswer:
    """Give an API key as it is answered with."""
    return KeyAnswer(
        id=row.id,
        role=row.role,
        owner=row.owner,
        label=row.label,
        created_at=moment_of(row.created_at),
        expires=time(row.expires_at),
        revoked_at=time(row.revoked_at),
        last_used_at=time(row.last_used_at),
        last_used_from=row.last_used_from,
        addresses=(row.addresses or "").split(),
        source=row.source,
        successor=row.successor,
    )


class CalibrationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of customers by band and by tenth of a score's scale.

    Each row has `n` looks at customers at the months' starts in `looks`, how many `had` the outcome within
    `within_days`, and that share with its 95% Wilson interval. Months that are not over at `as_of` are left
    out and counted in `incomplete`.
    """

    score: str
    outcome: str
    within_days: Decimal
    as_of: datetime | None
    looks: list[datetime]
    incomplete: int
    customers: int
    bands: list[Share]
    tenths: list[Share]


def calibration_answer(found: Calibration) -> CalibrationAnswer:
    """Give a calibration as it is answered with."""
    return CalibrationAnswer(
        score=found.score,
        outcome=found.outcome,
        within_days=Decimal(found.within) / DAY,
        as_of=time(found.as_of),
        looks=[moment_of(at) for at in found.looks],
        incomplete=found.incomplete,
        customers=found.customers,
        bands=[_short(row) for row in found.bands],
        tenths=[_short(row) for row in found.tenths],
    )


def _short(row: Share) -> Share:
    shares = {
        name: None if (value := getattr(row, name)) is None else round(value, 4)
        for name in ("share", "low", "high")
    }
    return msgspec.structs.replace(row, **shares)
