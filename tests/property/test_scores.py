"""What is missing never makes a score look better than what is known, and what is stale never rises."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.model.score import Band, Part, Score
from engine.model.values import DAY, Duration, Formula, Percent
from engine.scores.band import UNKNOWN, ScoreState, band_of, override, step
from engine.scores.score import PartInput, Reading, read, remember
from engine.scores.trend import note, slope, values

NAMES = ("usage", "support", "survey", "renewal")
shares = st.decimals(0, 1, places=3)
weights = st.lists(st.integers(1, 50), min_size=len(NAMES), max_size=len(NAMES))
floors = st.integers(1, 100)
readings = st.lists(st.none() | shares, min_size=len(NAMES), max_size=len(NAMES))


def score(weighing: list[int], floor: int) -> Score:
    return Score(
        id="health",
        parts={
            name: Part(weight=Decimal(weight), is_=Formula("1"))
            for name, weight in zip(NAMES, weighing, strict=True)
        },
        bands={
            "green": Band(from_=Decimal(70)),
            "amber": Band(from_=Decimal(40)),
            "red": Band(from_=Decimal(0)),
        },
        coverage=Percent(Decimal(floor) / 100),
        half_life=Duration(90, "d"),
    )


def reading(of: Score, given_: list[Decimal | None], *, without: str | None = None) -> Reading:
    inputs = {
        name: PartInput(None if name == without else value) for name, value in zip(NAMES, given_, strict=True)
    }
    return read(of, inputs, {}, 0)


@given(weights, floors, readings, st.sampled_from(NAMES))
def test_what_goes_missing_betters_a_band_only_by_the_rest_above_coverage(
    weighing: list[int], floor: int, given_: list[Decimal | None], gone: str
) -> None:
    # given a reading, and the same with one part gone
    of = score(weighing, floor)
    before, after = reading(of, given_), reading(of, given_, without=gone)
    # then no more of it is known than before
    assert after.coverage <= before.coverage
    if after.coverage < Decimal(floor) / 100:
        # under the floor nothing is good or bad
        assert after.value is None
        assert band_of(of, after.value) == UNKNOWN
        return
    # above it the score is the mean of what is left, weighed as written: no more than its best part
    left = [
        (weight, value)
        for name, weight, value in zip(NAMES, weighing, given_, strict=True)
        if value is not None and name != gone
    ]
    mean = 100 * sum(weight * value for weight, value in left) / sum(weight for weight, _ in left)
    assert after.value is not None
    assert abs(after.value - mean) < Decimal("1e-20")
    part = dict(zip(NAMES, given_, strict=True))[gone]
    if part is not None and before.value is not None and 100 * part >= before.value:
        # one that was as good as the whole, or better, takes nothing bad with it
        assert after.value <= before.value + Decimal("1e-20")


@given(
    st.lists(st.tuples(st.integers(0, 400), shares, st.booleans()), min_size=2, max_size=12),
    st.sampled_from([None, "old"]),
)
def test_a_stale_part_never_rises(looks: list[tuple[int, Decimal, bool]], fading: str | None) -> None:
    # given a part that is looked at again and again, whose source fails from time to time
    of = score([1, 1, 1, 1], 1)
    last: dict[str, object] = {}
    kept = None
    now = 0
    for days, raw, failed in looks:
        now += days * DAY
        newest = now - 30 * DAY if fading else None
        one = PartInput(raw, newest, decays=fading is not None, source_failed=failed)
        found = read(of, {"usage": one}, last, now)  # type: ignore[arg-type]
        value = found.parts[0].value
        if failed:
            # then while it is stale it is never above what it was before, whatever comes in
            assert (value is None) if kept is None else (value is not None and value <= kept)
            assert found.parts[0].stale
        kept = value
        last = dict(remember(found, last, now))  # type: ignore[arg-type]


@given(st.lists(st.none() | shares, min_size=1, max_size=80))
def test_a_trend_is_of_28_days_at_most_and_within_what_a_score_can_fall(scores: list[Decimal | None]) -> None:
    daily = None
    for day, value in enumerate(scores, 1):
        daily = note(daily, 1, day, None if value is None else 100 * value)
    known = values(daily, len(scores))
    assert known == [
        (day, int((10_000 * value).to_integral_value()))
        for day, value in enumerate(scores, 1)
        if value is not None and day > len(scores) - 28
    ]
    trend = slope(daily, len(scores))
    assert (trend is None) == (len(known) < 7)
    if trend is not None and len({value for _, value in known}) == 1:
        assert trend == 0


@given(weights, readings, st.lists(st.integers(0, 3), max_size=10))
def test_under_an_override_the_band_is_the_override_s_and_after_it_the_computed_one_s(
    weighing: list[int], given_: list[Decimal | None], days: list[int]
) -> None:
    of, state = score(weighing, 60), ScoreState()
    found = reading(of, given_)
    override(state, Decimal(90), "sam", "renewed", 10 * DAY)
    day = 1
    for passed in days:
        day += passed
        step(of, state, found, day * DAY, day)
        ended = day >= 10
        assert state.computed == found.value
        assert state.value == (found.value if ended else 90)
        assert state.band == band_of(of, state.value)
