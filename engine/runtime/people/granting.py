"""What people ask of coupons and budgets: use one, make one void, see how a budget stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from engine.contact.budgets import counter_of, period_of
from engine.contact.coupons import Redemption, redemption
from engine.errors import ConflictError, NotFoundError
from engine.model.actions import BuiltInEvent
from engine.model.policy import Budget
from engine.model.reasons import CouponRefusal, CouponStatus
from engine.model.values import Micros
from engine.runs.run import Coupon
from engine.runtime.people.recording import record
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn
from engine.store.interface import Reader
from engine.timeline.play import play_due


class BudgetNow(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands in a period: what may be spent, what is promised, what was used, what is left.

    `workflow` is whose counter it is where each workflow has its own.
    """

    budget: str
    of: str
    per: str | None
    workflow: str | None
    period: str
    currency: str
    limit: Decimal
    reserved: Decimal
    committed: Decimal
    left: Decimal


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon is used: by whom, and under which name the shop knows this use."""

    by: str
    customer: str | None = None
    reference: str | None = None


def redeem(shell: Shell, code: str, use: Use) -> Coupon:
    """Use a coupon, which is an event of its customer; raises `NotFoundError` or `ConflictError`.

    Used again under the same reference it is answered as it is.
    """
    with open_turn(shell) as turn:
        found, customer = _coupon(turn, code)
        if use.customer is not None and turn.writer.resolve([use.customer])[use.customer] != customer:
            raise ConflictError(
                f"the coupon {code} is another customer's; send the customer it was issued to"
            )
        # What is due before now is done first: it may have run out.
        play_due(turn.world, turn.cast, turn.changes, customer, turn.now - 1)
        held = turn.cast.get(customer).standing.coupons.get(code)
        judged, refused = redemption(held, turn.now, use.reference)
        if refused is not None:
            raise ConflictError(_SAID[refused].format(code))
        if judged is Redemption.AGAIN:
            turn.result = found
            return found
        properties = {"code": code, "reference": use.reference, "by": use.by}
        turn.result = used = _happened(turn, customer, BuiltInEvent.COUPON_REDEEMED, code, properties)
        return used


_SAID = {
    CouponRefusal.UNKNOWN: "the coupon {} ended long ago; issue another one",
    CouponRefusal.REDEEMED: "the coupon {} was used before; send the reference of that use to see it again",
    CouponRefusal.EXPIRED: "the coupon {} has run out; issue another one",
    CouponRefusal.VOID: "the coupon {} was made void; issue another one",
}


def void(shell: Shell, code: str, reason: str, by: str) -> Coupon:
    """Make a coupon void: what it holds of budgets goes back. `ConflictError` for one that has ended."""
    with open_turn(shell) as turn:
        _, customer = _coupon(turn, code)
        play_due(turn.world, turn.cast, turn.changes, customer, turn.now - 1)
        held = turn.cast.get(customer).standing.coupons.get(code)
        if held is None or held.status is not CouponStatus.ISSUED:
            how = "long ago" if held is None else f"it is {held.status.value}"
            raise ConflictError(
                f"the coupon {code} has ended already: {how}; there is nothing left to make void"
            )
        properties = {"code": code, "reason": reason, "by": by}
        turn.result = ended = _happened(turn, customer, BuiltInEvent.COUPON_VOIDED, code, properties)
        return ended


def _coupon(turn: Turn, code: str) -> tuple[Coupon, str]:
    """Give a coupon with its customer held, so that nobody else can use it meanwhile."""
    found = turn.writer.coupon(code)
    if found is None:
        raise NotFoundError(f"there is no coupon {code}; send the code as it was issued")
    customer = turn.customer(found.customer)
    turn.come_after()
    return turn.writer.coupon(code) or found, customer


def _happened(turn: Turn, customer: str, name: BuiltInEvent, code: str, properties: dict[str, Any]) -> Coupon:
    record(turn, customer, name.value, properties, code)
    turn.flush()
    found = turn.writer.coupon(code)
    if found is None:
        raise NotFoundError(f"there is no coupon {code}; send the code as it was issued")
    return found


def budgets(shell: Shell, reader: Reader, now: Micros) -> list[BudgetNow]:
    """Give how every budget of the policy stands in its present period.

    One that each customer has for themselves has no common counter and is left out here.
    """
    workspace, day = shell.ruleset.workspace, shell.ruleset.zone.day_of(now)
    places: list[tuple[str, Budget, str | None, str]] = []
    for name, budget in sorted(workspace.policy.budgets.items()):
        period = period_of(budget, day, workspace.settings.week_starts)
        if budget.per is None:
            places.append((name, budget, None, period))
        elif budget.per == "workflow":
            places += [(name, budget, workflow, period) for workflow in shell.spenders(budget.of)]
    counters = [(counter_of(name, budget, flow or ""), period) for name, budget, flow, period in places]
    rows = {(row.budget, row.period): row for row in reader.budget_rows(counters)}
    found = []
    for (name, budget, flow, period), counter in zip(places, counters, strict=True):
        row, limit = rows.get(counter), budget.at_most.money
        taken, committed = (row.spent, row.committed) if row is not None else (Decimal(0), Decimal(0))
        found.append(
            BudgetNow(
                budget=name, of=budget.of, per=budget.per, workflow=flow, period=period,
                currency=limit.currency, limit=limit.amount, reserved=taken - committed,
                committed=committed, left=limit.amount - taken,
            )
        )  # fmt: skip
    return found
