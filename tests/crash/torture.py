"""Torture: clients post to a deployment whose processes are killed at random, and then it is counted.

Each event is posted one to three times, in any order, each time until it is answered with 200. A
round is a fresh database on which a few hundred kills fall; what it has come to is held against what
was posted.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError
from engine.model.values import SECOND
from engine.runtime.crashpoint import Crashpoint
from engine.store.opening import open_store
from tests.crash.deployment import (
    Deployment,
    Part,
    Process,
    key_of,
    leases_of,
    one_process,
    several_processes,
)
from tests.crash.market import Order, arrivals, draw, lay_out_market
from tests.crash.oracle import Findings, examine
from tests.crash.sink import Sink, sinking
from tests.servers import postgres_url, redis_server

CUSTOMERS = 40
CLIENTS = 4
PER_KILL = 4
"""Orders that become due to be posted with each kill."""
PATIENCE = 120
"""Seconds in which everything has to come to rest after the last kill."""
LIFE = 0.3
"""Seconds at most that a process lives once it works, on average over them all half of it."""
OFTEN = frozenset(
    ("turn_opened", "before_flush", "before_commit", "after_commit", "accepted", "before_answer",
     "due_claimed", "after_claim", "before_send", "after_send", "before_settle", "after_settle")
)  # fmt: skip
"""Crash points that every process comes by again and again."""
ROUND = 250
"""Kills that fall on one database."""


class Report(msgspec.Struct, kw_only=True):
    """What rounds have come to; `in_flight_bound` are the effects on their way when a process died."""

    store: str
    kills: int = 0
    runs: int = 0
    lost: int = 0
    internal_duplicates: int = 0
    external_duplicates: int = 0
    in_flight_bound: int = 0
    seconds: float = 0.0
    problems: list[str] = []

    @property
    def good(self) -> bool:
        """Tell whether nothing was lost, and nothing done twice but what nobody could know was done."""
        return (
            not self.lost
            and not self.internal_duplicates
            and self.external_duplicates <= self.in_flight_bound
        )


class Clients:
    """Client threads that post units of events: each unit some times, from any of them."""

    def __init__(self, key: str, address: Callable[[], str | None], chance: random.Random) -> None:
        self._head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._address = address
        self._chance = chance
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, list[dict[str, Any]]]] = []
        self._posting = 0
        self._ended = False
        self.statuses: Counter[int] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def post(self, unit: list[dict[str, Any]], after: float = 0.0) -> None:
        """Let a unit be posted one to three times, in so many seconds; the repeats come near it or late."""
        now = time.monotonic() + after
        with self._lock:
            self._waiting.append((now, unit))
            for _ in range(self._chance.randrange(3)):
                self._waiting.append((now + self._chance.choice((0.0, 0.0, 1.0, 3.0)), unit))

    def rest(self) -> None:
        """Wait until all of it has been acknowledged."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self._lock:
                if not self._waiting and not self._posting:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{len(self._waiting)} units are never acknowledged: {self.statuses}")

    def end(self) -> None:
        """End the threads."""
        self._ended = True
        for thread in self._threads:
            thread.join()

    def _take(self) -> list[dict[str, Any]] | None:
        now = time.monotonic()
        with self._lock:
            ready = [index for index, (at, _) in enumerate(self._waiting) if at <= now]
            if not ready:
                return None
            self._posting += 1
            return self._waiting.pop(self._chance.choice(ready))[1]

    def _run(self) -> None:
        while not self._ended:
            unit = self._take()
            if unit is None:
                time.sleep(0.01)
                continue
            while not self._ended and not self._told(unit):
                time.sleep(0.02)
            with self._lock:
                self._posting -= 1

    def _told(self, unit: list[dict[str, Any]]) -> bool:
        """Post a unit once; tell whether it was acknowledged."""
        address = self._address()
        if address is None:
            return False
        try:
            door = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
            with contextlib.closing(door):
                door.request("POST", "/v1/events", json.dumps(unit), self._head)
                answer = door.getresponse()
                body = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        with self._lock:
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.acknowledged.update(one["id"] for one in unit)
                if body["accepted"] + body["duplicates"] != len(unit):
                    self.failures.append(f"{unit} is answered with {body}")
            elif answer.status != 503:
                self.failures.append(f"{unit} is answered with {answer.status} {body}")
        return answer.status == 200


class Cluster:
    """The processes of a deployment that run now."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.running: dict[Part, Process] = {part: deployment.start(part) for part in deployment.parts}
        self._door = next(part for part in deployment.parts if part.doors)
        self.in_flight: set[tuple[str, int]] = set()
        self.kills = 0
        self._armed: set[Part] = set()

    def address(self) -> str | None:
        """Give where the doors are now, None while nobody is behind them."""
        return self.running[self._door].known

    def kill(self, part: Part, next_end: Crashpoint | None = None) -> None:
        """Kill one as kill -9 does, note what was on its way, and start it again at once.

        The next may be one that kills itself at a crash point, if it comes by before it is killed.
        """
        self.running[part].kill()
        if part.works:
            self.in_flight |= leases_of(self.deployment)
        self.kills += 1
        self.running[part] = self.deployment.start(part, next_end)
        self._armed = self._armed - {part} | ({part} if next_end else set())

    def at_work(self, part: Part) -> None:
        """Wait until one works; one that is to kill itself may have done so."""
        address = self.running[part].address()
        assert address is not None or part in self._armed, f"{part.name} has ended by itself"

    def stop(self) -> None:
        """Stop all of them in order."""
        for process in self.running.values():
            assert process.address() is not None, f"{process.part.name} has ended by itself"
        for process in self.running.values():
            assert process.stop() == 0, f"{process.part.name} does not end well"


@contextmanager
def deployed(store: str, folder: Path, sink: Sink, lease: str = "2s") -> Generator[tuple[Deployment, Any]]:
    """Lay out a market and give what is to run it, with its Redis where there is one."""
    lay_out_market(folder, sink.address)
    if store == "sqlite":
        yield one_process(folder, lease), None
    else:
        with redis_server() as redis:
            yield several_processes(folder, postgres_url(), redis.url, lease), redis


def rest(deployment: Deployment, seconds: float = PATIENCE) -> None:
    """Wait until every run has ended and every effect has settled."""
    reading = open_store(deployment.place.url, exclusive=False)
    try:
        end = time.monotonic() + seconds
        quiet = 0
        while time.monotonic() < end:
            with suppress(StoreError, SQLAlchemyError), reading.reader() as reader:
                found, due = reader.census(0), reader.earliest_due()
                soon = due is not None and due < time.time_ns() // 1000 + 60 * SECOND
                quiet = 0 if found.open_runs or found.waiting_effects or soon else quiet + 1
                if quiet == 2:
                    return
            time.sleep(0.1)
        raise AssertionError(f"it does not come to rest: {found}, next due {due}")
    finally:
        reading.close()


class Round:
    """One database, tortured: `orders` are what was posted."""

    def __init__(self, deployment: Deployment, sink: Sink, chance: random.Random) -> None:
        self.sink = sink
        self.key = key_of(deployment)
        self.cluster = Cluster(deployment)
        self.chance = chance
        self.orders: list[Order] = []
        self.clients = Clients(self.key, self.cluster.address, random.Random(chance.random()))
        self.clients.post(arrivals(time.time_ns() // 1000, CUSTOMERS))

    def order(self, number: int) -> None:
        """Let so many more orders be posted."""
        for _ in range(number):
            order = draw(self.chance, len(self.orders), CUSTOMERS, time.time_ns() // 1000)
            self.orders.append(order)
            self.clients.post(order.first)
            if order.after is not None and order.kind != "late":
                wait, event = order.after
                self.clients.post([event], wait / SECOND)

    def torture(self, kills: int) -> None:
        """Kill so many processes."""
        parts = self.cluster.deployment.parts
        for _ in range(kills):
            self.order(PER_KILL)
            part = self.chance.choice(parts)
            # Mostly one that is at work; now and then one that is only starting.
            if self.chance.random() < 0.9:
                self.cluster.at_work(part)
            time.sleep(self.chance.random() * LIFE / len(parts))
            self.cluster.kill(part, self._end())
        for part in parts:
            self.cluster.kill(part)

    def _end(self) -> Crashpoint | None:
        """Draw where the next process kills itself: seven of ten do not."""
        if self.chance.random() < 0.7:
            return None
        return Crashpoint(self.chance.choice(sorted(OFTEN)), self.chance.randrange(1, 20))  # type: ignore[arg-type]

    def conclude(self) -> Findings:
        """Let everything come to rest, post what comes too late, stop all processes, and count."""
        self.clients.rest()
        rest(self.cluster.deployment)
        for order in self.orders:
            if order.kind == "late" and order.after is not None:
                self.clients.post([order.after[1]])
        self.clients.rest()
        rest(self.cluster.deployment)
        self.cluster.stop()
        self.clients.end()
        findings = examine(self.cluster.deployment, self.orders, self.clients.acknowledged, self.sink)
        findings.lost += self.clients.failures
        return findings


def torture(
    store: str, kills: int, seed: int, told: Callable[[str], object] = len, at_once: int = 1
) -> Report:
    """Torture a store with so many kills, in rounds on databases of their own, some of them `at_once`.

    Equal seeds draw equal orders and victims.
    """
    began, report, lock = time.monotonic(), Report(store=store), threading.Lock()

    def play(first: int) -> None:
        chance = random.Random(f"{seed}:{first}")
        with tempfile.TemporaryDirectory(prefix="holdfast-torture-") as name, sinking() as sink:
            with deployed(store, Path(name), sink) as (deployment, _):
                this = Round(deployment, sink, chance)
                this.torture(min(ROUND, kills - first) - len(deployment.parts))
                findings = this.conclude()
        with lock:
            add(report, this, findings)
            report.seconds = round(time.monotonic() - began, 1)
            told(f"{report.kills} kills, {report.runs} runs, {report.seconds} s")
            for problem in (*findings.lost, *findings.twice):
                told(problem)

    with ThreadPoolExecutor(at_once) as rounds:
        list(rounds.map(play, range(0, kills, ROUND)))
    return report


def add(report: Report, this: Round, findings: Findings) -> None:
    """Add what a round has come to."""
    report.kills += this.cluster.kills
    report.runs += findings.runs
    report.lost += len(findings.lost)
    report.internal_duplicates += len(findings.twice)
    report.external_duplicates += sum(number - 1 for number in this.sink.taken.values())
    report.in_flight_bound += len(this.cluster.in_flight)
    report.problems += [f"lost: {each}" for each in findings.lost]
    report.problems += [f"twice: {each}" for each in findings.twice]
