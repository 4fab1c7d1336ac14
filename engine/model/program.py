"""Loyalty programs: earning, tiers, expiry, rewards."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks, Subject
from engine.model.rule import Key
from engine.model.testcase import TestCase
from engine.model.values import Duration, Formula, Period, Value


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
    """What points buy."""

    reward: str
    points: int
    gives: dict[str, Value]


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loyalty program; gives customer.tier and customer.points."""

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
    tests: tuple[TestCase, ...] = ()
