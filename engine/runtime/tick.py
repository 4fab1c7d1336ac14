"""Ticks: everything that is due, played for the customers concerned, at its own instant."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from engine.errors import StoreError
from engine.model.values import SECOND, Micros
from engine.runtime.shell import Shell, Turn
from engine.timeline.fleet import at_midnight
from engine.timeline.play import play_due

BATCH = 200
"""Customers whose due work one commit takes."""

CATCH_UP = 1000
"""Customers whose due work goes before events that come in; with more to do, both take turns."""

_SET_ASIDE: Micros = 60 * SECOND
_log = structlog.get_logger("holdfast.tick")


def tick(shell: Shell, until: Micros, budget: int) -> int:
    """Play what is due at `until` or before, for at most `budget` customers; give for how many.

    Midnights up to `until` come first, each with everything before it. A customer that the core
    fails on is set aside for a minute and costs nobody else anything.
    """
    return _reach(shell, until) + _play(shell, until, budget)


def prepare(shell: Shell, now: Micros) -> None:
    """Do what comes before the events received at `now`: midnights, and what was due before it."""
    _reach(shell, now)
    _play(shell, now - 1, CATCH_UP)


def _reach(shell: Shell, now: Micros) -> int:
    """Compute the base-wide figures of the midnights up to `now` that have none yet."""
    played = 0
    for midnight in shell.figures.midnights(now):
        while more := _play(shell, midnight - 1, BATCH):
            played += more
        with shell.turn(midnight) as turn:
            figures = shell.figures.compute(turn.writer, midnight)
            at_midnight(turn.world, turn.cast, turn.changes, figures, midnight)
    return played


def _play(shell: Shell, until: Micros, budget: int) -> int:
    played = 0
    while played < budget:
        due = _due(shell, until, min(BATCH, budget - played))
        if not due:
            break
        _play_batch(shell, due, until)
        played += len(due)
    return played


def _due(shell: Shell, until: Micros, limit: int) -> list[str]:
    aside = shell.set_aside
    for customer in [customer for customer, again in aside.items() if again <= until]:
        del aside[customer]
    with shell.store.reader() as reader:
        due = reader.due_customers(until, limit + len(aside))
    return [customer for customer in due if customer not in aside][:limit]


def _play_batch(shell: Shell, customers: Sequence[str], until: Micros) -> None:
    try:
        with shell.turn(until) as turn:
            turn.cast.preload(customers)
            for customer in customers:
                _play_one(turn, customer, until)
    except StoreError:
        raise
    except Exception as error:
        if len(customers) == 1:
            shell.set_aside[customers[0]] = until + _SET_ASIDE
            _log.error("core_error", error=type(error).__name__, exc_info=error)
            return
        middle = len(customers) // 2
        _play_batch(shell, customers[:middle], until)
        _play_batch(shell, customers[middle:], until)


def _play_one(turn: Turn, customer: str, until: Micros) -> None:
    play_due(turn.world, turn.cast, turn.changes, customer, until)
    # Its next due is stored anew even where nothing came of what was due.
    turn.changes.customers.setdefault(customer)
