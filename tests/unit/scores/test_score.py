"""H1: weighted parts, coverage, decay and stale sources."""

from decimal import Decimal

import pytest

from engine.model.score import Band, Part, Score
from engine.model.values import DAY, Duration, Formula, Percent
from engine.scores.score import LastPart, PartInput, Reading, decay, explain, letter_of, read, remember

HALF_LIFE = Duration(90, "d")


def score(half_life: Duration | None = None, **weights: int) -> Score:
    return Score(
        id="health",
        parts={
            name: Part(weight=Decimal(weight), is_=Formula(f"customer.{name}"))
            for name, weight in weights.items()
        },
        bands={
            "green": Band(from_=Decimal(70)),
            "amber": Band(from_=Decimal(40)),
            "red": Band(from_=Decimal(0)),
        },
        coverage=Percent(Decimal("0.6")),
        half_life=half_life,
    )


HEALTH = score(usage=40, support=20, survey=20, renewal=20)


def reading(definition: Score, **raw: str | None) -> Reading:
    inputs = {name: PartInput(Decimal(value) if value is not None else None) for name, value in raw.items()}
    return read(definition, inputs, {}, 0)


def test_h1_a_missing_part_is_left_out_and_the_weights_renormalised() -> None:
    result = reading(HEALTH, usage="0.8", support="0.5", survey=None, renewal="0.9")
    assert (result.value, result.coverage) == (Decimal("75.0"), Decimal("0.80"))
    assert result.letter == "C"


def test_h1_below_coverage_it_is_unknown() -> None:
    result = reading(HEALTH, usage=None, support="0.5", survey=None, renewal="0.9")
    assert (result.partial, result.coverage) == (70, Decimal("0.40"))
    assert result.value is None
    assert result.letter is None


def test_exactly_the_coverage_is_enough() -> None:
    result = reading(HEALTH, usage="0.8", support="0.5", survey=None, renewal=None)
    assert (result.coverage, result.value) == (Decimal("0.6"), 70)


def test_h1_weights_need_not_sum_to_a_hundred() -> None:
    result = reading(score(a=7, b=5, c=8, d=3), a="0.83", b="0.71", c="0.78", d="0.54")
    assert result.value is not None
    assert round(result.value, 2) == Decimal("74.87")


def test_parts_are_clipped_to_nothing_and_all() -> None:
    result = reading(HEALTH, usage="1.7", support="-3", survey="0.5", renewal="0.5")
    assert [part.value for part in result.parts] == [1, 0, Decimal("0.5"), Decimal("0.5")]
    assert result.value == 60


def test_contributions_add_up_to_the_score() -> None:
    result = reading(HEALTH, usage="0.8", support="0.5", survey=None, renewal="0.9")
    assert [part.contribution for part in result.parts] == [40, Decimal("12.5"), 0, Decimal("22.5")]


def test_nothing_known_is_unknown() -> None:
    result = reading(HEALTH)
    assert (result.value, result.partial, result.coverage) == (None, None, 0)


@pytest.mark.parametrize(("days", "expected"), [(0, "90.0"), (45, "78.3"), (90, "70.0"), (180, "60.0")])
def test_h1_old_news_fades_towards_fifty(days: int, expected: str) -> None:
    # given one part that reads a trait sent on day 0, of 0.9
    definition = score(HALF_LIFE, survey=100)
    given = PartInput(Decimal("0.9"), newest_input=0, decays=True)
    result = read(definition, {"survey": given}, {}, days * DAY)
    assert result.value is not None
    assert round(result.value, 1) == Decimal(expected)
    assert result.parts[0].age == days * DAY


def test_old_bad_news_does_not_fade_to_good() -> None:
    assert decay(Decimal("0.2"), 900 * DAY, HALF_LIFE) == Decimal("0.2")


def test_only_parts_that_decay_do_and_only_with_a_half_life() -> None:
    fresh = PartInput(Decimal("0.9"), newest_input=0, decays=False)
    assert read(score(HALF_LIFE, usage=1), {"usage": fresh}, {}, 90 * DAY).value == 90
    lasting = PartInput(Decimal("0.9"), newest_input=0, decays=True)
    assert read(score(None, usage=1), {"usage": lasting}, {}, 90 * DAY).value == 90


@pytest.mark.parametrize("raw", ["0.1", "1.0", None])
def test_h1_a_failed_source_keeps_the_last_value_marked_stale(raw: str | None) -> None:
    # given a reading of 75.0 while all sources were sound
    before = reading(HEALTH, usage="0.8", support="0.5", survey=None, renewal="0.9")
    last = remember(before, {}, 0)
    # when the source of support fails, whatever its expression now gives
    failed = PartInput(Decimal(raw) if raw else None, source_failed=True)
    others = {"usage": PartInput(Decimal("0.8")), "renewal": PartInput(Decimal("0.9"))}
    after = read(HEALTH, {**others, "support": failed}, last, 5 * DAY)
    # then its value stays and the score with it
    assert after.value == Decimal("75.0")
    assert [part.name for part in after.parts if part.stale] == ["support"]
    # and what is remembered for it is still of the sound instant
    assert remember(after, last, 5 * DAY)["support"] == LastPart(Decimal("0.5"), 0)


def test_h1_a_failed_source_never_fills_a_part_that_was_missing() -> None:
    before = reading(HEALTH, usage="0.8", support="0.5", survey=None, renewal="0.5")
    failed = PartInput(Decimal(1), source_failed=True)
    sound = {
        "usage": PartInput(Decimal("0.8")),
        "support": PartInput(Decimal("0.5")),
        "renewal": PartInput(Decimal("0.5")),
    }
    after = read(HEALTH, {**sound, "survey": failed}, remember(before, {}, 0), DAY)
    assert after.value == before.value


def test_a_stale_part_fades_on_and_never_rises() -> None:
    # given a survey part of 0.9 read fresh at day 45, when it had faded to 0.783
    definition = score(HALF_LIFE, survey=1)
    survey = PartInput(Decimal("0.9"), newest_input=0, decays=True)
    last = remember(read(definition, {"survey": survey}, {}, 45 * DAY), {}, 45 * DAY)
    # when its source fails and another source gives it a newer input
    failed = PartInput(Decimal(1), newest_input=80 * DAY, decays=True, source_failed=True)
    result = read(definition, {"survey": failed}, last, 90 * DAY)
    # then it goes on fading as if nothing had come in: 70 on day 90
    assert result.value is not None
    assert round(result.value, 10) == 70


@pytest.mark.parametrize(
    ("value", "letter"),
    [("100", "A"), ("90", "A"), ("89.99", "B"), ("70", "C"), ("60", "D"), ("50", "E"), ("49", "F")],
)
def test_letters(value: str, letter: str) -> None:
    assert letter_of(Decimal(value)) == letter


def test_explain_tells_each_part() -> None:
    inputs = {
        "usage": PartInput(Decimal("0.8"), newest_input=0),
        "support": PartInput(Decimal("0.5"), source_failed=True),
        "renewal": PartInput(Decimal("0.9")),
    }
    last = {"support": LastPart(Decimal("0.5"), 0)}
    assert explain(read(HEALTH, inputs, last, 3 * DAY)) == [
        "usage: 40.0 of 50.0 points (raw 0.8, weight 40, 3d old)",
        "support: 12.5 of 25.0 points (raw 0.5, weight 20, stale)",
        "survey: missing (weight 20)",
        "renewal: 22.5 of 25.0 points (raw 0.9, weight 20)",
    ]
