"""Frequency caps and the day's ceiling, counted from the contact log."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contact.log import Sent
from engine.customers.zones import Zone
from engine.model.policy import Cap, ContactPolicy
from engine.model.values import Micros
from engine.model.workflow import MessageClass


def free_at(cap: Cap, sends: Sequence[Sent], zone: Zone, now: Micros) -> Micros | None:
    """Give the instant from which the cap lets another message through, None where it does now.

    A rolling window is the elapsed length before `now`; a calendar one is whole days of the zone, today
    included, so `2 per 7d` looks at today and the six days before. Calendar windows in hours are rolling.
    """
    counted = sorted(
        sent.at
        for sent in sends
        if sent.class_ == cap.class_ and cap.channel in (None, sent.channel) and sent.at <= now
    )
    days = cap.at_most.per.days if cap.window == "calendar" else None

    def expires(at: Micros) -> Micros:
        if days is None:
            return at + cap.at_most.per.micros
        return zone.start_of_day(zone.day_of(at) + days)

    inside = [at for at in counted if expires(at) > now]
    return expires(inside[-cap.at_most.times]) if len(inside) >= cap.at_most.times else None


def capped(
    policy: ContactPolicy,
    class_: MessageClass,
    channel: str,
    sends: Sequence[Sent],
    zone: Zone,
    now: Micros,
) -> tuple[Cap, Micros] | None:
    """Give the cap that forbids a message longest and until when, None where none does.

    A cap that stops the run goes before one that skips, and that before one that holds.
    """
    reached = [
        (cap, until)
        for cap in policy.caps
        if cap.class_ == class_ and cap.channel in (None, channel)
        if (until := free_at(cap, sends, zone, now)) is not None
    ]
    strictness = {"stop": 2, "skip": 1, "hold": 0}
    return max(reached, key=lambda found: (strictness[found[0].on_capped], found[1]), default=None)


def over_ceiling(policy: ContactPolicy, sends: Sequence[Sent], zone: Zone, now: Micros) -> bool:
    """Tell whether the customer already got the day's ceiling of messages, of any class and channel."""
    if policy.ceiling is None:
        return False
    today = zone.day_of(now)
    return sum(1 for sent in sends if zone.day_of(sent.at) == today) >= policy.ceiling.messages
