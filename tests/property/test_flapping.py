"""H2: a noisy score around the threshold; hysteresis and dwell keep it from flapping."""

import random
from math import sqrt

from engine.expressions import Outcome
from engine.model.segment import Segment
from engine.model.values import DAY, Duration, Formula
from engine.segments.membership import Membership, step
from tests.virtual_engine import VirtualEngine

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
    assert 25 <= bare <= 29
    assert 0 < steady <= 6


YAML = (
    "facts:\n  health: {type: number}\n",
    "segment: bare\nenter_if: customer.health < 40\n",
    "segment: steady\nenter_if: customer.health < 40\nleave_if: customer.health >= 50\nheld_for: 3d\n",
)


def test_h2_the_same_as_it_is_written_and_played() -> None:
    # given forty customer-years of the same noise, sent day by day
    chance, engine, customers = random.Random(20260105), VirtualEngine(*YAML), 40
    noise = {f"c{number}": daily_scores(chance) for number in range(customers)}
    start = engine.at("2026-01-01 06:00")
    for day in range(365):
        at = f"{engine.day_of(start + day * DAY)} 06:00"
        for customer, scores in noise.items():
            engine.identify(at, customer, health=round(scores[day], 2))
    # then the segments as they are written do what the numbers say
    entered = [one.segment for one in engine.simulation.changes.memberships if one.inside]
    assert 25 <= entered.count("bare") / customers <= 29
    assert 0 < entered.count("steady") / customers <= 6
