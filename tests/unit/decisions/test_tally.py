"""Counting for many rules at once."""

import random
from collections import Counter

from engine.decisions.tally import Tally
from engine.expressions.index import bits

RULES = tuple(f"r{number}" for number in range(200))


def test_each_rule_is_counted_as_often_as_it_was_among_the_places() -> None:
    chance = random.Random(1)
    tally, expected = Tally(RULES), Counter[str]()
    for _ in range(300):
        places = [place for place in range(200) if chance.random() < place / 200]
        tally.add(bits(places))
        expected.update(RULES[place] for place in places)

    found = Counter[str]()
    for rule, number in tally.counts():
        found[rule] += number

    assert found == expected
    assert max(found.values()) > 250


def test_what_counts_nobody_changes_nothing() -> None:
    tally = Tally(RULES)

    tally.add(0)

    assert list(tally.counts()) == []
