"""What the doors answer with about points."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec

from api.answers.values import time
from api.paging import Page
from engine.customers.zones import moment_of
from engine.errors import NotFoundError
from engine.loyalty.figures import Liability
from engine.loyalty.ledger import Adjustment, Entry, Posting, Redemption
from engine.loyalty.statement import Holdings, Statement
from engine.model.values import Micros
from engine.runtime.people.points import Done, Held


class PostingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of points: from and to which account of which lot; its entries sum to zero.

    `shortfall` are points that a refund asked for and that were spent already.
    """

    program: str
    key: str
    kind: str
    at: datetime
    reason: str | None
    entries: list[EntryAnswer]
    shortfall: int
    gives: str | None
    by: str | None


class EntryAnswer(msgspec.Struct, frozen=True):
    """One line of a movement; `lot` is the grant whose points these are."""

    account: str
    points: int
    lot: str


def posting_answer(of: Posting) -> PostingAnswer:
    """Give a movement of points as it is answered with."""
    return PostingAnswer(
        program=of.program,
        key=of.key,
        kind=of.kind,
        at=moment_of(of.at),
        reason=of.reason,
        entries=[_entry(entry) for entry in of.entries],
        shortfall=of.shortfall,
        gives=of.gives,
        by=of.by,
    )


def _entry(entry: Entry) -> EntryAnswer:
    return EntryAnswer(entry.account, entry.points, entry.lot)


class BalanceAnswer(msgspec.Struct, frozen=True):
    """Points that can be spent, that cannot yet, that are reserved, and that are owed."""

    available: int
    pending: int
    reserved: int
    debt: int


class TierAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The tier, and what keeps it and reaches the next one: points still to be earned in the period."""

    tier: str | None
    qualifying: int
    period_starts: date | None
    period_ends: date | None
    grace_until: date | None
    keeps: int
    next: str | None
    missing: int | None


class LotAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the points of one grant, and what became of the others."""

    key: str
    points: int
    earned_at: datetime
    matures_at: datetime | None
    expires_at: datetime | None
    pending: int
    available: int
    reserved: int
    redeemed: int
    expired: int
    reversed: int


class RedemptionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Points spent or reserved: `state` is `reserved`, `redeemed` or `released`.

    `left` is what could still be spent right after it, `lots` whose points these are, `code` the coupon,
    `credit` the money that was given.
    """

    customer: str
    program: str
    key: str
    points: int
    reward: str | None
    state: str
    at: datetime
    until: datetime | None
    left: int
    lots: dict[str, int]
    code: str | None
    credit: str | None


def redemption_answer(done: Done) -> RedemptionAnswer:
    """Give a redemption as it is answered with."""
    if done.redemption is None:
        raise NotFoundError(f"there is no redemption {done.key}; send the key that redeemed")
    return _redemption(done.customer, done.program, done.key, done.redemption)


def _redemption(customer: str, program: str, key: str, of: Redemption) -> RedemptionAnswer:
    return RedemptionAnswer(
        customer=customer,
        program=program,
        key=key,
        points=of.points,
        reward=of.reward,
        state=of.state,
        at=moment_of(of.at),
        until=time(of.until),
        left=of.left,
        lots=dict(of.parts),
        code=of.code,
        credit=of.gave,
    )


class AdjustmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Points that a person gives or takes: `state` is `pending`, `applied`, `refused` or `void`."""

    customer: str
    program: str
    key: str
    points: int
    reason: str
    by: str
    at: datetime
    state: str
    until: datetime | None
    decided_by: str | None
    decided_at: datetime | None


def adjustment_answer(done: Done) -> AdjustmentAnswer:
    """Give an adjustment as it is answered with."""
    if done.adjustment is None:
        raise NotFoundError(f"there is no adjustment {done.key}; send the key that adjusted")
    return _adjustment(done.customer, done.program, done.key, done.adjustment)


def _adjustment(customer: str, program: str, key: str, of: Adjustment) -> AdjustmentAnswer:
    return AdjustmentAnswer(
        customer=customer,
        program=program,
        key=key,
        points=of.points,
        reason=of.reason,
        by=of.by,
        at=moment_of(of.at),
        state=of.state,
        until=time(of.until),
        decided_by=of.decided_by,
        decided_at=time(of.decided_at),
    )


class MovementAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of a period, what it changed, and what the member had after it."""

    at: datetime
    key: str
    kind: str
    change: int
    total: int
    reason: str | None
    gives: str | None
    shortfall: int
    by: str | None


class StatementAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A period: what the member had, what moved, what was left. Opening and changes give closing."""

    from_: datetime = msgspec.field(name="from")
    to: datetime
    opening: Holdings
    movements: list[MovementAnswer]
    by_kind: dict[str, int]
    closing: Holdings


def statement_answer(of: Statement) -> StatementAnswer:
    """Give a statement as it is answered with."""
    return StatementAnswer(
        from_=moment_of(of.start),
        to=moment_of(of.end),
        opening=of.opening,
        movements=[
            MovementAnswer(
                at=moment_of(one.posting.at),
                key=one.posting.key,
                kind=one.posting.kind,
                change=one.change,
                total=one.total,
                reason=one.posting.reason,
                gives=one.posting.gives,
                shortfall=one.posting.shortfall,
                by=one.posting.by,
            )
            for one in of.movements
        ],
        by_kind=of.by_kind,
        closing=of.closing,
    )


class PointsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has in a program. `lots` are those of which something is left.

    `adjustments` come with how they were decided, the newest first; `credits` is money that redemptions
    gave, by currency; `statement` is there where a period was named.
    """

    customer: str
    program: str
    as_of: datetime
    balance: BalanceAnswer
    tier: TierAnswer
    credits: dict[str, Decimal]
    lots: list[LotAnswer]
    reservations: list[RedemptionAnswer]
    adjustments: list[AdjustmentAnswer]
    postings: Page[PostingAnswer]
    statement: StatementAnswer | None


def points_answer(
    held: Held, postings: Page[PostingAnswer], statement: StatementAnswer | None
) -> PointsAnswer:
    """Give what a member has as it is answered with."""
    book, tier = held.book, held.progress
    return PointsAnswer(
        customer=held.customer,
        program=held.program,
        as_of=moment_of(held.at),
        balance=BalanceAnswer(
            held.balance.available, held.balance.pending, held.balance.reserved, held.balance.debt
        ),
        tier=TierAnswer(
            tier=tier.tier,
            qualifying=tier.qualifying,
            period_starts=_day(tier.period_starts),
            period_ends=_day(tier.period_ends),
            grace_until=_day(tier.grace_until),
            keeps=tier.keeps,
            next=tier.next,
            missing=tier.missing,
        ),
        credits=book.credits,
        lots=[
            LotAnswer(
                key=lot.key,
                points=lot.points,
                earned_at=moment_of(lot.earned_at),
                matures_at=time(lot.matures_at),
                expires_at=time(lot.expires_at),
                pending=lot.pending,
                available=lot.available,
                reserved=lot.reserved,
                redeemed=lot.redeemed,
                expired=lot.expired,
                reversed=lot.reversed,
            )
            for lot in book.lots
            if lot.left
        ],
        reservations=[
            _redemption(held.customer, held.program, key, one)
            for key, one in book.redemptions.items()
            if one.state == "reserved"
        ],
        adjustments=[
            _adjustment(held.customer, held.program, key, one)
            for key, one in reversed(book.adjustments.items())
        ],
        postings=postings,
        statement=statement,
    )


def _day(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)


class BreakageAnswer(msgspec.Struct, frozen=True):
    """Points that expired, of those of closed lots; `share` is null where no lot is closed."""

    expired: int
    points: int
    share: Decimal | None


class LiabilityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a program owes: `outstanding` x `cost_per_point` x `redemption_rate`, with all of them.

    `rate_from` is `written` or `observed`; `reason` tells why there is no figure.
    """

    program: str
    as_of: datetime
    definition: str
    outstanding: int
    pending: int
    available: int
    reserved: int
    debt: int
    cost_per_point: Decimal | None
    currency: str | None
    redemption_rate: Decimal | None
    rate_from: str | None
    liability: Decimal | None
    reason: str | None
    breakage: BreakageAnswer


def liability_answer(program: str, of: Liability, now: Micros) -> LiabilityAnswer:
    """Give what a program owes as it is answered with."""
    return LiabilityAnswer(
        program=program,
        as_of=moment_of(now),
        definition="outstanding points x cost per point x redemption rate",
        outstanding=of.outstanding,
        pending=of.pending,
        available=of.available,
        reserved=of.reserved,
        debt=of.debt,
        cost_per_point=of.cost_per_point,
        currency=of.currency,
        redemption_rate=of.redemption_rate,
        rate_from=of.rate_from,
        liability=of.liability,
        reason=of.reason,
        breakage=BreakageAnswer(of.breakage.expired, of.breakage.points, of.breakage.share),
    )
