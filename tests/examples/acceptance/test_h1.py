"""H1: a health score from its parts, what it covers, what a failed source does to it, and how it fades."""

from decimal import Decimal

import pytest

from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  usage: {type: number}
  support: {type: number}
  survey: {type: number}
  renewal: {type: number}
  answer: {last: score, of: survey_answered}
"""
HEALTH = """
score: health
parts:
  usage:   {weight: 40, is: customer.usage / 100}
  support: {weight: 20, is: customer.support / 100}
  survey:  {weight: 20, is: customer.survey / 100}
  renewal: {weight: 20, is: customer.renewal / 100}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
coverage: 60%
"""
ODD_WEIGHTS = """
score: health
parts:
  usage:   {weight: 7, is: customer.usage / 100}
  support: {weight: 5, is: customer.support / 100}
  survey:  {weight: 8, is: customer.survey / 100}
  renewal: {weight: 3, is: customer.renewal / 100}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
coverage: 60%
"""
FADING = """
score: health
parts:
  survey: {weight: 1, is: customer.answer / 100}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
coverage: 60%
half_life: 90d
"""


def scored(score: str, **traits: object) -> VirtualEngine:
    engine = VirtualEngine(FACTS, score)
    engine.identify("2026-03-02 10:00", **traits)
    return engine


def health(engine: VirtualEngine) -> tuple[Decimal | None, str, str]:
    """The score to two places, the share that it covers, and the band."""
    state = engine.member().standing.scores["health"]
    value = None if state.value is None else round(state.value, 2)
    return value, f"{state.coverage:.2f}", state.band


def test_h1_a_missing_part_is_left_out() -> None:
    # usage 40% = 80, support 20% = 50, survey 20% missing, renewal 20% = 90
    engine = scored(HEALTH, usage=80, support=50, renewal=90)
    assert health(engine) == (Decimal("75.00"), "0.80", "green")


def test_h1_too_little_coverage_is_unknown_and_never_green() -> None:
    engine = scored(HEALTH, support=50, renewal=90)
    assert health(engine) == (None, "0.40", "unknown")
    facts = engine.facts("2026-03-02 12:00")
    assert (facts["health"], facts["health_band"]) == (None, None)


def test_h1_weights_need_not_add_up_to_a_hundred() -> None:
    # 7/5/8/3 with 83/71/78/54
    engine = scored(ODD_WEIGHTS, usage=83, support=71, survey=78, renewal=54)
    assert health(engine) == (Decimal("74.87"), "1.00", "green")


def test_h1_a_failed_source_keeps_the_last_value_and_never_raises_the_score() -> None:
    # given a score of 75 of which usage gives 80
    engine = scored(HEALTH, usage=80, support=50, renewal=90)
    # when the source of usage fails
    engine.receive("2026-03-03 10:00", "source_failed", facts=["usage"], reason="timeout")
    # then its last value stays, marked stale
    assert health(engine) == (Decimal("75.00"), "0.80", "green")
    engine.until("2026-03-20 10:00")
    assert health(engine) == (Decimal("75.00"), "0.80", "green")
    # and it counts again as soon as it sends again
    engine.identify("2026-03-21 10:00", usage=40)
    assert health(engine) == (Decimal("55.00"), "0.80", "amber")


@pytest.mark.parametrize(
    ("at", "value"),
    [("2026-04-16 10:00", "78.3"), ("2026-05-31 10:00", "70.0"), ("2026-08-29 10:00", "60.0")],
    ids=["45 days", "90 days", "180 days"],
)
def test_h1_an_answer_fades_by_half_in_90_days(at: str, value: str) -> None:
    # given an answer of 90 on 2 March
    engine = VirtualEngine(FACTS, FADING)
    engine.receive("2026-03-02 10:00", "survey_answered", score=90)
    assert health(engine)[0] == Decimal("90.00")
    # when the score is read so long after it, at an event that does not touch it
    engine.receive(at, "page_viewed")
    # then it has faded towards 50
    state = engine.member().standing.scores["health"]
    assert state.value is not None
    assert f"{state.value:.1f}" == value
