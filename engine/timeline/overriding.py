"""Overriding: a person sets a customer's score by hand for a while, or ends that before its time."""

from __future__ import annotations

from decimal import Decimal

from engine.customers.event import Event
from engine.customers.kinds import parse_time
from engine.model.actions import BuiltInEvent
from engine.scores import band
from engine.scores.band import ScoreState
from engine.timeline.moment import Moment

OVERRIDDEN = BuiltInEvent.SCORE_OVERRIDDEN.value
ENDED = BuiltInEvent.SCORE_OVERRIDE_ENDED.value
EVENTS = frozenset((OVERRIDDEN, ENDED))


def note(moment: Moment, event: Event) -> None:
    """Keep what a person decided about a score; the evaluation that follows takes it in.

    Only an operator's events count, and only of a score that there is for such customers.
    """
    properties, scores = event.properties, moment.member.standing.scores
    score = str(properties.get("score"))
    if event.cause != "operator" or all(one.score.id != score for one in moment.desk.scores):
        return
    state = scores.get(score)
    if state is None:
        state = scores[score] = ScoreState()
    if event.name == ENDED:
        band.end_override(state, moment.now)
        return
    band.override(
        state,
        Decimal(properties["value"]),
        str(properties["by"]),
        str(properties["reason"]),
        parse_time(properties["until"]),
    )
