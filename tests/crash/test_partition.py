"""A worker that is cut off from everybody past its lease, and comes back: its late settlement is refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.runtime.engine import Engine
from engine.store.opening import open_store
from tests.servers import Postgres, redis_server

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE, LEASE = 60.0, 2.0
NAMES = ("api", "one", "two")

FILES = {
    "holdfast.yaml": """
name: Shop
connectors:
  webhooks:
    crm: {{url: "http://sink.example:{port}/crm", hosts: ["sink.example:{port}", sink.example]}}
""",
    "rules/ordered.yaml": """
rule: ordered
owner: shop
description: Tell the CRM of an order.
status: live
when: {{event: order_completed}}
then:
  - run: tell
""",
    "workflows/tell.yaml": """
workflow: tell
owner: shop
class: service
description: Tell the CRM, then count it.
key: event.order_id
reentry: always
steps:
  - do: webhook.call
    with: {{webhook: crm, body: {{order: =event.order_id}}}}
  - do: event.emit
    with: {{event: told}}
""",
}


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def namespaces() -> Iterator[dict[str, str]]:
    """Give a network namespace for each process, joined to this one; skip where none may be made."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need root and iproute2")
    tag = f"hf{os.getpid() % 10_000}"
    with ExitStack() as undo:
        for number, name in enumerate(NAMES, 1):
            place, here, there = f"{tag}{name}", f"{tag}h{number}", f"{tag}p{number}"
            try:
                ip("netns", "add", place)
            except subprocess.CalledProcessError:
                pytest.skip("network namespaces may not be made on this machine")
            undo.callback(ip, "netns", "del", place)
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", place)
            ip("addr", "add", f"10.213.{number}.1/30", "dev", here)
            ip("link", "set", here, "up")
            ip("-n", place, "addr", "add", f"10.213.{number}.2/30", "dev", there)
            ip("-n", place, "link", "set", there, "up")
            ip("-n", place, "link", "set", "lo", "up")
        yield {name: f"{tag}{name}" for name in NAMES}


class Sink:
    """A CRM that keeps what it is told, and does something when it is told the first time."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.first: Callable[[str], object] = len
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                sink.told.append((self.client_address[0], self.headers["Idempotency-Key"]))
                if len(sink.told) == 1:
                    sink.first(self.client_address[0])
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def process(place: str, folder: Path, address: str, *words: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a command of holdfast in a namespace; it finds the sink under the address of its own link."""
    hosts = folder.parent / f"hosts-{place}"
    hosts.write_text(f"127.0.0.1 localhost\n{address} sink.example\n")
    inside = f"mount --bind {hosts} /etc/hosts && exec {sys.executable} -m api.cli.main " + " ".join(words)
    log = (folder.parent / f"{place}.log").open("wb")
    running = subprocess.Popen(
        ["ip", "netns", "exec", place, "unshare", "--mount", "sh", "-c", inside],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "HOLDFAST_LEASE": f"{LEASE:g}s"},
        stdout=log,
        stderr=log,
    )
    try:
        yield running
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        log.close()


def until(found: Callable[[], Any]) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if got := found():
            return got
        threading.Event().wait(0.05)
    raise AssertionError("it never came to that")


def lay_out(folder: Path, port: int) -> None:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(port=port).lstrip())


def test_a_worker_that_was_cut_off_past_its_lease_settles_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        # given an API and two workers, each in a network of its own
        places = stack.enter_context(namespaces())
        sink = Sink()
        stack.callback(sink.close)
        folder = tmp_path / "shop"
        lay_out(folder, sink.port)
        database = Postgres(tcp=True)
        stack.callback(database.close)
        redis = stack.enter_context(redis_server(everywhere=True))
        with Engine.open(folder, database.url, work=False) as engine:
            key = engine.create_key("ingest", "shop").text
        links = {f"10.213.{number}.2": (f"10.213.{number}.1", name) for number, name in enumerate(NAMES, 1)}
        for address, name in links.values():
            reach = ("--database", database.url_at(address), "--redis", f"redis://{address}:{redis.port}/0")
            words = ("serve", "--no-worker", "--host", "0.0.0.0", "--port", "8080")
            stack.enter_context(
                process(places[name], folder, address, *(words if name == "api" else ("worker",)), *reach)
            )

        cut_off: list[str] = []

        def cut(client: str) -> None:
            name = links[client][1]
            cut_off.append(name)
            ip("link", "set", link_of(name), "down")

        def link_of(name: str) -> str:
            return places[name].removesuffix(name) + f"h{NAMES.index(name) + 1}"

        # when the one that sends is cut off before it hears that it was taken
        sink.first = cut
        api = httpx.Client(base_url="http://10.213.1.2:8080", trust_env=False)
        stack.callback(api.close)
        until(lambda: answers(api))
        order = {"customer": "ann", "event": "order_completed", "id": "o1", "order_id": "o1"}
        answer = api.post("/v1/events", json=[order], headers={"Authorization": f"Bearer {key}"})
        assert answer.json()["accepted"] == 1

        # then the other one sends it anew once the lease is over, under the same key, and settles it
        store = open_store(database.url, exclusive=False)
        stack.callback(store.close)
        run = until(lambda: ended(store))
        assert len(sink.told) == 2
        assert len({address for address, _ in sink.told}) == 2
        assert len({key for _, key in sink.told}) == 1

        # and the first, when it is back, is refused and changes nothing
        before = steps(store, run)
        ip("link", "set", link_of(cut_off[0]), "up")
        log = tmp_path / f"{places[cut_off[0]]}.log"
        until(lambda: any(told(line, "overtaken") for line in log.read_text().splitlines()))
        assert steps(store, run) == before
        assert len(sink.told) == 2
        with store.reader() as reader:
            (row,) = reader.effects(run)
            assert (row.outcome, row.fence) == ("executed", 2)
            assert [one.name for one in reader.events_of(["ann"])].count("told") == 1


def answers(api: httpx.Client) -> bool:
    try:
        return api.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def ended(store: Any) -> str | None:
    with store.reader() as reader:
        return next((run.id for run in reader.runs() if not run.open), None)


def steps(store: Any, run: str) -> list[Any]:
    with store.reader() as reader:
        return [(each.seq, each.path, each.outcome) for each in reader.attempts(run)]


def told(line: str, event: str) -> bool:
    try:
        return bool(json.loads(line).get("event") == event)
    except ValueError:
        return False
