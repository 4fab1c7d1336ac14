"""Refunds as events bring them: points that go back, as they were earned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.event import Event
from engine.customers.zones import moment_of
from engine.errors import HoldfastError
from engine.expressions import Env, Expression, Outcome, compile_expression
from engine.expressions.environment import read
from engine.loyalty import refunds
from engine.loyalty.ledger import Early, Lot, whole_points
from engine.loyalty.refunds import Origin
from engine.loyalty.tiers import give_back
from engine.model.program import Program
from engine.runs.points import CompiledEarn, number
from engine.runs.stage import Stage

EARLY = 20
"""So many refunds are kept that came before what they refund."""


def keep_origin(stage: Stage, compiled: CompiledEarn, event: Event, env: Env, lot: Lot) -> None:
    """Keep with earned points what their number rests on, and take back what was refunded before."""
    back = compiled.earn.reversed_by
    if back is None:
        return
    match = _wanted(compiled, event, env)
    if any(value is None for value in match.values()):
        return
    book = stage.member.standing.ledger.book(compiled.program.id)
    names = [*compiled.points.names, *(compiled.where.names if compiled.where is not None else ())]
    kept = {name.partition(".")[2] for name in names if name.startswith("event.")} | set(compiled.less)
    origin = Origin(
        event=back.event,
        match=match,
        when=event.name,
        index=compiled.index,
        points=_noted(book.formulas, compiled.points),
        where=None if compiled.where is None else _noted(book.formulas, compiled.where),
        properties={name: event.properties[name] for name in sorted(kept) if name in event.properties},
        customer={
            fact: read(env.customer, fact)
            for fact in dict.fromkeys(
                name.partition(".")[2] for name in names if name.startswith("customer.")
            )
        },
    )
    lot.origin = refunds.pack(origin)
    for early in [each for each in book.early if each.event == back.event]:
        properties = refunds.unpack_values(early.properties)
        if origin.fits(early.event, properties):
            book.early = [each for each in book.early if each is not early]
            _take(stage, compiled.program, compiled, lot, early.ref, early.event, properties)


def take_back(stage: Stage, compiled: CompiledEarn, event: Event) -> None:
    """Take back what an event refunds of what one kind of event earned; kept where that is still to come."""
    ref = f"{event.source}/{event.message_id}"
    book = stage.member.standing.ledger.book(compiled.program.id)
    found = False
    for lot in book.lots:
        if not lot.origin:
            continue
        origin = refunds.unpack(lot.origin)
        if _is_of(compiled, origin) and origin.fits(event.name, event.properties):
            found = True
            _take(stage, compiled.program, compiled, lot, ref, event.name, event.properties)
    if not found and all(each.ref != ref for each in book.early):
        kept = Early(event.name, ref, stage.now, refunds.pack_values(event.properties))
        book.early = [*book.early[1 - EARLY :], kept]


def _is_of(compiled: CompiledEarn, origin: Origin) -> bool:
    """Tell whether points were earned in this way; its place may have changed where it is the only one."""
    if origin.when != compiled.earn.when:
        return False
    alike = [earn for earn in compiled.program.earn if earn.when == origin.when]
    return origin.index == compiled.index or len(alike) == 1


def take_back_grants(stage: Stage, event: Event) -> None:
    """Take back what runs granted and said that such an event takes back."""
    for name, book in stage.member.standing.ledger.books.items():
        program = stage.plans.workspace.programs.get(name)
        if event.name not in book.watched or program is None:
            continue
        for lot in book.lots:
            origin = refunds.unpack(lot.origin) if lot.origin else None
            if origin is not None and origin.when is None and origin.fits(event.name, event.properties):
                ref = f"{event.source}/{event.message_id}"
                _take(stage, program, None, lot, ref, event.name, event.properties)


def _take(
    stage: Stage,
    program: Program,
    compiled: CompiledEarn | None,
    lot: Lot,
    ref: str,
    event: str,
    properties: Mapping[str, Any],
) -> None:
    if ref in lot.returns:
        return
    origin = refunds.unpack(lot.origin)
    if compiled is None:
        claim = _of_grant(lot, origin, properties)
    else:
        for name, expression in compiled.less.items():
            seen = Env(event=stage.seen(event, properties), now=stage.clock)
            amount = number(expression.value_or_null(seen))
            if amount is not None:
                origin.less[name] = origin.less.get(name, Decimal(0)) + amount
        claim = lot.points - _rest(stage, compiled, lot, origin)
    lot.origin = refunds.pack(origin)
    whole_ledger = stage.member.standing.ledger
    taken = refunds.reverse(
        whole_ledger, program.id, stage.member.id, lot, claim, ref, program.refund, stage.now
    )
    if taken is not None:
        claimed, posting = taken
        give_back(whole_ledger.book(program.id), claimed, stage.plans.zone.day_of(lot.earned_at))
        stage.changes.postings.append(posting)


def _of_grant(lot: Lot, origin: Origin, properties: Mapping[str, Any]) -> int:
    """Give what refunds claim of granted points: all, once they reach the whole amount where one is set."""
    if origin.whole is None or origin.amount is None:
        return lot.points
    amount = number(properties.get(origin.amount))
    if amount is not None:
        origin.less[origin.amount] = origin.less.get(origin.amount, Decimal(0)) + amount
    return lot.points if origin.less.get(origin.amount, Decimal(0)) >= origin.whole else 0


def _rest(stage: Stage, compiled: CompiledEarn, lot: Lot, origin: Origin) -> int:
    """Give what the rest would have earned, with the customer and by the expression as at earning."""
    properties = dict(origin.properties)
    if not compiled.less:
        return 0
    for name, less in origin.less.items():
        whole = number(properties.get(name))
        if whole is not None:
            properties[name] = max(Decimal(0), whole - less)
    formulas = stage.member.standing.ledger.book(compiled.program.id).formulas
    points, where = _known(compiled, compiled.points, formulas.get(origin.points)), None
    if origin.where is not None:
        where = _known(compiled, compiled.where, formulas.get(origin.where))
    env = Env(
        customer=origin.customer,
        event=stage.seen(compiled.earn.when, properties),
        now=moment_of(lot.earned_at),
    )
    if where is not None and where.outcome(env) is not Outcome.MET:
        return 0
    earned = None if points is None else number(points.value_or_null(env))
    return 0 if earned is None else whole_points(earned)


def _known(compiled: CompiledEarn, live: Expression | None, written: str | None) -> Expression | None:
    """Give the expression of the time of earning; the live one where it is that, or cannot be read."""
    if written is None or (live is not None and live.text == written):
        return live
    try:
        open_scope = msgspec.structs.replace(compiled.scope, event={}, event_open=True)
        return compile_expression(written, open_scope)
    except HoldfastError:
        return live


def _noted(formulas: dict[str, str], expression: Expression) -> str:
    """Keep an expression's text with the book; give the short hash that it is known by."""
    key = hashlib.sha256(expression.text.encode()).hexdigest()[:8]
    formulas[key] = expression.text
    return key


def _wanted(compiled: CompiledEarn, event: Event, env: Env) -> dict[str, Any]:
    return {
        name: event.properties.get(source) if isinstance(source, str) else source.value_or_null(env)
        for name, source in compiled.wanted.items()
    }
