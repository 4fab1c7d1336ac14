"""H2: a noisy score around the threshold; hysteresis and dwell keep it from flapping."""

import random
from math import sqrt

from engine.expressions import Outcome
from engine.model.segment import Segment
from engine.model.values import DAY, Duration, Formula
from engine.segments.membership import Membership, step

BARE = Segment(id="bare", enter_if=Formula("customer.health < 40"))
STEADY = Segment(
    id="steady",
    enter_if=Formula("customer.health < 40"),
    leave_if=Formula("customer.health >= 50"),
    held_for=Duration(3, "d"),
)
YEARS = 200
CORRELATION, DEVIATION, MEAN = 0.7, 5.0, 45.0


def daily_scores(chance: random.Random) -> list[float]:
    """One customer-year of an AR(1) series whose values have the mean and deviation above."""
    fresh = DEVIATION * sqrt(1 - CORRELATION**2)
    scores = [MEAN + chance.gauss(0, DEVIATION)]
    for _ in range(364):
        scores.append(MEAN + CORRELATION * (scores[-1] - MEAN) + chance.gauss(0, fresh))
    return scores


def entries(segment: Segment, scores: list[float]) -> int:
    member = Membership()
    changes = []
    for day, score in enumerate(scores, 1):
        entering = Outcome.MET if score < 40 else Outcome.NOT_MET
        leaving = Outcome.MET if score >= 50 else Outcome.NOT_MET
        changes.append(step(segment, member, entering, leaving if segment.leave_if else None, day * DAY, day))
    return changes.count("entered")


def test_h2_a_bare_threshold_flaps_and_a_steady_one_does_not() -> None:
    # given many customer-years of noise around 45
    chance = random.Random(20260105)
    years = [daily_scores(chance) for _ in range(YEARS)]
    # when they are judged by `< 40` alone, and by 40/50 held for three days
    bare = sum(entries(BARE, scores) for scores in years) / YEARS
    steady = sum(entries(STEADY, scores) for scores in years) / YEARS
    # then the first enters about 27 times a year, the second at most 6
    assert 20 <= bare <= 34
    assert 0 < steady <= 6
