"""One customer's membership of one segment, stepped at every evaluation."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from engine.expressions import Outcome
from engine.model.segment import Segment
from engine.model.values import Day, Micros
from engine.segments.dwell import Count, broke, held, long_enough, reached_at

Change: TypeAlias = Literal["entered", "left"]


class Membership(msgspec.Struct, array_like=True):
    """Whether a customer is inside, since when, and how far the count towards entering is.

    `since` is the instant of the last change (valid-from of the present state), None before the first.
    """

    inside: bool = False
    since: Micros | None = None
    count: Count = msgspec.field(default_factory=Count)


def step(
    segment: Segment, member: Membership, entering: Outcome, leaving: Outcome | None, now: Micros, day: Day
) -> Change | None:
    """Evaluate once: change `member` in place and say what changed, None where nothing did.

    `entering` is the outcome of `enter_if`, `leaving` of `leave_if` (None where it is not written: then
    the customer leaves when `enter_if` is not met). Entering waits for `held_for`, leaving does not;
    unknown and error neither enter nor leave, but start the count anew. `day` is the day of `now` in the
    workspace's zone. Evaluations come in the order of time.
    """
    if segment.static:
        return None
    if member.inside:
        left = entering is Outcome.NOT_MET if leaving is None else leaving is Outcome.MET
        if not left:
            return None
        broke(member.count, day)
        return place(member, inside=False, now=now)
    if entering is not Outcome.MET:
        broke(member.count, day)
        return None
    held(member.count, now, day)
    if not long_enough(member.count, segment.held_for, now, day):
        return None
    member.count = Count()
    return place(member, inside=True, now=now)


def place(member: Membership, inside: bool, now: Micros) -> Change | None:
    """Put a customer inside or outside, as actions and the API do on a static list; None: was there."""
    if member.inside == inside:
        return None
    member.inside = inside
    member.since = now
    return "entered" if inside else "left"


def next_due(segment: Segment, member: Membership) -> Micros | None:
    """Give the instant at which the segment asks to be evaluated again, besides events and midnights."""
    if segment.static or member.inside:
        return None
    return reached_at(member.count, segment.held_for)
