"""Events that come three times in any order, and a clock that jumps: what becomes of them stays the same."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.model.values import HOUR, SECOND, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.crash.deployment import Deployment, Place
from tests.crash.market import SOURCE, Order, arrivals, draw, lay_out_market
from tests.crash.oracle import examine
from tests.crash.shop import START
from tests.crash.sink import Sink
from tests.servers import postgres_url

ORDERS, CUSTOMERS = 120, 10
EVERY: Micros = SECOND // 10


class JumpingClock(VirtualClock):
    """A clock that is set by hand now and then, forth and back."""

    def jump(self, by: Micros) -> None:
        self._now += by


def market(folder: Path, store: str) -> Deployment:
    lay_out_market(folder, "http://127.0.0.1:9/")
    url = postgres_url() if store == "postgres" else f"sqlite:///{folder / 'holdfast.db'}"
    return Deployment(Place(folder=folder, url=url), ())


def posts(
    chance: random.Random, orders: list[Order], times: int
) -> list[tuple[Micros, list[dict[str, Any]]]]:
    """Give units of events with when each is posted: so many times, the repeats at any time after."""
    told = [(START, arrivals(START, CUSTOMERS))]
    for order in orders:
        told.append((order.at, order.first))
        if order.after is not None:
            later, event = order.after
            told.append((order.at + later, [event]))
    again = [(at + chance.randrange(ORDERS * EVERY), unit) for _ in range(times - 1) for at, unit in told]
    return sorted(told + again, key=lambda each: each[0])


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_every_event_three_times_is_every_event_once(store: str, tmp_path: Path) -> None:
    # given orders whose events are posted three times each, the repeats in any order
    chance = random.Random(7)
    deployment, clock = market(tmp_path, store), VirtualClock(START)
    orders = [draw(chance, each, CUSTOMERS, START + each * EVERY) for each in range(ORDERS)]
    told = posts(chance, orders, times=3)
    actions, recorded = recording()

    # when all of them have been taken in, and everything is played to its end
    sent: Counter[str] = Counter()
    with Engine.open(tmp_path, deployment.place.url, clock, actions=actions, work=False) as engine:
        for at, unit in told:
            engine.run_until(at)
            engine.ingest(unit, source=SOURCE, may_grant=True).result()
            sent.update(one["id"] for one in unit)
        engine.run_until(told[-1][0] + HOUR // 2)
        counted = engine.doctor()

    # then each has counted once
    assert set(sent.values()) == {3}
    assert (counted["accepted"], counted["duplicates"]) == (len(sent), 2 * len(sent))
    sink = sink_of(recorded)
    findings = examine(deployment, orders, sent, sink)
    assert findings.lost + findings.twice == []
    assert set(sink.taken.values()) == {1}


@pytest.mark.parametrize("seed", range(2))
def test_a_clock_that_jumps_an_hour_doubles_nothing(seed: int, tmp_path: Path) -> None:
    # given a machine whose clock is set an hour on or back now and then, and an engine that is restarted
    chance = random.Random(seed)
    deployment, clock = market(tmp_path, "sqlite"), JumpingClock(START)
    orders = [draw(chance, each, CUSTOMERS, START + each * EVERY) for each in range(ORDERS)]
    actions, recorded = recording()
    engine = Engine.open(tmp_path, deployment.place.url, clock, actions=actions, work=False)

    # when orders come meanwhile
    sent: Counter[str] = Counter()
    for number, (_, unit) in enumerate(posts(chance, orders, times=2)):
        clock.jump(EVERY)
        if number % 20 == 10:
            clock.jump(chance.choice((-HOUR, HOUR)))
        if number % 50 == 15:
            engine.close()
            engine = Engine.open(tmp_path, deployment.place.url, clock, actions=actions, work=False)
        engine.ingest(unit, source=SOURCE, may_grant=True).result()
        sent.update(one["id"] for one in unit)
        engine.tick()
    clock.jump(30 * HOUR)
    while engine.tick():
        continue
    engine.close()

    # then everything has been done, and once
    sink = sink_of(recorded)
    findings = examine(deployment, orders, sent, sink)
    assert findings.lost + findings.twice == []
    assert set(sink.taken.values()) == {1}


def sink_of(recorded: dict[str, Any]) -> Sink:
    sink = Sink()
    sink.taken.update(each.key for each in recorded["webhook.call"].deliveries)
    return sink
