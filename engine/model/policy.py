"""Contact policy: quiet hours, caps, consent, groups, ranks, budgets, holdout, ceiling."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks
from engine.model.testcase import TestCase
from engine.model.values import AtMost, BudgetLimit, Ceiling, Duration, Hours, Percent
from engine.model.workflow import MessageClass


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours in which a class is not sent; what is held longer than `at_most` is skipped."""

    marketing: Hours | None = None
    service: Hours | None = None
    transactional: Hours | None = None
    in_: Literal["customer time", "workspace time"] = msgspec.field(name="in", default="customer time")
    on_quiet: Literal["hold", "skip"] = "hold"
    at_most: Duration = Duration(72, "h")


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many messages of a class (and channel) a customer gets."""

    class_: MessageClass = msgspec.field(name="class")
    channel: str | None = None
    at_most: AtMost
    window: Literal["rolling", "calendar"] = "rolling"
    on_capped: Literal["skip", "hold", "stop"] = "skip"


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action may spend: all together, each customer, or each workflow for itself."""

    of: str
    at_most: BudgetLimit
    per: Literal["customer", "workflow"] | None = None


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The facts that hold the customer's own wishes, which go before the workspace's.

    `channel` names the preferred channel, `at_most` how often they want marketing, as `1 per week`.
    `on_other` says what becomes of a marketing message that exists on another channel only.
    """

    channel: str | None = None
    at_most: str | None = None
    on_other: Literal["send", "skip"] = "send"


class ContactPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How customers may be contacted; decided again at the moment of sending.

    `consent` gives for a channel the fact that must be true, or one for each purpose.
    """

    quiet_hours: QuietHours | None = None
    zone_unknown: Literal["workspace"] | tuple[str, ...] = "workspace"
    caps: tuple[Cap, ...] = ()
    consent: dict[str, str | dict[str, str]] = {}
    preferences: Preferences = Preferences()
    groups: dict[str, tuple[str, ...]] = {}
    order: tuple[str, ...] = ()
    arbitrate_within: Duration | None = None
    budgets: dict[str, Budget] = {}
    global_holdout: Percent = Percent(Decimal(0))
    ceiling: Ceiling | None = None


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one policy file of a workspace."""

    MARKS: ClassVar[Marks] = (("policy",),)
    policy: ContactPolicy
    owner: str | None = None
    description: str | None = None
    tests: tuple[TestCase, ...] = ()
