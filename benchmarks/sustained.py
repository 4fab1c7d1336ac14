"""sustained_*: minutes of events over HTTP at four fifths of the peak; memory, answers, and nothing lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks import shopping
from benchmarks.apart import resident
from benchmarks.commands import must_balance, size_of
from benchmarks.intake import BATCH, CLIENTS, Server, held, pushed, served
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock

MINUTES = 10
SHARE = 0.8
LOOK = 30.0
"""Seconds between two looks at the memory."""
CUSTOMERS, KNOWN = 100_000, 500_000
"""So many customers, and so many events before: 993 of 1,000 customers are known by then.

An event of a customer who is known costs more than the first one of somebody new, above all of one who is
not among the 20,000 that a process keeps in memory: a peak of a base that is still filling up is none.
"""
AGAIN = 50
"""Of so many batches one is sent twice, as clients do that had no answer."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Find the peak, push four fifths of it, and hold what was sent against what is stored."""
    minutes, count = (1, 20_000) if quick else (MINUTES, 200_000)
    with served(folder, KNOWN, CUSTOMERS) as server:
        peak = count / server.push(folder, "/v1/events", _bodies("peak", count), CLIENTS)["seconds"]
        before = size_of(server.database)
        with Watch(server.process.pid) as watch:
            told = list(_minutes(folder, server, minutes, int(peak * SHARE)))
        grown = size_of(server.database) - before
    must_balance(folder / "shop", server.database)
    accepted, duplicates = (sum(each[name] for each in told) for name in ("accepted", "duplicates"))
    sent = sum(each["sent"] for each in told)
    stored, decisions = held(server.database)
    if not sent == accepted + duplicates or stored != KNOWN + count + accepted:
        raise RuntimeError(f"{sent} events were sent, {accepted} + {duplicates} answered, {stored} are there")
    p99 = [_at(each["taken"], 0.99) for each in told]
    return [
        Row(
            name="sustained",
            value=sent / sum(each["seconds"] for each in told),
            unit="events/s",
            detail={
                "minutes": minutes,
                "peak": round(peak),
                "sent": sent,
                "stored": accepted,
                "duplicates": duplicates,
                "decisions": decisions,
                "balanced": True,
                "bytes_an_event": round(grown / accepted),
            },
        ),
        Row(
            name="sustained_p99",
            value=max(p99),
            unit="ms, worst minute",
            more_is_better=False,
            detail={"p99_ms": p99, "p50_ms": [_at(each["taken"], 0.5) for each in told]},
        ),
        Row(
            name="sustained_memory",
            value=watch.megabytes[-1] - watch.megabytes[0],
            unit="MB grown",
            more_is_better=False,
            detail={"every_s": LOOK, "resident_mb": watch.megabytes},
        ),
    ]


def _minutes(folder: Path, server: Server, minutes: int, rate: int) -> Iterator[dict[str, Any]]:
    """Push minute after minute; the events of the next one are made while one is pushed."""

    def plan(minute: int) -> tuple[Path, int]:
        file = folder / f"minute-{minute}.json"
        bodies = _bodies(f"minute-{minute}", rate * 60 * AGAIN // (AGAIN + 1))
        bodies += bodies[::AGAIN]
        server.plan(file, "/v1/events", bodies, CLIENTS, len(bodies) / 60)
        return file, sum(body.count('"customer":') for body in bodies)

    with ThreadPoolExecutor(1) as beside:
        following = beside.submit(plan, 0)
        for minute in range(minutes):
            file, sent = following.result()
            if minute + 1 < minutes:
                following = beside.submit(plan, minute + 1)
            yield pushed(file) | {"sent": sent}
            file.unlink()


def _bodies(name: str, count: int) -> list[str]:
    now = SystemClock().now()
    return [json.dumps(batch) for batch in shopping.happenings(count, now, BATCH, name, CUSTOMERS)]


def _at(taken: list[float], share: float) -> float:
    return round(taken[int(len(taken) * share)] * 1000, 1)


class Watch:
    """Looks at the memory of a process now and then, first when it begins and last when it ends."""

    def __init__(self, process: int) -> None:
        self.megabytes: list[int] = []
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK):
            self._look()

    def _look(self) -> None:
        self.megabytes.append(round(resident(self._process) / 1e6))
