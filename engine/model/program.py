"""Loyalty programs: earning, tiers, expiry, rewards."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks, Subject
from engine.model.rule import Key
from engine.model.testcase import TestCase
from engine.model.values import Duration, Formula, Money, Percent, Period, Value


class ReversedBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What takes earned points back: `less` says which property of the first shrinks by how much."""

    event: str
    match: Key
    less: dict[str, Formula] = {}


class Earn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How points are earned; the expression is floored to whole points."""

    when: str
    points: Formula
    where: Formula | None = None
    pending_for: Duration | None = None
    expire: Duration | None = None
    reversed_by: ReversedBy | None = None


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier begins at so many qualifying points of the period."""

    from_: Decimal = msgspec.field(name="from")


class Redeem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What points buy: `gives` a coupon, a credit, what a webhook delivers, or an event."""

    reward: str
    points: int
    gives: dict[str, Value]


class Adjust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people may give and take by hand.

    More points than `approve_above` wait for another person, and are void after `void_after`; more than
    `limit` nobody gives or takes. Points that are given expire as `expire` says.
    """

    approve_above: int = 0
    limit: int | None = None
    void_after: Duration = Duration(7, "d")
    expire: Duration | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What points cost: a point that is redeemed, and the share of points that are."""

    cost_per_point: Money
    redemption_rate: Percent | None = None


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loyalty program; gives customer.tier and customer.points.

    `warn` is how long before a tier falls or points expire that is told, `grace` how long a tier outlives
    its period, `reserve` how long points are set aside that nobody commits.
    """

    MARKS: ClassVar[Marks] = (("program",),)
    id: str = msgspec.field(name="program")
    owner: str | None = None
    description: str | None = None
    on: Subject = "person"
    earn: tuple[Earn, ...]
    tiers: dict[str, Tier]
    period: Period = Period(12)
    downgrade: Literal["one_down", "by_points", "never"] = "one_down"
    grace: Duration | None = None
    warn: Duration | None = None
    refund: Literal["only_pending", "within_balance", "unlimited"] = "within_balance"
    redeem: tuple[Redeem, ...] = ()
    reserve: Duration = Duration(15, "m")
    adjust: Adjust = Adjust()
    liability: Cost | None = None
    tests: tuple[TestCase, ...] = ()
