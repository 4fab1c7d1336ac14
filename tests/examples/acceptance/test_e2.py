"""E2: two shares compared, with the interval that decides; and the interval of one share."""

from pathlib import Path

import pytest

from engine.experiments.proportions import Interval, Proportion, newcombe, two_proportion_p, wilson
from engine.model.values import DAY
from tests.exposed import START, WIN_BACK, Group, points, shop


def written(interval: Interval, digits: int) -> tuple[str, str]:
    return f"{100 * interval.low:.{digits}f}", f"{100 * interval.high:.{digits}f}"


CONTROL = Proportion(45, 1000)


def test_e2_a_lift_of_one_and_a_half_points_is_no_proof() -> None:
    treated = Proportion(540, 9000)
    assert f"{100 * (treated.rate - CONTROL.rate):+.2f}" == "+1.50"
    assert written(newcombe(treated, CONTROL), 2) == ("-0.04", "2.73")
    assert f"{two_proportion_p(treated, CONTROL):.4f}" == "0.0552"


def test_e2_a_lift_of_two_point_three_is() -> None:
    treated = Proportion(612, 9000)
    assert f"{100 * (treated.rate - CONTROL.rate):+.2f}" == "+2.30"
    assert written(newcombe(treated, CONTROL), 2) == ("0.75", "3.54")
    assert f"{two_proportion_p(treated, CONTROL):.4f}" == "0.0054"


def test_e2_nobody_of_twenty_twice_proves_little() -> None:
    nobody = Proportion(0, 20)
    assert written(newcombe(nobody, nobody), 1) == ("-16.1", "16.1")


@pytest.mark.parametrize(("hits", "of", "wanted"), [(3, 10, ("10.8", "60.3")), (60, 100, ("50.2", "69.1"))])
def test_e2_the_interval_of_a_share(hits: int, of: int, wanted: tuple[str, str]) -> None:
    assert written(wilson(Proportion(hits, of)), 1) == wanted


@pytest.mark.parametrize(
    ("reached", "difference", "interval", "p", "verdict"),
    [
        (540, "+1.50", ["-0.04", "+2.73"], "0.0552", "no_proven_effect"),
        (612, "+2.30", ["+0.75", "+3.54"], "0.0054", "better"),
    ],
)
def test_e2_the_report_says_so_at_the_declared_end(
    tmp_path: Path, reached: int, difference: str, interval: list[str], p: str, verdict: str
) -> None:
    # given an experiment that is over
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 9000, reached), Group("held_out", 1000, 45))

        # when it is reported
        found = opened.comparison()

    # then the interval is the fixed one
    assert (found["treated"]["measured"], found["control"]["measured"]) == (9000, 1000)
    assert points(found["difference"]["value"]) == [difference]
    assert points([found["difference"]["interval"][side] for side in ("low", "high")]) == interval
    assert (found["difference"]["kind"], f"{found['p']:.4f}", found["verdict"]) == ("fixed", p, verdict)


def test_e2_the_same_counts_before_the_end_prove_nothing(tmp_path: Path) -> None:
    # given the same, a day before the last one's week is over
    with shop(tmp_path, now=START + 34 * DAY) as opened:
        opened.come(Group("treated", 9000, 540), Group("held_out", 1000, 45))
        found = opened.comparison()

    # then the interval is one that may be looked at any day, and there is no p
    assert (found["difference"]["kind"], found["p"], found["verdict"]) == ("sequence", None, "too_early")
    assert found["difference"]["interval"]["low"] < 0


def test_e2_nobody_of_twenty_twice_in_a_report(tmp_path: Path) -> None:
    half = WIN_BACK.replace("holdout: 10%", "holdout: 50%")
    with shop(tmp_path, half, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 20), Group("held_out", 20))
        found = opened.comparison()
    interval = found["difference"]["interval"]
    assert (f"{100 * interval['low']:.1f}", f"{100 * interval['high']:.1f}") == ("-16.1", "16.1")
    assert found["verdict"] == "no_proven_effect"
