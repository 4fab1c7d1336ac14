"""Silence: a workflow that used to start and starts no more, which no failure would ever tell."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from engine.customers.event import Event
from engine.customers.zones import Zone, moment_of
from engine.decisions.decision import identity
from engine.model.actions import BuiltInEvent
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import ENGINE
from engine.runs.waiting import days_from
from engine.timeline.cast import Cast
from engine.timeline.play import begin, drain
from engine.timeline.ruleset import BASE
from engine.timeline.world import World

WEEKS = 4
"""So many weeks back the usual is taken from."""

LENGTHS = (1, 7)
"""Days of silence that are looked for, the shorter first: a rare workflow needs the longer."""

OFTEN = 0.75
"""At least in so many of the comparable spans there were starts."""

CHANCE = 0.001
"""How likely none would be by chance at the usual rate, at most."""

ENOUGH = math.ceil(-math.log(CHANCE) * WEEKS)
"""No span has to be counted further than this: so many in one of them are enough for all."""


class Silence(msgspec.Struct, frozen=True):
    """A workflow did not start for `days`, in which `usual` starts (or more) are usual."""

    workflow: str
    days: int
    usual: float


def silence_of(
    workflow: str,
    zone: Zone,
    now: Micros,
    starts: Callable[[Micros, Micros], int],
    ran: Callable[[Micros, Micros], bool],
) -> Silence | None:
    """Tell whether a workflow's starts fell to zero.

    `starts` counts those of a span, up to `ENOUGH`; `ran` tells whether the engine ran all of a span,
    for where it did not the reason is known.

    The span that ends now is held against those of the same weekdays and hours in each of the four weeks
    before (the seasonal naive forecast: Hyndman and Athanasopoulos, Forecasting: Principles and Practice,
    3rd edition, 5.2), so that nights, week-ends and changes of the clocks are no alarm. At least three
    quarters of those must have had starts, and at their mean m a span without any must have a
    probability of at most one in a thousand (Poisson: e^-m), which asks for about seven starts a span.
    """
    for days in LENGTHS:
        first = days_from(zone, now, -days)
        if starts(first, now):
            return None
        if not ran(first, now):
            continue
        counts = [
            starts(days_from(zone, now, -days - 7 * week), days_from(zone, now, -7 * week))
            for week in range(1, WEEKS + 1)
        ]
        usual = sum(counts) / WEEKS
        if sum(count > 0 for count in counts) >= OFTEN * WEEKS and math.exp(-usual) <= CHANCE:
            return Silence(workflow, days, usual)
    return None


def alert(silence: Silence, since: Micros, now: Micros) -> Event:
    """Give the event that tells of a silence; of one since the same last start it is always the same."""
    name = BuiltInEvent.WORKFLOW_SILENT.value
    return Event(
        source=ENGINE,
        message_id=identity(BASE, name, silence.workflow, since),
        customer=BASE,
        name=name,
        occurred_at=now,
        received_at=now,
        account=BASE,
        properties={
            "workflow": silence.workflow,
            "since": moment_of(since).isoformat().replace("+00:00", "Z"),
            "usual": round(silence.usual),
            "days": silence.days,
        },
        cause="engine",
    )


def record(world: World, cast: Cast, changes: Changes, event: Event, now: Micros) -> None:
    """Record an alert of the whole base, as the fleet triggers' decisions are, and of no customer."""
    begin(world, cast.get(BASE, "account"), changes, now)
    drain(world, cast, changes, [(BASE, event, 0)], now)
