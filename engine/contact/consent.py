"""Whether a customer may and can be reached on a channel: consent, address, suppression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.contact.log import EVERY_CHANNEL, ContactLog
from engine.model.policy import ContactPolicy
from engine.model.reasons import Refusal, SkipReason
from engine.model.workflow import MessageClass

ADDRESSES = {"email": "email", "sms": "phone"}
"""The fact that holds the address of a channel; any other channel's is the fact of its own name."""

UNSUBSCRIBED = "unsubscribed"
"""The one reason of a suppression that stops class marketing only."""

_REFUSALS = {
    SkipReason.CONSENT: Refusal.CONSENT,
    SkipReason.ADDRESS: Refusal.ADDRESS,
    SkipReason.SUPPRESSED: Refusal.SUPPRESSED,
}


def consents(policy: ContactPolicy, class_: MessageClass, channel: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether a channel may carry the class.

    Only marketing asks for consent: the fact that the policy names for the channel must be true; unknown
    is no consent. A channel for which the policy names no fact asks for none.
    """
    fact = policy.consent.get(channel)
    return class_ != "marketing" or fact is None or facts.get(fact) is True


def address(channel: str, facts: Mapping[str, Any]) -> str | None:
    """Give the customer's address on a channel, None where there is none."""
    value = facts.get(ADDRESSES.get(channel, channel))
    return value if isinstance(value, str) and value.strip() else None


def suppression(log: ContactLog, class_: MessageClass, channel: str) -> str | None:
    """Give why the channel is suppressed for the class, None where it is not."""
    for scope in (channel, EVERY_CHANNEL):
        reason = log.suppressed.get(scope)
        if reason is not None and (class_ == "marketing" or reason != UNSUBSCRIBED):
            return reason
    return None


def unreachable_on(
    policy: ContactPolicy, class_: MessageClass, channel: str, log: ContactLog, facts: Mapping[str, Any]
) -> SkipReason | None:
    """Give the first of consent, address and suppression that forbids a message, None where none does."""
    if not consents(policy, class_, channel, facts):
        return SkipReason.CONSENT
    if address(channel, facts) is None:
        return SkipReason.ADDRESS
    if suppression(log, class_, channel) is not None:
        return SkipReason.SUPPRESSED
    return None


def refusal(
    policy: ContactPolicy,
    class_: MessageClass,
    channels: Iterable[str],
    log: ContactLog,
    facts: Mapping[str, Any],
) -> Refusal | None:
    """Give why a run must not start: none of the channels it sends to the customer on can reach them.

    None where one can, or where the workflow sends the customer nothing.
    """
    found = [unreachable_on(policy, class_, channel, log, facts) for channel in channels]
    if not found or None in found:
        return None
    return next(_REFUSALS[reason] for reason in found if reason is not None)
