"""Counting for thousands of rules at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.expressions.index import positions


class Tally:
    """A counter for each of some rules, to which one is added for many of them at once.

    The counters are kept digit by digit: one number holds the lowest binary digit of all, the next one the
    digit above it. Adding one to thousands is then a few operations on long numbers.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self.rules = rules
        self._digits: list[int] = []

    def add(self, places: int) -> None:
        """Add one for each rule whose place is a bit of `places`."""
        for index, digit in enumerate(self._digits):
            if not places:
                return
            self._digits[index] = digit ^ places
            places &= digit
        if places:
            self._digits.append(places)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Give rules with what was counted of each, in parts: a rule comes more than once."""
        for index, digit in enumerate(self._digits):
            for place in positions(digit):
                yield self.rules[place], 1 << index
