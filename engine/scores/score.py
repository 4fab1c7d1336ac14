"""One reading of a score: its parts, what each contributes, and how much of it is covered."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal

import msgspec

from engine.model.score import Score
from engine.model.values import DAY, Duration, Micros

HALF = Decimal("0.5")
ONE = Decimal(1)
ZERO = Decimal(0)

_MINUS_LN_2 = Decimal("-0.6931471805599453094172321214581765680755")
_WIDE, _EXACT = Context(prec=36), Context(prec=28)

_LETTERS = ((90, "A"), (80, "B"), (70, "C"), (60, "D"), (50, "E"))


def letter_of(value: Decimal | None) -> str | None:
    """Give the letter: A from 90, B from 80, C from 70, D from 60, E from 50, F below; None for None."""
    if value is None:
        return None
    return next((letter for least, letter in _LETTERS if value >= least), "F")


class PartInput(msgspec.Struct, frozen=True):
    """What a part's expression gave.

    raw: its value, None where it raised or gave no number (the part is then missing).
    newest_input: when the newest value that it reads came in, None where that is unknown.
    decays: whether it reads only traits, last or survey figures.
    source_failed: whether a source of its facts has failed and has sent nothing since.
    """

    raw: Decimal | None
    newest_input: Micros | None = None
    decays: bool = False
    source_failed: bool = False


class LastPart(msgspec.Struct, frozen=True, array_like=True):
    """The last value (0 to 1, decayed) of a part while its source was sound, and of which instant."""

    value: Decimal
    at: Micros


class PartValue(msgspec.Struct, frozen=True):
    """One part of a reading.

    `value` is 0 to 1, after clipping and decay, None where it is missing; `present` the weight of all
    parts that have one; `age` that of its newest input in microseconds; `stale` marks a value that is
    kept from before its source failed.
    """

    name: str
    raw: Decimal | None
    value: Decimal | None
    weight: Decimal
    present: Decimal
    age: Micros | None = None
    stale: bool = False

    @property
    def contribution(self) -> Decimal:
        """The points of the 0 to 100 that it gives."""
        if self.value is None or not self.present:
            return ZERO
        return 100 * self.weight * self.value / self.present


class Reading(msgspec.Struct, frozen=True):
    """A score as computed: `value` is 0 to 100, None below coverage; `partial` is it in any case."""

    value: Decimal | None
    partial: Decimal | None
    coverage: Decimal
    parts: tuple[PartValue, ...]

    @property
    def letter(self) -> str | None:
        """The letter, A to F, None below coverage."""
        return letter_of(self.value)


def decay(value: Decimal, age: Micros, half_life: Duration) -> Decimal:
    """Give a part's value (0 to 1) at an age: towards the lower of one half and itself.

    low + (value - low) x 0.5 ^ (age / half-life), with low = min(1/2, value): old news can fade from
    good to doubtful, never from bad to good. With a half-life in days the age is taken to the nearest day.
    """
    low = min(HALF, value)
    if half_life.days is not None:
        age = (age + DAY // 2) // DAY * DAY
    if age <= 0 or value == low:
        return value
    lives = _WIDE.divide(Decimal(age), Decimal(half_life.micros))
    # exp(-ln 2 x) is 0.5 ^ x, and in libmpdec fourteen times as fast as a power.
    faded = _EXACT.plus(_WIDE.exp(_WIDE.multiply(_MINUS_LN_2, lives)))
    return low + (value - low) * faded


def steady_until(value: Decimal, newest: Micros, now: Micros, half_life: Duration) -> Micros | None:
    """Give when a part next fades: None where it does not, `now` where it always does."""
    if value <= HALF:
        return None
    if half_life.days is None:
        return now
    return newest + max(0, (now - newest + DAY // 2) // DAY) * DAY + DAY // 2


def read(score: Score, inputs: Mapping[str, PartInput], last: Mapping[str, LastPart], now: Micros) -> Reading:
    """Compute the score at an instant.

    The weighted mean of the parts that have a value, times 100; missing parts are left out and the
    weights renormalised, down to `coverage` (weight present / weight in all), below which it is None.
    A part whose source failed keeps its `last` value, which decays but never rises; where it had none it
    stays missing. A part that `inputs` does not name is missing.
    """
    found = []
    present = total = weighted = ZERO
    for name, part in score.parts.items():
        given = inputs.get(name, MISSING)
        value = _value(score, given, last.get(name), now)
        total += part.weight
        if value is not None:
            present += part.weight
            weighted += part.weight * value
        found.append((name, part.weight, value, given))
    parts = tuple([_part(name, weight, value, given, present, now) for name, weight, value, given in found])
    partial = 100 * weighted / present if present else None
    coverage = present / total if total else ZERO
    covered = present >= score.coverage.share * total
    return Reading(partial if covered else None, partial, coverage, parts)


MISSING = PartInput(None)


def _value(score: Score, given: PartInput, last: LastPart | None, now: Micros) -> Decimal | None:
    if given.source_failed:
        value, newest = (last.value, last.at) if last is not None else (None, None)
    else:
        value, newest = given.raw, given.newest_input
    if value is None:
        return None
    clipped = ZERO if value < ZERO else ONE if value > ONE else value
    if not given.decays or score.half_life is None or newest is None:
        return clipped
    return decay(clipped, now - newest, score.half_life)


def _part(
    name: str, weight: Decimal, value: Decimal | None, given: PartInput, present: Decimal, now: Micros
) -> PartValue:
    age = now - given.newest_input if given.newest_input is not None else None
    return PartValue(name, given.raw, value, weight, present, age, given.source_failed)


def remember(reading: Reading, last: Mapping[str, LastPart], now: Micros) -> dict[str, LastPart]:
    """Give the last values to keep for the case that a source fails: stale ones as they were."""
    kept = {
        part.name: LastPart(part.value, now)
        for part in reading.parts
        if part.value is not None and not part.stale
    }
    for part in reading.parts:
        if part.stale and part.name in last:
            kept[part.name] = last[part.name]
    return kept


def explain(reading: Reading) -> list[str]:
    """Tell each part in a line: points of its most, raw value, weight, age."""
    present = sum((part.weight for part in reading.parts if part.value is not None), ZERO)
    return [_sentence(part, present) for part in reading.parts]


def _sentence(part: PartValue, present: Decimal) -> str:
    if part.value is None:
        return f"{part.name}: missing (weight {part.weight:f})"
    most = 100 * part.weight / present
    raw = f"{part.raw:f}" if part.raw is not None else "none"
    age = f", {part.age // DAY}d old" if part.age is not None else ""
    stale = ", stale" if part.stale else ""
    return (
        f"{part.name}: {part.contribution:.1f} of {most:.1f} points"
        f" (raw {raw}, weight {part.weight:f}{age}{stale})"
    )
