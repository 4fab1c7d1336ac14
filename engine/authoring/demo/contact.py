"""What was sent, read from the messages themselves and not from what the engine thought of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

import msgspec

from engine.model.values import DAY, Micros

WEEK = 7 * DAY


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a customer was sent."""

    customer: str
    at: Micros
    workflow: str
    class_: str = msgspec.field(name="class")
    channel: str
    message: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Messages by class and by name, and how many customers had any."""

    messages: int
    customers: int
    classes: dict[str, int]
    names: dict[str, int]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """How much anybody was sent at most, and what was not sent or was held, by reason."""

    most_marketing_in_7_days: int
    most_in_a_day: int
    skipped: dict[str, int]
    held: dict[str, int]


def sent(messages: Iterable[Message]) -> Sent:
    """Count messages."""
    known = list(messages)
    return Sent(
        messages=len(known),
        customers=len({one.customer for one in known}),
        classes=_counted(one.class_ for one in known),
        names=_counted(one.message for one in known),
    )


def contact(messages: Iterable[Message], skipped: Iterable[str], held: Iterable[str]) -> Contact:
    """Tell how close to its limits the contact policy came."""
    known = list(messages)
    marketing = [one for one in known if one.class_ == "marketing"]
    return Contact(
        most_marketing_in_7_days=most_within(marketing, WEEK),
        most_in_a_day=max(Counter((one.customer, one.at // DAY) for one in known).values(), default=0),
        skipped=_counted(skipped),
        held=_counted(held),
    )


def most_within(messages: Iterable[Message], length: Micros) -> int:
    """Give the most messages that one customer had in any span of a length."""
    times: dict[str, list[Micros]] = {}
    for one in messages:
        times.setdefault(one.customer, []).append(one.at)
    return max(
        (place + 1 - bisect_left(own, at - length + 1)
         for own in map(sorted, times.values()) for place, at in enumerate(own)),
        default=0,
    )  # fmt: skip


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
