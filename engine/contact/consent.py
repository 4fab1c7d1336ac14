"""Whether a customer may and can be reached on a channel: consent, address, suppression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.contact.log import EVERY_CHANNEL, ContactLog
from engine.contact.suppressions import AddressLookup, nowhere
from engine.model.policy import ContactPolicy
from engine.model.reasons import Refusal, SkipReason, SuppressionReason
from engine.model.workflow import MessageClass

ADDRESSES = {"email": "email", "sms": "phone"}
"""The fact that holds the address of a channel; any other channel's is the fact of its own name."""

UNSUBSCRIBED = SuppressionReason.UNSUBSCRIBED.value
"""The one reason of a suppression that stops class marketing only."""

_REFUSALS = {
    SkipReason.CONSENT: Refusal.CONSENT,
    SkipReason.ADDRESS: Refusal.ADDRESS,
    SkipReason.SUPPRESSED: Refusal.SUPPRESSED,
}


def fact_of(policy: ContactPolicy, channel: str, purpose: str | None) -> str | None:
    """Give the fact that consent to a channel stands on, for a purpose where it has several.

    None where the policy asks for none. Raises LookupError for a purpose that the policy does not know.
    """
    asked = policy.consent.get(channel)
    if asked is None or isinstance(asked, str):
        return asked
    if purpose not in asked:
        raise LookupError(f"there is no consent to {channel} for {purpose}")
    return asked[purpose]


def consent_facts(policy: ContactPolicy) -> dict[str, list[tuple[str, str | None]]]:
    """Give the facts that consent stands on, each with the channels and purposes that it opens."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for channel, asked in policy.consent.items():
        for purpose, fact in ((None, asked),) if isinstance(asked, str) else asked.items():
            found.setdefault(fact, []).append((channel, purpose))
    return found


def consents(
    policy: ContactPolicy,
    class_: MessageClass,
    channel: str,
    facts: Mapping[str, Any],
    purpose: str | None = None,
) -> bool:
    """Tell whether a channel may carry the class, for a purpose.

    Only marketing asks for consent: the fact that the policy names for the channel (and purpose) must be
    true; unknown is no consent, and so is a purpose that the policy does not know. A channel for which
    the policy names no fact asks for none.
    """
    if class_ != "marketing":
        return True
    try:
        fact = fact_of(policy, channel, purpose)
    except LookupError:
        return False
    return fact is None or facts.get(fact) is True


def address(channel: str, facts: Mapping[str, Any]) -> str | None:
    """Give the customer's address on a channel, None where there is none."""
    value = facts.get(ADDRESSES.get(channel, channel))
    return value if isinstance(value, str) and value.strip() else None


def suppression(
    log: ContactLog, class_: MessageClass, channel: str, purpose: str | None = None
) -> str | None:
    """Give why the customer is suppressed on a channel for the class, None where they are not.

    What they unsubscribed from stops marketing only, and for one purpose where they said so.
    """
    scopes = [channel, EVERY_CHANNEL, *([scope_of(channel, purpose)] if purpose is not None else [])]
    for scope in scopes:
        reason = log.suppressed.get(scope)
        if reason is not None and (class_ == "marketing" or reason != UNSUBSCRIBED):
            return reason
    return None


def scope_of(channel: str | None, purpose: str | None) -> str:
    """Give what a customer's suppression is kept under: a channel, all of them, or a purpose on one."""
    return (channel or EVERY_CHANNEL) + (f"/{purpose}" if purpose is not None else "")


def unreachable_on(
    policy: ContactPolicy,
    class_: MessageClass,
    channel: str,
    log: ContactLog,
    facts: Mapping[str, Any],
    purpose: str | None = None,
    suppressed: AddressLookup = nowhere,
) -> SkipReason | None:
    """Give the first of consent, address and suppression that forbids a message, None where none does.

    `suppressed` tells why nothing is sent on a channel to an address, whoever has it.
    """
    if not consents(policy, class_, channel, facts, purpose):
        return SkipReason.CONSENT
    to = address(channel, facts)
    if to is None:
        return SkipReason.ADDRESS
    if suppression(log, class_, channel, purpose) is not None or suppressed(channel, to) is not None:
        return SkipReason.SUPPRESSED
    return None


def refusal(
    policy: ContactPolicy,
    class_: MessageClass,
    ways: Iterable[tuple[str, str | None]],
    log: ContactLog,
    facts: Mapping[str, Any],
    suppressed: AddressLookup = nowhere,
) -> Refusal | None:
    """Give why a run must not start: on none of its ways to the customer, (channel, purpose), may it go.

    None where one is open, or where the workflow sends the customer nothing.
    """
    found = [
        unreachable_on(policy, class_, channel, log, facts, purpose, suppressed) for channel, purpose in ways
    ]
    if not found or None in found:
        return None
    return next(_REFUSALS[reason] for reason in found if reason is not None)
