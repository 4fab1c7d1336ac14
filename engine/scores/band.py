"""The band that a customer's score is in, stepped at every evaluation."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.model.score import Score
from engine.model.values import Day, Micros
from engine.scores.score import LastPart, Reading, remember
from engine.scores.trend import Daily, note
from engine.segments.dwell import Count, broke, held, long_enough, reached_at

UNKNOWN = "unknown"
"""The band of a score that covers too little."""


class Override(msgspec.Struct, frozen=True):
    """A value that a person set by hand, in force before `until`."""

    value: Decimal
    author: str
    reason: str
    until: Micros


class ScoreState(msgspec.Struct):
    """Where a score stands.

    value: what counts, 0 to 100: the override while one is in force, else `computed`.
    computed: what the parts gave last. coverage: how much of the weight they had.
    band: the steady band; last_known: the last one that was not unknown.
    pending: the band that is being counted, since `count`; seen: the day of the last evaluation.
    parts: what each part gave last while its source was sound.
    override: what a person set instead, while it is in force.
    daily: what was computed at the first evaluation of each of the last days.
    """

    value: Decimal | None = None
    computed: Decimal | None = None
    coverage: Decimal = Decimal(0)
    band: str = UNKNOWN
    last_known: str | None = None
    pending: str | None = None
    count: Count = msgspec.field(default_factory=Count)
    seen: Day | None = None
    parts: dict[str, LastPart] = {}
    override: Override | None = None
    daily: Daily | None = None


def override(state: ScoreState, value: Decimal, author: str, reason: str, until: Micros) -> None:
    """Let a value that a person sets count before `until`; what is computed is kept beside it."""
    state.override = Override(value, author, reason, until)


def end_override(state: ScoreState, now: Micros) -> None:
    """End an override before its time: the next reading counts what is computed."""
    if state.override is not None:
        state.override = msgspec.structs.replace(state.override, until=min(state.override.until, now))


class BandChange(msgspec.Struct, frozen=True):
    """A change of band. `fires` tells whether `becomes:` the new band fires.

    After unknown it does so only where the last known band was another one.
    """

    from_: str
    band: str
    value: Decimal | None
    fires: bool


def band_of(score: Score, value: Decimal | None) -> str:
    """Give the band whose `from` is the highest not above the value; unknown for None or below all."""
    if value is None:
        return UNKNOWN
    reached = [(band.from_, name) for name, band in score.bands.items() if band.from_ <= value]
    return max(reached)[1] if reached else UNKNOWN


def step(
    score: Score, state: ScoreState, reading: Reading, now: Micros, day: Day, formula: int = 0
) -> BandChange | None:
    """Take a reading: change `state` in place and say how the band changed, None where it did not.

    Another band counts once it was steady for `steady_for`, counted as a segment's `held_for`. At once
    come the first band, unknown, the last known band after unknown (it was steady before), and what an
    override or its end brings. `day` is the day of `now` in the workspace's zone, `formula` tells the
    parts apart from those of another version.
    """
    if state.daily is None or state.seen != day or state.daily.formula != formula:
        state.daily = note(state.daily, formula, day, reading.value)
    state.computed = reading.value
    state.coverage = reading.coverage
    state.parts = remember(reading, state.parts, now)
    ended = state.override is not None and state.override.until <= now
    if ended:
        state.override = None
    state.value = state.override.value if state.override is not None else reading.value
    found = band_of(score, state.value)
    at_once = (
        ended
        or state.override is not None
        or found == UNKNOWN
        or state.last_known is None
        or (state.band == UNKNOWN and found == state.last_known)
    )
    settled = at_once or _steady(score, state, found, now, day)
    state.seen = day
    if not settled:
        return None
    state.pending = None
    broke(state.count, day)
    return _turn(state, found)


def _steady(score: Score, state: ScoreState, found: str, now: Micros, day: Day) -> bool:
    if found == state.band:
        return True
    if found != state.pending:
        broken = state.count.broken if state.pending is None else state.seen
        state.count = Count(broken=broken)
        state.pending = found
    held(state.count, now, day)
    return long_enough(state.count, score.steady_for, now, day)


def _turn(state: ScoreState, band: str) -> BandChange | None:
    if band == state.band:
        return None
    change = BandChange(state.band, band, state.value, band != state.last_known)
    state.band = band
    if band != UNKNOWN:
        state.last_known = band
    return change


def next_due(score: Score, state: ScoreState) -> Micros | None:
    """Give the instant at which the score asks to be read again, besides events and midnights."""
    steady = reached_at(state.count, score.steady_for) if state.pending is not None else None
    override = state.override.until if state.override is not None else None
    if steady is None or override is None:
        return override if steady is None else steady
    return min(steady, override)
