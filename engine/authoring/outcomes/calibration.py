"""Calibration: of those whose score was so at a month's start, how many came to an outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from engine.authoring.outcomes.outcome import History, outcome_of
from engine.authoring.outcomes.replay import Progress, month_starts, replay, without_rules
from engine.authoring.simulate import Simulation
from engine.authoring.wording import known_or
from engine.customers.event import Event
from engine.customers.functions import ROUNDED, wilson
from engine.errors import NotFoundError
from engine.model.score import Score
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.scores.band import UNKNOWN, band_of

TENTHS = 10
TENTH = Decimal(10)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Of `n` looks at customers `had` came to the outcome; `share` with its 95% Wilson interval.

    `from_` and `to` are where the band or tenth begins and ends; all three are None where they are unknown.
    """

    name: str
    from_: Decimal | None = msgspec.field(name="from", default=None)
    to: Decimal | None = None
    n: int
    had: int
    share: Decimal | None
    low: Decimal | None
    high: Decimal | None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What became of customers by band and by tenth of the scale.

    looks: the months' starts that were looked at; only those whose whole span was over at `as_of`, the
    last thing received. customers: how many different ones; one who is looked at in several months counts
    in each, so that the intervals are, if anything, too narrow. incomplete: months left out.
    """

    score: str
    outcome: str
    within: Micros
    as_of: Micros | None
    looks: tuple[Micros, ...]
    incomplete: int
    customers: int
    bands: tuple[Share, ...]
    tenths: tuple[Share, ...]


class _Look(msgspec.Struct, frozen=True):
    customer: str
    at: Micros
    band: str
    value: Decimal | None


def calibrate(
    workspace: Workspace,
    events: Sequence[Event],
    score: str,
    *,
    outcome: str,
    within: Micros,
    as_of: Micros | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Replay events and count outcomes by what a score was before.

    Each customer who can come to the outcome is looked at once at each midnight that begins a month: the
    steady band then, and the value that was computed (an override is a person's, and left out), against
    whether the outcome came after it and within the span. Raises NotFoundError.
    """
    written = workspace.scores.get(score)
    if written is None:
        raise NotFoundError(f"there is no score {score}; {known_or(score, workspace.scores)}")
    wanted = outcome_of(workspace, outcome)
    end = as_of if as_of is not None else max((event.received_at for event in events), default=None)
    ruleset = without_rules(workspace)
    starts: list[Micros] = []
    if end is not None and events:
        starts = month_starts(ruleset.zone, events[0].received_at, end)
    complete = [start for start in starts if start + within <= end] if end is not None else []
    looks: list[_Look] = []

    def look(simulation: Simulation, history: History, at: Micros) -> None:
        for name in sorted(simulation.cast.members):
            member = simulation.cast.members[name]
            state = member.standing.scores.get(score)
            if state is not None and history.can_have(member, at):
                band = band_of(written, state.computed) if state.override is not None else state.band
                looks.append(_Look(name, at, band, state.computed))

    found = replay(ruleset, events, wanted, complete, look, until=end or 0, progress=progress)
    return _counted(written, outcome, within, end, complete, len(starts) - len(complete), looks, found)


def _counted(
    score: Score,
    outcome: str,
    within: Micros,
    as_of: Micros | None,
    complete: list[Micros],
    incomplete: int,
    looks: list[_Look],
    history: History,
) -> Calibration:
    judged: Counter[str | int] = Counter()
    had: Counter[str | int] = Counter()
    for look in looks:
        came = history.within(look.customer, look.at, look.at + within)
        for place in (look.band, _tenth(look.value)):
            if place is not None:
                judged[place] += 1
                had[place] += came
    starts = sorted(((band.from_, name) for name, band in score.bands.items()), reverse=True)
    ends = [Decimal(100), *(start for start, _ in starts)]
    bands = [
        _share(name, judged[name], had[name], start, end)
        for (start, name), end in zip(starts, ends, strict=False)
    ]
    if judged[UNKNOWN]:
        bands.append(_share(UNKNOWN, judged[UNKNOWN], had[UNKNOWN]))
    tenths = [
        _share(
            f"{TENTHS * place} to {TENTHS * (place + 1)}",
            judged[place],
            had[place],
            place * TENTH,
            (place + 1) * TENTH,
        )
        for place in reversed(range(TENTHS))
    ]
    return Calibration(
        score=score.id,
        outcome=outcome,
        within=within,
        as_of=as_of,
        looks=tuple(complete),
        incomplete=incomplete,
        customers=len({look.customer for look in looks}),
        bands=tuple(bands),
        tenths=tuple(tenths),
    )


def _tenth(value: Decimal | None) -> int | None:
    """Give the tenth of the scale, half-open, 100 in the last; None for no value."""
    return None if value is None else min(int(value // TENTH), TENTHS - 1)


def _share(name: str, n: int, had: int, from_: Decimal | None = None, to: Decimal | None = None) -> Share:
    low, high = wilson(had, n) if n else (None, None)
    share = ROUNDED.divide(Decimal(had), Decimal(n)) if n else None
    return Share(name=name, from_=from_, to=to, n=n, had=had, share=share, low=low, high=high)
