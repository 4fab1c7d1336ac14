"""H1: a health score from its parts, what it covers, what a failed source does to it, and how it fades."""

from decimal import Decimal

import pytest

from engine.customers.event import Event
from engine.timeline.overriding import ENDED, OVERRIDDEN
from tests.virtual_engine import VirtualEngine, instant

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


def by_hand(engine: VirtualEngine, at: str, name: str, **properties: object) -> None:
    """A person decides about ana's score."""
    event = Event(
        source="operator", message_id=f"{name}-{at}", customer="ana", name=name, occurred_at=instant(at),
        received_at=instant(at), properties={"score": "health", "by": "sam@example.com", **properties},
        cause="operator",
    )  # fmt: skip
    engine.simulation.feed(event)


def overridden(engine: VirtualEngine, at: str, value: int, until: str) -> None:
    by_hand(engine, at, OVERRIDDEN, value=value, reason="Renewed by phone", until=until)


def test_h1_an_override_counts_until_1_july_and_then_what_is_computed() -> None:
    # given a computed score of 35 under an override of 90 until 1 July
    engine = scored(HEALTH, usage=20, support=50, renewal=50)
    assert health(engine) == (Decimal("35.00"), "0.80", "red")
    overridden(engine, "2026-03-02 12:00", 90, "2026-07-01T00:00:00Z")
    # then 90 counts, and both are kept
    assert health(engine) == (Decimal("90.00"), "0.80", "green")
    state = engine.member().standing.scores["health"]
    assert state.computed == 35
    assert state.override is not None
    assert (state.override.author, state.override.reason) == ("sam@example.com", "Renewed by phone")
    # and so on the last day, whatever else comes in
    engine.identify("2026-06-30 23:00", usage=40)
    assert health(engine) == (Decimal("90.00"), "0.80", "green")
    # when it is 1 July, then by itself the computed score returns, and with it the band
    engine.until("2026-07-01 00:00")
    assert health(engine) == (Decimal("45.00"), "0.80", "amber")
    assert [(one["from"], one["band"]) for one in engine.recorded("band_changed")] == [
        ("unknown", "red"),
        ("red", "green"),
        ("green", "amber"),
    ]


def test_h1_an_override_ends_when_a_person_says_so() -> None:
    engine = scored(HEALTH, usage=20, support=50, renewal=50)
    overridden(engine, "2026-03-02 12:00", 90, "2026-07-01T00:00:00Z")
    by_hand(engine, "2026-03-03 12:00", ENDED)
    assert health(engine) == (Decimal("35.00"), "0.80", "red")


def test_h1_an_override_survives_other_files_and_bends_no_trend() -> None:
    # given an override of 90 over a computed 35 that lasts two weeks
    engine = scored(HEALTH, usage=20, support=50, renewal=50)
    overridden(engine, "2026-03-05 12:00", 90, "2026-07-01T00:00:00Z")
    # when files change on the way
    engine = engine.release(
        "2026-03-12 12:00", FACTS, HEALTH, "segment: calm\nenter_if: customer.health > 80\n"
    )
    # then it still counts, also for what is new
    assert health(engine) == (Decimal("90.00"), "0.80", "green")
    assert engine.member().standing.segments == ["calm"]
    # and the trend is of what is computed, which stands still
    assert engine.facts("2026-03-12 12:00")["health_trend"] == 0


def test_h1_nobody_but_an_operator_overrides() -> None:
    engine = scored(HEALTH, usage=20, support=50, renewal=50)
    engine.receive("2026-03-02 12:00", OVERRIDDEN, score="health", value=90, until="2026-07-01T00:00:00Z")
    assert health(engine) == (Decimal("35.00"), "0.80", "red")
