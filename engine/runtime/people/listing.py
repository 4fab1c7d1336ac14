"""Listing: people put customers into static segments, or take them out, each as an event of the customer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.authoring.wording import known_or
from engine.errors import NotFoundError, RequestError
from engine.model.actions import BuiltInEvent
from engine.runtime.people.recording import record
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Who was put into a segment and who was taken out; who was there, or was not, already is in neither.

    `unknown` are ids that no customer has; the others are not held up by them.
    """

    segment: str
    added: list[str]
    removed: list[str]
    unknown: list[str]


def assign(shell: Shell, segment: str, add: Sequence[str], remove: Sequence[str], by: str) -> Listed:
    """Change a static segment, all at once; `NotFoundError`, or `RequestError` where it is not static."""
    found = shell.ruleset.workspace.segments.get(segment)
    if found is None:
        raise NotFoundError(
            f"there is no segment {segment}; {known_or(segment, shell.ruleset.workspace.segments)}"
        )
    if not found.static:
        raise RequestError(
            f"who is in {segment} is decided by its conditions; name a segment with `static: yes`",
            code="not_static",
        )
    both = sorted(set(add) & set(remove))
    if both:
        raise RequestError(f"{both[0]} is to be added and removed; send it in one of the two lists")
    with open_turn(shell) as turn:
        turn.hold([*add, *remove])
        turn.come_after()
        goes_by = turn.writer.resolve([*add, *remove])
        unknown = [name for name in (*add, *remove) if turn.cast.find(goes_by[name]) is None]
        answer = Listed(
            segment=segment,
            added=[name for name in add if _put(turn, segment, goes_by[name], True, by)],
            removed=[name for name in remove if _put(turn, segment, goes_by[name], False, by)],
            unknown=unknown,
        )
        turn.result = answer
        return answer


def _put(turn: Turn, segment: str, customer: str, inside: bool, by: str) -> bool:
    member = turn.cast.find(customer)
    if member is None or (segment in member.standing.segments) is inside:
        return False
    said = {"segment": segment, "inside": inside, "by": by}
    record(turn, customer, BuiltInEvent.SEGMENT_ASSIGNED.value, said, segment)
    return True
