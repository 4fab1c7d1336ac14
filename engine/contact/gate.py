"""The gate before every message: may this one go to this customer now?

Asked before every `do` and again at every attempt to send, each time with the policy, consent and
contact log of that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from engine.contact.arbitration import Rival, outranked_by
from engine.contact.budgets import overspent
from engine.contact.caps import capped, over_ceiling
from engine.contact.consent import unreachable_on
from engine.contact.log import ContactLog, Sent
from engine.contact.preferences import cadence, preferred_channel, wanted_again
from engine.contact.quiet import customer_zone, quiet_hold, zones_of
from engine.contact.suppressions import AddressLookup, nowhere
from engine.customers.zones import zone
from engine.model.policy import ContactPolicy
from engine.model.reasons import EndReason, HoldReason, SkipReason
from engine.model.values import Micros, Money
from engine.model.workflow import MessageClass


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be done.

    channel: email or sms for messages, None for effects that contact nobody.
    to_customer: False for a message to a person or role, which no customer's consent or cap concerns.
    purpose: what consent a marketing message stands on, where the policy tells purposes apart.
    due: when the `do` first came due; a hold is measured from it.
    worth: what it takes from the budgets of `action`; their check is left out where `reserved` says
    that this effect already holds its share of them.
    """

    workflow: str
    class_: MessageClass
    rank: int
    action: str
    effect_key: str
    due: Micros
    channel: str | None = None
    to_customer: bool = True
    purpose: str | None = None
    worth: Money | None = None
    reserved: bool = False

    def as_sent(self, at: Micros) -> Sent:
        """Give the entry of the contact log for a message; raises ValueError where there is no channel."""
        if self.channel is None:
            raise ValueError(f"{self.action} sends no message")
        return Sent(at, self.class_, self.channel, self.workflow, self.rank, self.effect_key)


class Verdict(msgspec.Struct, frozen=True):
    """Go, hold until an instant, skip this `do` and go on, or stop the run.

    `reason` is a value of `SkipReason`, `HoldReason` or (for stop) `EndReason`; `because` names the
    budget, the workflow that it lost to, or what the customer prefers.
    """

    kind: Literal["go", "hold", "skip", "stop"]
    reason: str | None = None
    until: Micros | None = None
    because: str | None = None


GO = Verdict("go")


def check(
    policy: ContactPolicy,
    timezone: str,
    attempt: Attempt,
    log: ContactLog,
    facts: Mapping[str, Any],
    rivals: Iterable[Rival],
    now: Micros,
    spent: Mapping[str, Decimal] | None = None,
    suppressed: AddressLookup = nowhere,
) -> Verdict:
    """Judge an attempt; the first of these that objects decides.

    Consent, address, suppression, preferred channel, quiet hours, cadence, caps, budgets, ceiling, rank.
    `timezone` is the workspace's, `facts` the customer's (email, phone, timezone and the facts of consent),
    `rivals` the customer's other marketing messages that are due or planned, `spent` what each budget's
    period took; `suppressed` tells of addresses, whoever has them.
    """
    message = attempt.channel if attempt.to_customer else None
    if message is not None:
        verdict = _reachable(policy, timezone, attempt, message, log, facts, now, suppressed)
        if verdict is not None:
            return verdict
    if not attempt.reserved:
        budget = overspent(policy, attempt.action, attempt.worth, spent or {})
        if budget is not None:
            return _skip(SkipReason.BUDGET, budget)
    if message is None:
        return GO
    others = log.others(attempt.effect_key)
    if over_ceiling(policy, others, zone(timezone), now):
        return _skip(SkipReason.CEILING)
    if attempt.class_ == "marketing":
        winner = outranked_by(policy, attempt.workflow, attempt.rank, others, rivals, now)
        if winner is not None:
            return _skip(SkipReason.OUTRANKED, winner)
    return GO


def _reachable(
    policy: ContactPolicy,
    timezone: str,
    attempt: Attempt,
    channel: str,
    log: ContactLog,
    facts: Mapping[str, Any],
    now: Micros,
    suppressed: AddressLookup,
) -> Verdict | None:
    reason = unreachable_on(policy, attempt.class_, channel, log, facts, attempt.purpose, suppressed)
    if reason is not None:
        return _skip(reason)
    marketing = attempt.class_ == "marketing"
    preferred = preferred_channel(policy, facts) if marketing else None
    if policy.preferences.on_other == "skip" and preferred not in (None, channel):
        return _skip(SkipReason.PREFERENCE, preferred)
    workspace = zone(timezone)
    until = quiet_hold(policy, attempt.class_, zones_of(policy, workspace, facts), now)
    if until is not None:
        return _quiet(policy, attempt, until)
    own, others = customer_zone(facts) or workspace, log.others(attempt.effect_key)
    asked = cadence(policy, facts) if marketing else None
    if asked is not None and wanted_again(asked, others, own, now) is not None:
        return _skip(SkipReason.CADENCE, f"{asked.times} per {asked.per}")
    reached = capped(policy, attempt.class_, channel, others, own, now)
    if reached is None:
        return None
    cap, free = reached
    if cap.on_capped == "hold":
        return Verdict("hold", HoldReason.FREQUENCY_CAP.value, free)
    if cap.on_capped == "stop":
        return Verdict("stop", EndReason.FREQUENCY_CAP.value)
    return _skip(SkipReason.FREQUENCY_CAP)


def _quiet(policy: ContactPolicy, attempt: Attempt, until: Micros) -> Verdict:
    quiet = policy.quiet_hours
    if quiet is None or quiet.on_quiet == "skip" or until - attempt.due > quiet.at_most.micros:
        return _skip(SkipReason.QUIET)
    return Verdict("hold", HoldReason.QUIET_HOURS.value, until)


def _skip(reason: SkipReason, because: str | None = None) -> Verdict:
    return Verdict("skip", reason.value, because=because)
