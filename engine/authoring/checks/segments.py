"""Segments: dynamic by conditions, or static lists."""

from __future__ import annotations

from engine.authoring.checks.expressions import condition, customer, lines
from engine.authoring.draft import Draft
from engine.model.segment import Segment

LONGEST_DWELL = 366


def check(draft: Draft) -> None:
    """Check every segment."""
    for segment in draft.workspace.segments.values():
        _segment(draft, segment)


def _segment(draft: Draft, segment: Segment) -> None:
    scope = customer(draft, segment.on)
    condition(draft, segment.enter_if, scope)
    condition(draft, segment.leave_if, scope)
    conditional = [key for key in ("enter_if", "leave_if", "held_for") if getattr(segment, key) is not None]
    if segment.static and conditional:
        draft.say(
            segment,
            conditional[0],
            code="static-with-condition",
            message="a static segment has no conditions",
            hint="take static out, or the conditions",
            at_key=True,
        )
    elif not segment.static and segment.enter_if is None and not draft.origins.failed(segment, "static"):
        draft.say(
            segment,
            "enter_if",
            code="missing-key",
            message="needs `enter_if:`",
            hint="write who is in it, or static: yes",
        )
    if segment.held_for is not None and (segment.held_for.days or 0) > LONGEST_DWELL:
        draft.say(
            segment,
            "held_for",
            code="too-long",
            message="nobody waits that long to enter",
            hint=f"write at most {LONGEST_DWELL}d",
        )
    for key in ("enter_if", "leave_if"):
        written = getattr(segment, key)
        if written is not None and not list(lines(written)):
            draft.say(
                segment,
                key,
                code="empty-list",
                message="there is no condition here",
                hint="write one, or take the key out",
            )
