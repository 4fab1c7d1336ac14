"""Staging: a demo base played into a database by the real engine, on a virtual clock."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from api.cli.starter import starter_files
from api.cli.terminal import Tell, silently
from engine.authoring.demo import Demo, generate
from engine.authoring.demo.calendar import ending
from engine.customers.zones import moment_of
from engine.errors import RequestError
from engine.escalation.case import Case
from engine.model.values import HOUR, MINUTE, Micros
from engine.runs.run import AskItem
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.logs import configure

TOGETHER: Micros = 30 * MINUTE
"""Deliveries this close together are received at one instant: each instant is a commit on the disk."""

SOURCE = "demo"

LEFT: Micros = 26 * HOUR
"""What came within so long before the end nobody at the desk has looked at yet: it waits for a visitor."""

AT_THE_DESK = range(8, 17)
"""The hours, in UTC and on weekdays, at which the desk looks what there is."""


def lay_out(folder: Path) -> Path:
    """Write the starter policy into a folder, and give the folder."""
    for name, data in starter_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def stage(
    folder: Path,
    url: str,
    now: Micros,
    *,
    seed: int,
    customers: int,
    days: int,
    tell: Tell = silently,
) -> None:
    """Play a base whose last day is that of `now` into a database, up to `now`.

    Raises RequestError where a base cannot be so small, or so long.
    """
    first, all_days = ending(moment_of(now).date(), days)
    try:
        demo = generate(seed, customers, all_days, first, now)
    except ValueError as error:
        raise RequestError(str(error)) from error
    play_into(folder, url, demo, now, tell)


def play_into(folder: Path, url: str, demo: Demo, until: Micros, tell: Tell = silently) -> None:
    """Play a base, and on to an instant after it; what it sends is recorded and goes nowhere.

    Somebody sits at the desk meanwhile, see `Desk`.
    """
    configure(logging.WARNING)
    clock = VirtualClock(demo.start)
    actions, _ = recording()
    done = 0
    with Engine.open(folder, url, clock, actions=actions, work=False) as engine:
        desk = Desk(engine, until - LEFT)
        for _, portion in groupby(demo.events, key=lambda delivery: delivery.received_at // TOGETHER):
            deliveries = list(portion)
            engine.run_until(deliveries[-1].received_at - 1)
            clock.move_to(deliveries[-1].received_at)
            desk.look(clock.now())
            engine.ingest([each.body for each in deliveries], source=SOURCE, may_grant=True).result()
            done += len(deliveries)
            tell("playing events", done, len(demo.events))
        engine.run_until(until)


class Desk:
    """Whoever is asked and told in a demo: they answer most questions, and take and resolve most cases, some
    hours after these came. How soon, and what they say, is in the ids, so that it is the same each time.

    Nothing is done after `until`.
    """

    def __init__(self, engine: Engine, until: Micros) -> None:
        self._engine = engine
        self._until = until
        self._looks_at: Micros = 0

    def look(self, now: Micros) -> None:
        """Do what there is to do, at most once an hour and while the desk is there."""
        moment = moment_of(now)
        if not self._looks_at <= now <= self._until or moment.weekday() > 4 or moment.hour not in AT_THE_DESK:
            return
        self._looks_at = now + HOUR
        with self._engine.store.reader() as reader:
            asks = reader.asks(limit=1000)
        for ask in self._ripe(asks, now):
            self._engine.answer_ask(ask.id, _said(ask), ask.who).result()
        # An answer may have closed a case.
        with self._engine.store.reader() as reader:
            cases = [
                case
                for status in ("open", "acknowledged")
                for case in reader.cases(status=status, limit=1000)
            ]
        for case in cases:
            self._work_on(case, now)

    def _ripe(self, asks: Sequence[AskItem], now: Micros) -> Iterator[AskItem]:
        # One in five is busy with something else, and the question's time runs out.
        return (
            ask for ask in asks if (drawn := _drawn(ask.id)) % 5 and ask.asked_at + drawn % 20 * HOUR <= now
        )

    def _work_on(self, case: Case, now: Micros) -> None:
        drawn = _drawn(case.id)
        who = case.who or SOURCE
        if case.acknowledged_at is None:
            # One in thirty nobody takes, whoever is told: that is what `exhausted` is there to show.
            if drawn % 30 and case.opened_at + (1 + drawn % 28) * HOUR <= now:
                self._engine.acknowledge_case(case.id, who).result()
        elif drawn % 8 and case.acknowledged_at + (2 + drawn % 90) * HOUR <= now:
            self._engine.resolve_case(case.id, who).result()


def _said(ask: AskItem) -> str:
    """Give an answer: not the one that grants something, for which not everybody has the means."""
    choices = ask.choices[:1] if ask.worth is not None else ask.choices
    return choices[_drawn(ask.id) // 100 % len(choices)]


def _drawn(id: str) -> int:
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big")
