"""intake_http, trigger_p99: what comes in over HTTP, on SQLite, with every commit on the disk."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.rows import Row
from benchmarks.shopping import CUSTOMERS, calls, happenings, write
from engine.runtime.clock import SystemClock

CLIENTS = 8
BATCH = 100
PATIENCE = 60


class Server:
    """A served workspace: where it is, a key for everything, and what it has used of a processor."""

    def __init__(self, process: subprocess.Popen[str], address: str, key: str, url: str) -> None:
        self.process = process
        self.address = address
        self.key = key
        self.url = url

    @property
    def database(self) -> Path:
        """Give the file of a base on SQLite."""
        return Path(self.url.removeprefix("sqlite:///"))

    def push(
        self, folder: Path, path: str, bodies: list[str], clients: int, rate: float | None = None
    ) -> Any:
        """Push requests from a process beside it; give what that measured."""
        self.plan(folder / "plan.json", path, bodies, clients, rate)
        return pushed(folder / "plan.json")

    def plan(self, file: Path, path: str, bodies: list[str], clients: int, rate: float | None = None) -> None:
        """Write down what is to be pushed, at `rate` requests a second or as fast as they are answered."""
        host, port = self.address.removeprefix("http://").split(":")
        plan = {
            "host": host, "port": int(port), "path": path, "key": self.key,
            "clients": clients, "bodies": bodies, "rate": rate,
        }  # fmt: skip
        file.write_text(json.dumps(plan))

    def processor_seconds(self) -> float:
        """Give the processor time that the server has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def attempted(plan: Path) -> Any:
    """Push what is planned from a process of its own; give what that measured, refusals too."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pushing", str(plan)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def pushed(plan: Path) -> Any:
    """Push what is planned; give what that measured. Nothing may be refused."""
    result = attempted(plan)
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} requests were refused, the first with {result['refused']}")
    return result


@contextlib.contextmanager
def served(folder: Path, known: int, customers: int = CUSTOMERS) -> Iterator[Server]:
    """Serve the shop from a folder, in a process of its own, after so many events by which it is known."""
    workspace, database = folder / "shop", folder / "holdfast.db"
    write(workspace)
    with serving(workspace, f"sqlite:///{database}") as server:
        before = happenings(known, SystemClock().now(), BATCH, "known", customers)
        server.push(folder, "/v1/events", [json.dumps(batch) for batch in before], CLIENTS)
        yield server


@contextlib.contextmanager
def serving(workspace: Path, url: str) -> Iterator[Server]:
    """Serve a workspace in a process of its own; the database is made where there is none."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "api.cli.main", "serve", "--workspace", str(workspace), "--port", "0",
            "--database", url,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        key = address = None
        for line in process.stdout:
            if found := re.search(r"first admin key.*: (\S+)", line):
                key = found[1]
            if found := re.search(r"on (http://\S+)", line):
                address = found[1]
                break
        if address is None:
            raise RuntimeError("the server did not come up")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/health/ready").status_code == 200:
                    break
            time.sleep(0.05)
        yield Server(process, address, key or "", url)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def measure(folder: Path, quick: bool) -> list[Row]:
    """Push batches as fast as they are answered, then one event a request, then triggers at half load."""
    count = 20_000 if quick else 200_000
    with served(folder, known=5_000) as server:
        now = SystemClock().now()
        bodies = [json.dumps(batch) for batch in happenings(count, now, BATCH)]
        used = server.processor_seconds()
        whole = server.push(folder, "/v1/events", bodies, CLIENTS)
        used = server.processor_seconds() - used
        alone = [json.dumps(batch[0]) for batch in happenings(2_000 if quick else 10_000, now, 1, "alone")]
        single = server.push(folder, "/v1/events", alone, 1)
    stored, decisions = held(server.database)
    if whole["accepted"] != count or stored < count:
        raise RuntimeError(f"of {count} events, {whole['accepted']} were accepted and {stored} are there")
    taken = whole["taken"]
    return [
        Row(
            name="intake_http",
            value=count / whole["seconds"],
            unit="events/s",
            against={"one commit an event": len(alone) / single["seconds"]},
            detail={
                "events": count,
                "clients": CLIENTS,
                "batch": BATCH,
                "decisions": decisions,
                "request_p99_ms": round(taken[len(taken) * 99 // 100] * 1000, 1),
                "server_cpu_us_an_event": round(used / count * 1e6, 1),
            },
        )
    ]


def measure_triggers(folder: Path, quick: bool) -> list[Row]:
    """Call a rule as fast as it is answered, then at half that rate, and see how long a call takes."""
    count = 2_000 if quick else 10_000
    with served(folder, known=20_000) as server:
        bodies = [json.dumps(call) for call in calls(count)]
        path = "/v1/triggers/at-the-counter"
        peak = count / server.push(folder, path, bodies, CLIENTS)["seconds"]
        half = server.push(folder, path, bodies, CLIENTS, peak / 2)["taken"]
    return [
        Row(
            name="trigger_p99",
            value=half[count * 99 // 100] * 1000,
            unit="ms",
            more_is_better=False,
            detail={
                "calls": count,
                "rate": round(peak / 2),
                "peak_rate": round(peak),
                "p50_ms": round(half[count // 2] * 1000, 2),
            },
        )
    ]


def held(database: Path) -> tuple[int, int]:
    """Give how many events from outside are stored, and how many decisions."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        (events,) = connection.execute("SELECT count(*) FROM event WHERE source != 'holdfast'").fetchone()
        (decisions,) = connection.execute("SELECT count(*) FROM decision").fetchone()
        return int(events), int(decisions)
    finally:
        connection.close()
