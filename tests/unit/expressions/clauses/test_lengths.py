"""The lengths of time that names are compared with, where a condition does nothing else with them."""

import pytest

from engine.expressions import Condition, Kind, Scope, all_of, any_of, compile_expression
from engine.expressions.clauses.lengths import lengths_of
from engine.model.values import DAY, HOUR

NAMES = {"quiet": Kind.DURATION, "pause": Kind.DURATION, "orders": Kind.NUMBER}
SCOPE = Scope(customer=NAMES, event=None)


def of(*lines: str) -> Condition:
    return all_of([compile_expression(line, SCOPE) for line in lines])


def test_every_length_of_a_name_is_found() -> None:
    nested = all_of(
        [of("customer.quiet > 90d"), any_of([of("12h >= customer.quiet", "customer.orders > 1")])]
    )
    assert lengths_of(nested) == {"customer.quiet": (90 * DAY, 12 * HOUR)}


def test_joined_and_denied_lines_are_looked_into() -> None:
    line = "not (customer.quiet <= 2d or customer.pause > 1d and customer.quiet < 5d)"
    assert lengths_of(of(line)) == {"customer.quiet": (2 * DAY, 5 * DAY), "customer.pause": (DAY,)}


@pytest.mark.parametrize(
    "line",
    [
        "customer.quiet == 90d",
        "customer.quiet != 90d",
        "customer.quiet + 1d > 90d",
        "customer.quiet > customer.pause",
        "(customer.quiet ?? 3d) == 3d",
        "customer.quiet in [1d, 2d]",
        "now - customer.quiet > now",
    ],
)
def test_a_name_that_stands_elsewhere_too_is_left_out(line: str) -> None:
    assert lengths_of(of("customer.quiet > 90d", line)) == {}
