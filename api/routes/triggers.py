"""Triggers: a rule decided for a customer because somebody asks."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.params import FromPath

from api.accesses import tells_of
from api.answers.values import StartAnswer, starts_of
from api.auth import ADD, AUDIT, READ
from api.doors import Call, CustomerId, aside, door, engine_of, read
from api.repeats import acting
from engine.customers.zones import moment_of
from engine.decisions.decision import Decision, Line
from engine.errors import ForbiddenError


class Trigger(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whom to decide about, what `event` is in the rule's expressions, and whether only to look."""

    customer: CustomerId
    event: Annotated[dict[str, Any], msgspec.Meta(description="What `event` is for the rule.")] = {}
    dry_run: Annotated[bool, msgspec.Meta(description="Decide, and do and keep nothing.")] = False


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided."""

    id: str
    rule: str
    rule_hash: str
    customer: str
    at: datetime
    outcome: str
    reason: str | None


class Triggered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision and the runs that it started; `trace` for who may read."""

    decision: Decided
    runs: list[StartAnswer]
    dry_run: bool
    trace: tuple[Line, ...] | None = None


def triggered(decision: Decision, *, dry_run: bool, trace: bool) -> Triggered:
    """Give a decision as a caller is told it."""
    return Triggered(
        decision=Decided(
            id=decision.id,
            rule=decision.rule,
            rule_hash=decision.rule_hash,
            customer=decision.customer,
            at=moment_of(decision.at),
            outcome=decision.outcome.value,
            reason=decision.reason,
        ),
        runs=starts_of(decision),
        dry_run=dry_run,
        trace=decision.lines if trace else None,
    )


@post("/v1/triggers/{rule:str}", status_code=200, opt=door(ADD | AUDIT, body=Trigger, repeatable=True))
async def post_trigger(request: Call, rule: FromPath[str]) -> Triggered:
    """Decide a rule for a customer now.

    The rule has `when: {call: yes}`, or `dry_run` is asked for. Gives the decision and the ids of the
    runs that it started, and the trace to who may read.
    """
    asked = await read(request, Trigger)
    role = request.user.role
    may_read = role in READ
    if may_read:
        tells_of(request.scope, asked.customer)
    if asked.dry_run:
        look = engine_of(request).trigger
        future = await aside(look, rule, asked.customer, asked.event, dry_run=True)
        return triggered(future.result(), dry_run=True, trace=may_read)
    if role not in ADD:
        raise ForbiddenError(
            f"a key with the role {role} may call a rule with dry_run only; send `dry_run: true`"
        )

    def show(decision: Decision) -> Triggered:
        return triggered(decision, dry_run=False, trace=may_read)

    engine = await acting(request, show)
    return show(await wrap_future(engine.trigger(rule, asked.customer, asked.event)))


HANDLERS = [post_trigger]
