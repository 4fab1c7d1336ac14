"""What a customer was sent and is suppressed for: the memory of caps, ceiling and rank."""

from __future__ import annotations

import msgspec

from engine.model.policy import ContactPolicy
from engine.model.values import DAY, HOUR, Micros
from engine.model.workflow import MessageClass

EVERY_CHANNEL = "*"

LONGEST_CADENCE: Micros = 31 * DAY
"""The longest span over which a customer may say how often they want to hear from us."""


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """One message to the customer, sent or (while `reserved`) about to be.

    `rank` is its workflow's place in the policy's order, 0 being the highest.
    """

    at: Micros
    class_: MessageClass
    channel: str
    workflow: str
    rank: int
    effect_key: str
    reserved: bool = False


class ContactLog(msgspec.Struct, omit_defaults=True):
    """The messages that caps, ceiling and rank may still count, and why a channel is suppressed.

    `suppressed` is by channel, `*` standing for all of them.
    """

    sends: list[Sent] = []
    suppressed: dict[str, str] = {}

    def others(self, effect_key: str) -> list[Sent]:
        """Give the messages besides that of an effect: a reservation is no obstacle to itself."""
        return [sent for sent in self.sends if sent.effect_key != effect_key]


def reserve(log: ContactLog, sent: Sent) -> None:
    """Take a place under the caps for an effect before it goes out; again for the same effect: once."""
    log.sends = [*log.others(sent.effect_key), msgspec.structs.replace(sent, reserved=True)]


def settle(log: ContactLog, effect_key: str, at: Micros) -> None:
    """Turn a reservation into a message sent at an instant."""
    log.sends = [
        msgspec.structs.replace(sent, at=at, reserved=False) if sent.effect_key == effect_key else sent
        for sent in log.sends
    ]


def release(log: ContactLog, effect_key: str) -> None:
    """Give a reservation back: the message was refused, skipped or cancelled."""
    log.sends = [sent for sent in log.sends if sent.effect_key != effect_key or not sent.reserved]


def suppress(log: ContactLog, channel: str | None, reason: str) -> None:
    """Stop contacting the customer on a channel, on all of them without one."""
    log.suppressed = {**log.suppressed, channel or EVERY_CHANNEL: reason}


def prune(policy: ContactPolicy, log: ContactLog, now: Micros) -> None:
    """Forget the messages that nothing in the policy can count any more; reservations stay."""
    oldest = now - _memory(policy)
    log.sends = [sent for sent in log.sends if sent.reserved or sent.at > oldest]


def _memory(policy: ContactPolicy) -> Micros:
    windows = [cap.at_most.per.micros for cap in policy.caps]
    windows += [DAY] if policy.ceiling else []
    windows += [policy.arbitrate_within.micros] if policy.arbitrate_within else []
    windows += [LONGEST_CADENCE] if policy.preferences.at_most else []
    # A calendar day lasts up to 25 hours, and the customer's may begin before the workspace's.
    return max(windows, default=0) + DAY + 2 * HOUR
