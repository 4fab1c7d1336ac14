"""Suppressing: what events say of who is not to be written to any more, or may be again."""

from __future__ import annotations

from typing import Any

from engine.contact.consent import UNSUBSCRIBED, address, scope_of
from engine.contact.log import EVERY_CHANNEL
from engine.contact.suppressions import Suppression, address_key
from engine.customers.event import Event
from engine.model.actions import BuiltInEvent
from engine.model.reasons import SuppressionReason
from engine.runs.changes import Allowed
from engine.timeline.moment import Moment


def heed(moment: Moment, event: Event) -> None:
    """Keep what an event says of reaching the customer.

    A hard bounce is the address's, whoever has it, and leaves the customer free to be written to at
    another one; a complaint is the address's and the customer's; the rest is the customer's.
    """
    told = event.properties
    channel, purpose = _text(told, "channel"), _text(told, "purpose")
    stage = moment.stage
    match event.name:
        case BuiltInEvent.MESSAGE_BOUNCED.value if told.get("type", "hard") != "soft":
            if not _address(moment, event, channel, SuppressionReason.HARD_BOUNCE.value):
                stage.suppress(channel, SuppressionReason.HARD_BOUNCE.value, source=event.source)
        case BuiltInEvent.MESSAGE_COMPLAINED.value:
            _address(moment, event, channel, SuppressionReason.COMPLAINT.value)
            stage.suppress(channel, SuppressionReason.COMPLAINT.value, source=event.source)
        case BuiltInEvent.UNSUBSCRIBED.value:
            stage.suppress(channel, UNSUBSCRIBED, source=event.source, purpose=purpose)
        case BuiltInEvent.CONTACT_SUPPRESSED.value:
            reason = _text(told, "reason") or SuppressionReason.OPERATOR.value
            by, note = _text(told, "by"), _text(told, "note")
            stage.suppress(channel, reason, source=event.source, by=by, note=note)
        case BuiltInEvent.CONTACT_ALLOWED.value:
            by, note = _text(told, "by") or event.source, _text(told, "note") or ""
            _allow(moment, channel or EVERY_CHANNEL, by, note)
        case BuiltInEvent.CONSENT_RECORDED.value if told.get("granted") is True:
            # Who asks to hear from us again takes back what they said before, and nothing else.
            for scope in {scope_of(channel, None), scope_of(channel, purpose)}:
                if moment.member.standing.contact.suppressed.get(scope) == UNSUBSCRIBED:
                    _allow(moment, scope, _text(told, "by") or event.source, "consent was given again")


def _allow(moment: Moment, scope: str, by: str, note: str) -> None:
    log = moment.member.standing.contact
    log.suppressed = {name: reason for name, reason in log.suppressed.items() if name != scope}
    moment.changes.allowed.append(
        Allowed(customer=moment.member.id, scope=scope, at=moment.now, by=by, note=note)
    )
    moment.forget()


def _address(moment: Moment, event: Event, channel: str | None, reason: str) -> bool:
    """Suppress the address that an event is about; False where it is not known which."""
    if channel is None:
        return False
    to = _text(event.properties, "address") or address(channel, moment.facts())
    if to is None:
        return False
    moment.world.suppressions.add(channel, to, reason)
    moment.changes.suppressions.append(
        Suppression(
            scope="address", target=address_key(channel, to), channel=channel, reason=reason, at=moment.now,
            source=event.source,
        )
    )  # fmt: skip
    return True


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    return None if value is None or value == "" else str(value)
