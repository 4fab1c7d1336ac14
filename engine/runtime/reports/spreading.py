"""How scores are spread over the base: customers by band, and the mean by day, counted now and then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from engine.model.values import MINUTE, Day, Micros
from engine.runtime.shell import Shell
from engine.scores.band import UNKNOWN
from engine.scores.trend import Daily, totals

FRESH: Micros = 15 * MINUTE
"""So long a count is good."""

PAGE = 250

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
    """Customers by band, the lowest band first and `unknown` last, and the means of the last 28 days."""

    bands: dict[str, int]
    daily: tuple[MeanOfDay, ...]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How every score was spread at an instant."""

    as_of: Micros
    scores: Mapping[str, Spread]


def spread(shell: Shell, now: Micros, going_on: Callable[[], bool] = lambda: True) -> Counted:
    """Count the base by the bands of every score, in one pass; what is broken off is not the whole base."""
    scores, today = shell.ruleset.workspace.scores, shell.ruleset.zone.day_of(now)
    bands: dict[str, Counter[str]] = defaultdict(Counter)
    days: dict[str, dict[Day, tuple[int, int]]] = defaultdict(dict)
    after: str | None = None
    while going_on():
        # A page a transaction: what is counted for seconds must not hold up what is written.
        with shell.store.reader() as reader:
            page = reader.members(after, PAGE, chunks=False)
        dailies: dict[str, list[Daily]] = defaultdict(list)
        for row in page:
            for name, stood in _decoder.decode(row.standing).scores.items() if row.standing else ():
                bands[name][stood.band] += 1
                if stood.daily is not None:
                    dailies[name].append(stood.daily)
        for name, found in dailies.items():
            for day, (cents, number) in totals(found, today).items():
                before = days[name].get(day, (0, 0))
                days[name][day] = before[0] + cents, before[1] + number
        if len(page) < PAGE:
            break
        after = page[-1].id
    return Counted(
        as_of=now,
        scores={
            name: Spread(
                bands={
                    band: bands[name][band]
                    for band in [*sorted(score.bands, key=lambda of: score.bands[of].from_), UNKNOWN]
                },
                daily=tuple(
                    MeanOfDay(day, round(Decimal(cents) / number / _CENTS, 2), number)
                    for day, (cents, number) in sorted(days[name].items())
                ),
            )
            for name, score in scores.items()
        },
    )
