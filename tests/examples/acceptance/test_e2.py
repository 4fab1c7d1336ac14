"""E2: two shares compared, with the interval that decides; and the interval of one share."""

import pytest

from engine.experiments.proportions import Interval, Proportion, newcombe, two_proportion_p, wilson


def points(interval: Interval, digits: int) -> tuple[str, str]:
    return f"{100 * interval.low:.{digits}f}", f"{100 * interval.high:.{digits}f}"


CONTROL = Proportion(45, 1000)


def test_e2_a_lift_of_one_and_a_half_points_is_no_proof() -> None:
    treated = Proportion(540, 9000)
    assert f"{100 * (treated.rate - CONTROL.rate):+.2f}" == "+1.50"
    assert points(newcombe(treated, CONTROL), 2) == ("-0.04", "2.73")
    assert f"{two_proportion_p(treated, CONTROL):.4f}" == "0.0552"


def test_e2_a_lift_of_two_point_three_is() -> None:
    treated = Proportion(612, 9000)
    assert f"{100 * (treated.rate - CONTROL.rate):+.2f}" == "+2.30"
    assert points(newcombe(treated, CONTROL), 2) == ("0.75", "3.54")
    assert f"{two_proportion_p(treated, CONTROL):.4f}" == "0.0054"


def test_e2_nobody_of_twenty_twice_proves_little() -> None:
    nobody = Proportion(0, 20)
    assert points(newcombe(nobody, nobody), 1) == ("-16.1", "16.1")


@pytest.mark.parametrize(("hits", "of", "wanted"), [(3, 10, ("10.8", "60.3")), (60, 100, ("50.2", "69.1"))])
def test_e2_the_interval_of_a_share(hits: int, of: int, wanted: tuple[str, str]) -> None:
    assert points(wilson(Proportion(hits, of)), 1) == wanted
