"""Sets of places as bits, and back."""

import random

import pytest

from engine.expressions.index import bits, positions


@pytest.mark.parametrize("places", [[], [0], [63], [64], [7, 8, 64, 129], [10_000]])
def test_places_become_bits_and_bits_places(places: list[int]) -> None:
    assert bits(places) == sum(1 << place for place in places)
    assert positions(bits(places)) == places


def test_places_come_lowest_first() -> None:
    places = random.Random(1).sample(range(5_000), 700)

    assert positions(bits(places)) == sorted(places)


@pytest.mark.parametrize("many", [1023, 1024, 1025, 1032, 10_000])
@pytest.mark.parametrize("one_in", [1, 2, 9, 200, 20_000])
def test_long_and_short_thick_and_thin_sets_come_back(many: int, one_in: int) -> None:
    chance = random.Random(many + one_in)
    places = [place for place in range(many) if chance.randrange(one_in) == 0] + [many]

    assert positions(bits(places)) == places
