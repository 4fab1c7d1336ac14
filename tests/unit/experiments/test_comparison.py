"""Comparisons: what is said while an experiment runs and at its end, what is hidden, and the verdict."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from engine.experiments.comparison import Comparison, Drawn, Stage, Tally, compare, with_holm
from engine.experiments.revenue import Spending
from engine.model.reasons import Verdict

HALVES = {"treated": 1.0, "held_out": 1.0}


def pair(
    treated: Tally,
    control: Tally,
    stage: Stage = "ended",
    *,
    goal: bool = True,
    adjust: bool = False,
    **more: Any,
) -> Comparison:
    tallies = {"treated": treated, "held_out": control}
    drawn = Drawn(kind="holdout", tallies=tallies, weights=HALVES, control="held_out", **more)
    [found] = compare(drawn, stage, goal=goal, adjust=adjust)
    return found


def arm(number: int, spend: int) -> Spending:
    found = Spending()
    for place in range(number):
        found.add(Decimal(spend + place % 3), Decimal(place % 3))
    return found


def test_an_arm_tells_who_waits_and_who_reached() -> None:
    found = pair(Tally(120, 100, 10), Tally(110, 100, 5))
    assert (found.treated.customers, found.treated.waiting, found.treated.measured) == (120, 20, 100)
    assert (found.treated.reached, found.treated.rate) == (10, 0.1)
    assert found.treated.interval is not None and found.treated.interval.holds(0.1)


@pytest.mark.parametrize(
    ("treated", "verdict"),
    [(300, Verdict.BETTER), (200, Verdict.NO_PROVEN_EFFECT), (100, Verdict.WORSE)],
)
def test_at_the_end_the_interval_decides(treated: int, verdict: Verdict) -> None:
    found = pair(Tally(1000, 1000, treated), Tally(1000, 1000, 200))
    assert found.verdict is verdict
    assert found.difference is not None and found.difference.kind == "fixed"
    assert found.p is not None and (found.p < 0.05) == (verdict is not Verdict.NO_PROVEN_EFFECT)


@pytest.mark.parametrize(
    ("stage", "treated", "verdict"),
    [
        ("running", 200, Verdict.TOO_EARLY),
        ("open_ended", 200, Verdict.NO_PROVEN_EFFECT),
        ("running", 320, Verdict.BETTER),
        ("open_ended", 80, Verdict.WORSE),
    ],
)
def test_before_the_end_there_is_a_sequence_and_no_p(stage: Stage, treated: int, verdict: Verdict) -> None:
    found = pair(Tally(1000, 1000, treated), Tally(1000, 1000, 200), stage)
    assert found.difference is not None and found.difference.kind == "sequence"
    assert (found.p, found.p_holm, found.verdict) == (None, None, verdict)


@pytest.mark.parametrize("stage", ["running", "open_ended"])
def test_few_customers_are_too_early_for_a_sequence(stage: Stage) -> None:
    found = pair(Tally(49, 49, 40), Tally(49, 49, 1), stage)
    assert (found.difference, found.verdict) == (None, Verdict.TOO_EARLY)


def test_a_sequence_in_which_nobody_reached_the_goal_still_has_a_width() -> None:
    found = pair(Tally(60, 60), Tally(60, 60), "open_ended")
    assert found.difference is not None
    assert found.difference.interval.low < 0 < found.difference.interval.high


def test_nobody_is_nothing() -> None:
    for stage in ("running", "open_ended", "ended"):
        found = pair(Tally(), Tally(), stage)  # type: ignore[arg-type]
        assert (found.difference, found.p, found.verdict) == (None, None, Verdict.TOO_EARLY)
        assert (found.treated.rate, found.treated.interval, found.detectable.effect) == (None, None, None)


def test_a_mismatch_hides_everything_that_would_be_said() -> None:
    money = {"treated": arm(600, 9), "held_out": arm(400, 1)}
    found = pair(Tally(600, 600, 300), Tally(400, 400, 10), money=money)
    assert found.verdict is Verdict.SAMPLE_RATIO_MISMATCH
    assert (found.difference, found.p, found.revenue) == (None, None, None)


def test_revenue_has_its_own_verdict_and_decides_where_there_is_no_goal() -> None:
    money = {"treated": arm(100, 9), "held_out": arm(100, 5)}
    found = pair(Tally(100, 100), Tally(100, 100), goal=False, money=money)
    assert (found.difference, found.p) == (None, None)
    assert found.revenue is not None and found.revenue.incremental is not None
    assert found.revenue.incremental.each == pytest.approx(4, abs=0.1)
    assert found.verdict is found.revenue.verdict is Verdict.BETTER


def test_spend_before_is_asked_for() -> None:
    money = {"treated": arm(100, 9), "held_out": arm(100, 5)}
    plain, less = (
        pair(Tally(100, 100), Tally(100, 100), money=money, adjust=adjust).revenue for adjust in (False, True)
    )
    assert plain is not None and plain.adjusted is None
    assert less is not None and less.adjusted is not None and less.adjusted.cuped is not None


def test_the_smallest_effect_shrinks_until_the_end() -> None:
    found = pair(Tally(1000, 1000, 200), Tally(1000, 1000, 200), "running", growth=4.0)
    now, then = found.detectable.effect, found.detectable_at_end
    assert now is not None and then is not None and then.effect == pytest.approx(now / 2)
    assert pair(Tally(1000, 1000, 200), Tally(1000, 1000, 200), growth=1.0).detectable_at_end is None


def test_each_arm_of_a_split_is_set_against_the_control_and_p_made_good() -> None:
    tallies: Mapping[str, Tally] = {
        "control": Tally(1000, 1000, 200),
        "plain": Tally(1000, 1000, 240),
        "offer": Tally(1000, 1000, 260),
    }
    drawn = Drawn(
        kind="split",
        split="offer-test",
        tallies=tallies,
        weights=dict.fromkeys(tallies, 1.0),
        control="control",
    )
    plain, offer = with_holm(compare(drawn, "ended", goal=True, adjust=False))
    assert [(one.treated.arm, one.control.arm) for one in (plain, offer)] == [
        ("plain", "control"),
        ("offer", "control"),
    ]
    assert offer.p is not None and plain.p is not None
    assert (offer.p_holm, plain.p_holm) == (2 * offer.p, plain.p)
