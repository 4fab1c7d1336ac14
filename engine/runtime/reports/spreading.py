"""How a score is spread over the base: customers by band, and its mean by day, counted now and then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal

import msgspec

from engine.authoring.wording import known_or
from engine.errors import NotFoundError
from engine.model.values import MINUTE, Day, Micros
from engine.runtime.shell import Shell
from engine.scores.band import UNKNOWN
from engine.scores.trend import Daily, values

FRESH: Micros = 15 * MINUTE
"""So long a count is good."""

PAGE = 500
_CENTS = Decimal(100)


class _Score(msgspec.Struct):
    """Of how a score stands, what is counted."""

    band: str = UNKNOWN
    daily: Daily | None = None


class _Standing(msgspec.Struct):
    """Of what is kept of a customer, only the scores: the rest is not even decoded."""

    scores: dict[str, _Score] = {}


_decoder = msgspec.msgpack.Decoder(_Standing)


class MeanOfDay(msgspec.Struct, frozen=True):
    """The mean of a score over the customers who had one on a day, to two places."""

    day: Day
    mean: Decimal
    customers: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Customers by band, the worst band first and `unknown` last, and the means of the last 28 days."""

    score: str
    as_of: Micros
    bands: dict[str, int]
    daily: tuple[MeanOfDay, ...]


def spread(shell: Shell, score: str, now: Micros, going_on: Callable[[], bool] = lambda: True) -> Spread:
    """Count the base by the bands of a score; raises `NotFoundError`."""
    scores = shell.ruleset.workspace.scores
    if score not in scores:
        raise NotFoundError(f"there is no score {score}; {known_or(score, scores)}")
    today = shell.ruleset.zone.day_of(now)
    bands: Counter[str] = Counter()
    days: dict[Day, list[int]] = defaultdict(lambda: [0, 0])
    after: str | None = None
    while going_on():
        # A page a transaction: what is counted for seconds must not hold up what is written.
        with shell.store.reader() as reader:
            page = reader.members(after, PAGE, chunks=False)
        for row in page:
            stood = _decoder.decode(row.standing).scores.get(score) if row.standing else None
            if stood is None:
                continue
            bands[stood.band] += 1
            for day, cents in values(stood.daily, today):
                of = days[day]
                of[0] += cents
                of[1] += 1
        if len(page) < PAGE:
            break
        after = page[-1].id
    order = sorted(scores[score].bands, key=lambda name: scores[score].bands[name].from_)
    return Spread(
        score=score,
        as_of=now,
        bands={name: bands[name] for name in [*order, UNKNOWN]},
        daily=tuple(
            MeanOfDay(day, round(Decimal(cents) / number / _CENTS, 2), number)
            for day, (cents, number) in sorted(days.items())
        ),
    )
