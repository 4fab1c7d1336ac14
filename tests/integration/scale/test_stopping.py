"""Stopping and restarting processes one after the other, while events come in and effects go out."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.runtime.engine import Engine
from engine.runtime.operating import doctor
from engine.store.opening import open_store
from tests.crash.deployment import Deployment, Part, Place, Process, key_of
from tests.crash.shop import arrival, lay_out
from tests.integration.scale.shops import Shared, order, until
from tests.servers import Redis, postgres_url

DOOR, OTHER = Part("serve", doors=True, works=False), Part("other", doors=True, works=False)
WORKERS = (Part("worker0", doors=False), Part("worker1", doors=False))
REPOSITORY = Path(__file__).resolve().parents[3]
HOOK = {
    "holdfast.yaml": """
name: Test shop
timezone: UTC
people:
  desk: {email: desk@example.com}
connectors:
  webhooks:
    crm: {url: "http://127.0.0.1:PORT/crm", hosts: ["127.0.0.1:PORT", 127.0.0.1]}
""",
    "workflows/thank-you.yaml": """
workflow: thank-you
owner: shop
class: service
description: Tell the CRM.
needs: {total: number}
key: event.order_id
reentry: always
steps:
  - do: webhook.call
    with: {webhook: crm, body: {order: =event.order_id}}
""",
}
NAMES = [f"c{number}" for number in range(10)]
PATIENCE = 30


@pytest.fixture
def deployment(tmp_path: Path, redis: Redis) -> Deployment:
    place = Place(folder=lay_out(tmp_path / "shop"), url=postgres_url(), redis=redis.url)
    return Deployment(place, (DOOR, OTHER, *WORKERS))


class Clients:
    """Clients that post orders until they are told to end, each to any door that answers."""

    def __init__(self, key: str, doors: list[Process]) -> None:
        self.doors = doors
        self.answered: list[str] = []
        self._key = key
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(3)]
        for thread in self._threads:
            thread.start()

    def _post(self, client: int) -> None:
        number = 0
        with httpx.Client(trust_env=False, timeout=30) as http:
            while not self._ending.is_set():
                five = range(number, number + 5)
                told = [order(NAMES[each % 10], f"o{client}-{each}", 200) for each in five]
                number += 5
                while not self._taken(http, told):
                    self._ending.wait(0.02)

    def _taken(self, http: httpx.Client, told: list[dict[str, Any]]) -> bool:
        for door in list(self.doors):
            try:
                head = {"Authorization": f"Bearer {self._key}"}
                answer = http.post(f"{door.address()}/v1/events", json=told, headers=head)
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                self.answered += [each["id"] for each in told]
                return True
            assert answer.status_code == 503, answer.text
        return False

    def more(self, number: int = 50) -> None:
        """Wait until so many more events have been answered."""
        target = len(self.answered) + number
        until(lambda: len(self.answered) >= target)

    def end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()


def test_processes_restarted_one_after_the_other_under_load_lose_nothing(deployment: Deployment) -> None:
    # given two API processes and two workers, and clients that go on posting
    key = key_of(deployment)
    running = {part.name: deployment.start(part) for part in deployment.parts}
    doors = [running["serve"], running["other"]]
    _arrive(deployment, key, doors[0])
    clients = Clients(key, doors)
    try:
        for part in deployment.parts:
            clients.more()
            # when each is asked to stop, and started anew
            assert running[part.name].stop() == 0
            running[part.name] = deployment.start(part)
            if part.doors:
                clients.doors[:] = [running["serve"], running["other"]]
        clients.more()
    finally:
        clients.end()

    # then everything that was answered is there, and each order is thanked for once
    store = open_store(deployment.place.url, exclusive=False)

    def thanked() -> int:
        with store.reader() as reader:
            runs = reader.runs(workflow="thank-you", limit=100_000)
            return sum(any(row.outcome == "executed" for row in reader.effects(run.id)) for run in runs)

    until(lambda: thanked() == len(clients.answered), 60)
    found = doctor(store, store.now() or 0)
    assert found["balanced"]
    assert len(set(clients.answered)) == len(clients.answered)
    assert found["accepted"] == len(clients.answered) + len(NAMES)
    with store.reader() as reader:
        letters = [row for run in reader.runs(limit=100_000) for row in reader.effects(run.id)]
    assert {row.outcome for row in letters} == {"executed"}
    # each has a file of its own, under a name that a second sending would share
    assert len(list((deployment.place.folder / "outbox").glob("*.eml"))) >= len(letters)

    # and whoever stopped is no longer listed
    assert len(found["processes"]) == len(deployment.parts)
    for process in running.values():
        assert process.stop() == 0
    assert doctor(store, store.now() or 0)["processes"] == []
    store.close()


def _arrive(deployment: Deployment, key: str, door: Process) -> None:
    with Engine.open(deployment.place.folder, deployment.place.url, work=False, role="command") as engine:
        told = [arrival(time.time_ns() // 1000, name) for name in NAMES]
        engine.ingest(told, source="shop", may_grant=True).result()
    assert door.address() is not None


@pytest.mark.parametrize("command", [("worker",), ("serve", "--port", "0")], ids=["worker", "serve"])
def test_whoever_cannot_end_in_time_is_ended_and_another_goes_on(
    shared: Shared, command: tuple[str, ...]
) -> None:
    # given a process that waits for an answer that does not come
    with socket.create_server(("127.0.0.1", 0)) as silent:
        files = {name: text.replace("PORT", str(silent.getsockname()[1])) for name, text in HOOK.items()}
        folder = shared.folder("shop", files)
        api = shared.open(folder)
        api.ingest([order("ann", "o1", 200)], source="shop").result()
        line = [sys.executable, "-m", "api.cli.main", *command, "--database", shared.url, "--grace", "1"]
        quiet, settings = subprocess.DEVNULL, {"PYTHONPATH": str(REPOSITORY), "HOLDFAST_LEASE": "2s"}
        with subprocess.Popen(line, cwd=folder, env=os.environ | settings, stdout=quiet) as process:
            silent.settimeout(PATIENCE)
            waiting, _ = silent.accept()

            # when it is asked to stop, then it does not wait for longer than it was allowed
            since = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            assert time.monotonic() - since < 6
            waiting.close()

        # and what it had begun is done by another once its lease is over
        shared.open(role="worker", work=True)
        until(lambda: any(each["webhook.call"].deliveries for each in shared.recorders.values()))
