"""Ticks: everything that is due, played for the customers concerned, at its own instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from engine.errors import StoreError
from engine.model.values import SECOND, Micros
from engine.runtime import tracing
from engine.runtime.crashpoint import crashpoint
from engine.runtime.shell import Aside, Shell, Turn
from engine.timeline.fleet import at_midnight
from engine.timeline.mending import give_up
from engine.timeline.play import play_due

BATCH = 200
"""Customers whose due work one commit takes."""

CATCH_UP = 1000
"""Customers whose due work goes before events that come in; with more to do, both take turns."""

TRIES = 5
"""How often the core may fail on a customer before the runs that are due there end as failed."""

_SET_ASIDE: Micros = 60 * SECOND
_log = structlog.get_logger("holdfast.tick")


def tick(shell: Shell, until: Micros, budget: int, shard: int | None = None) -> int:
    """Play what is due at `until` or before, for at most `budget` customers; give for how many.

    Midnights up to `until` come first, each with everything before it. Of several processes each takes
    customers that no other holds; `shard` bounds them to one part. A customer that the core fails on
    is set aside for a minute and costs nobody else anything; after some tries its runs that are due end
    as failed, for people to see.
    """
    return _reach(shell, until) + _play(shell, until, budget, shard)


@contextmanager
def open_turn(shell: Shell) -> Iterator[Turn]:
    """Open a turn for what somebody asks now; what comes before that instant is done first."""
    now = shell.instants.take()
    prepare(shell, now)
    with shell.turn(now) as turn:
        yield turn


def prepare(shell: Shell, now: Micros) -> None:
    """Do what comes before the events received at `now`: midnights, and what was due before it.

    Where other processes play what falls due, only that of the events' own customers comes first,
    which the core sees to.
    """
    _reach(shell, now)
    if not shell.store.shared and shell.due_by(now - 1):
        _play(shell, now - 1, CATCH_UP)


def _reach(shell: Shell, now: Micros) -> int:
    """Compute the base-wide figures of the midnights up to `now` that have none yet."""
    played = 0
    for midnight in shell.figures.midnights(now):
        if shell.store.shared and shell.figures.computed(midnight):
            continue
        played += _everything(shell, midnight - 1)
        # Nobody else decides anything while the base is counted: what is received from this midnight
        # on is decided by its figures.
        with shell.store.alone():
            if shell.store.shared and shell.figures.computed(midnight):
                continue
            played += _everything(shell, midnight - 1)
            with tracing.span("midnight"), shell.turn(midnight) as turn:
                figures = shell.figures.compute(turn.writer, midnight)
                at_midnight(turn.world, turn.cast, turn.changes, figures, midnight)
                crashpoint("midnight_computed")
            crashpoint("midnight_kept")
    return played


def _everything(shell: Shell, until: Micros) -> int:
    played = 0
    while more := _play(shell, until, BATCH):
        played += more
    return played


def _play(shell: Shell, until: Micros, budget: int, shard: int | None = None) -> int:
    played = 0
    while played < budget and (more := _play_some(shell, until, min(BATCH, budget - played), shard)):
        played += more
    return played


def _play_some(shell: Shell, until: Micros, limit: int, shard: int | None) -> int:
    """Play a batch of those who are due; give how many they were."""
    aside = {customer for customer, each in shell.set_aside.items() if each.again > until}
    with shell.store.reader() as reader:
        if not set(reader.due_customers(until, 1 + len(aside))) - aside:
            return 0
    claimed: list[str] = []
    try:
        with tracing.span("tick") as span, shell.turn(until) as turn:
            due = turn.writer.claim_due(until, limit + len(aside), shard)
            claimed = [customer for customer in due if customer not in aside][:limit]
            span.tell("holdfast.customers", len(claimed))
            crashpoint("due_claimed")
            _play_all(turn, claimed, until)
    except StoreError:
        raise
    except Exception as error:
        _retry_apart(shell, claimed, until, error)
    else:
        _forget(shell, claimed)
    return len(claimed)


def _play_all(turn: Turn, customers: Sequence[str], until: Micros) -> None:
    turn.cast.preload(customers)
    for customer in customers:
        play_due(turn.world, turn.cast, turn.changes, customer, until)
        # Its next due is stored anew even where nothing came of what was due.
        turn.changes.customers.setdefault(customer)


def _retry_apart(shell: Shell, customers: Sequence[str], until: Micros, error: Exception) -> None:
    """Play those among whom the core failed on somebody, half by half, until it is known on whom."""
    if len(customers) == 1:
        _set_aside(shell, customers[0], until, error)
        return
    middle = len(customers) // 2
    for half in (customers[:middle], customers[middle:]):
        try:
            with shell.turn(until) as turn:
                _play_all(turn, half, until)
        except StoreError:
            raise
        except Exception as again:
            _retry_apart(shell, half, until, again)
        else:
            _forget(shell, half)


def _forget(shell: Shell, customers: Sequence[str]) -> None:
    for customer in customers:
        shell.set_aside.pop(customer, None)


def _set_aside(shell: Shell, customer: str, until: Micros, error: Exception) -> None:
    """Leave a customer for a minute; after the last try, end as failed those of its runs that are due."""
    before = shell.set_aside.get(customer)
    tries = 1 if before is None else before.tries + 1
    shell.set_aside[customer] = Aside(until + _SET_ASIDE, tries)
    _log.error("core_error", error=type(error).__name__, tries=tries, exc_info=error)
    if tries < TRIES:
        return
    try:
        with shell.turn(until) as turn:
            ended = give_up(turn.cast, turn.changes, customer, type(error).__name__, until)
    except StoreError:
        raise
    except Exception as again:
        _log.error("core_error", error=type(again).__name__, exc_info=again)
        return
    if ended:
        del shell.set_aside[customer]
        _log.error("runs_failed", runs=ended)
