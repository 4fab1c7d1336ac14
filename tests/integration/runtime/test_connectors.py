"""Connectors: asked whether they have taken something, called at their rate, left alone while down."""

import threading
from collections import Counter
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from engine.model.values import HOUR, MINUTE, SECOND, Micros
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import outbox
from engine.runtime.engine import Engine

WORKFLOW = """
workflow: tell-desk
owner: shop
class: service
description: Tell the CRM.
reentry: always
steps:
  - do: webhook.call
    with: {webhook: crm, body: {total: =event.total}}
    as: told
"""


class Crm:
    """A receiver that knows what it has taken, and answers as it is told to."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}
        self.calls: list[str] = []
        self.statuses: list[int] = []
        """The statuses of the next calls; 200 for all after them. 0 takes it and gives no answer."""
        self.lookups: list[int] = []
        """The statuses of the next questions; what it knows for all after them."""
        self.down = False
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                key = self.headers["idempotency-key"]
                crm.calls.append(f"POST {key}")
                status = 503 if crm.down else crm.statuses.pop(0) if crm.statuses else 200
                if status in (0, 200):
                    crm.taken[key] = crm.taken.get(key, 0) + 1
                if status == 0:
                    self.close_connection = True
                    return
                self._answer(status, b"")

            def do_GET(self) -> None:
                key = unquote(self.path.rpartition("/")[2])
                crm.calls.append(f"GET {key}")
                known = 200 if key in crm.taken else 404
                self._answer(crm.lookups.pop(0) if crm.lookups else known, b'{"ticket": "t-1"}')

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def verbs(self) -> list[str]:
        return [call.partition(" ")[0] for call in self.calls]


@pytest.fixture
def crm() -> Generator[Crm]:
    crm = Crm()
    yield crm
    crm.server.shutdown()
    crm.server.server_close()


Connected = Callable[[str], None]


@pytest.fixture
def connected(folder: Path, crm: Crm) -> Connected:
    """Writes the connector with more keys into holdfast.yaml."""
    (folder / "workflows" / "tell-desk.yaml").write_text(WORKFLOW.lstrip())
    (folder / "workflows" / "messages" / "big-order.md").unlink()

    def write(more: str) -> None:
        settings = folder / "holdfast.yaml"
        webhook = f"{{url: '{crm.address}/hook', hosts: [127.0.0.1], {more.format(at=crm.address)}}}"
        settings.write_text(settings.read_text() + f"connectors:\n  webhooks:\n    crm: {webhook}\n")

    return write


VERIFY = "delivery: verify, lookup: '{at}/taken/{{key}}'"


def order(engine: Engine, number: int = 1) -> None:
    raws = [
        {"customer": f"c{each}", "event": "order_completed", "id": f"o{each}", "total": 250}
        for each in range(number)
    ]
    engine.ingest(raws, source="shop").result()


def outcomes(engine: Engine) -> Counter[str | None]:
    with engine.store.reader() as reader:
        runs = reader.runs(workflow="tell-desk")
        return Counter(row.outcome for run in runs for row in reader.effects(run.id))


def answers(engine: Engine) -> Any:
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
    return run.answers.get("told")


def test_what_was_taken_before_the_answer_was_lost_is_not_called_again(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    # given a receiver that takes a call and gives no answer
    connected(VERIFY)
    crm.statuses = [0]
    engine = open_engine()
    order(engine)

    # when it is asked
    engine.run_until(clock.now() + HOUR)

    # then it says so, and that is the answer
    assert crm.verbs == ["POST", "GET"]
    assert list(crm.taken.values()) == [1]
    assert outcomes(engine) == {"executed": 1}
    assert answers(engine) == {"outcome": "executed", "status": 200, "ticket": "t-1"}


def test_what_a_dead_process_did_not_send_is_sent_once_that_is_known(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    # given a call that was claimed by a process that died
    connected(VERIFY)
    engine = open_engine()
    order(engine)
    engine._writer.call(lambda: outbox.claim(engine._shell)).result()

    # when its lease has run out
    engine.run_until(clock.now() + HOUR)

    # then the receiver is asked, knows nothing of it, and is called
    assert crm.verbs == ["GET", "POST"]
    assert outcomes(engine) == {"executed": 1}


def test_a_receiver_that_cannot_say_is_asked_again(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    connected(VERIFY)
    crm.statuses, crm.lookups = [0], [500, 403]
    engine = open_engine()
    order(engine)
    engine.run_until(clock.now() + HOUR)
    assert crm.verbs == ["POST", "GET", "GET", "GET"]
    assert outcomes(engine) == {"executed": 1}


def test_a_receiver_that_never_says_leaves_it_uncertain(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    connected(VERIFY)
    crm.statuses, crm.lookups = [0], [500] * 100
    engine = open_engine()
    order(engine)
    engine.run_until(clock.now() + 24 * HOUR)
    assert crm.verbs.count("POST") == 1
    assert outcomes(engine) == {"uncertain": 1}


def test_a_refusal_after_it_is_known_that_nothing_was_taken_is_a_failure(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    connected(VERIFY)
    crm.statuses = [400]
    engine = open_engine()
    order(engine)
    engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    engine.run_until(clock.now() + HOUR)
    assert crm.verbs == ["GET", "POST"]
    assert outcomes(engine) == {"failed": 1}


def times(engine: Engine) -> list[Micros]:
    with engine.store.reader() as reader:
        runs = reader.runs(workflow="tell-desk")
        found = [row.settled_at for run in runs for row in reader.effects(run.id)]
    return sorted(at for at in found if at is not None)


def test_calls_are_spaced_as_their_rate_says(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    # given forty orders at once, and a receiver that wants two calls a second
    connected("rate: 2 per second")
    engine, start = open_engine(), clock.now()
    order(engine, 40)
    engine.run_until(start + HOUR)

    # then each is called once, half a second after the one before, at its first attempt
    assert list(crm.taken.values()) == [1] * 40
    settled = times(engine)
    gaps = {later - earlier for earlier, later in pairwise(settled)}
    assert gaps == {SECOND // 2}
    assert settled[-1] - start < 21 * SECOND
    with engine.store.reader() as reader:
        runs = reader.runs(workflow="tell-desk")
        assert all(len(reader.attempts(run.id)) == 1 for run in runs)


def test_a_breaker_opens_after_failures_and_lets_one_call_see(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    # given a receiver that is down, and more orders than its breaker stands
    connected("breaker: {{failures: 3, pause: 30s}}")
    crm.down = True
    engine, start = open_engine(), clock.now()
    order(engine, 3)
    engine.tick()
    assert len(crm.calls) == 3
    order_later = [
        {"customer": f"d{each}", "event": "order_completed", "id": f"d{each}", "total": 250}
        for each in range(10)
    ]
    engine.ingest(order_later, source="shop").result()

    # when its pause goes by
    engine.run_until(start + 29 * SECOND)
    assert len(crm.calls) == 3
    (state,) = engine.connectors()
    assert (state["name"], state["state"], state["failures"]) == ("webhooks.crm", "open", 3)
    engine.run_until(start + 31 * SECOND)

    # then one call sees that it is still down, and the others wait without an attempt
    assert len(crm.calls) == 4
    with engine.store.reader() as reader:
        rows = [row for run in reader.runs(workflow="tell-desk") for row in reader.effects(run.id)]
    assert sum(row.effect.attempt for row in rows) == 4

    # when it is up again
    crm.down = False
    engine.run_until(start + HOUR)

    # then one goes, and then all the others
    assert list(crm.taken.values()) == [1] * 13
    assert outcomes(engine) == {"executed": 13}
    (state,) = engine.connectors()
    assert (state["state"], state["failures"], state["open_until"]) == ("closed", 0, None)


def test_a_refusal_for_good_opens_no_breaker(
    open_engine, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    connected("breaker: {{failures: 1, pause: 30s}}")
    crm.statuses = [400]
    engine = open_engine()
    order(engine, 1)
    engine.tick()
    assert outcomes(engine) == {"failed": 1}
    assert engine.connectors()[0]["state"] == "closed"


def test_what_one_process_learns_of_a_connector_all_of_them_know(
    open_engine, folder: Path, clock: VirtualClock, crm: Crm, connected: Connected
) -> None:
    # given a breaker that one process has opened
    connected("breaker: {{failures: 1, pause: 5m}}")
    crm.down = True
    engine = open_engine()
    order(engine, 1)
    engine.tick()
    engine.close()

    # when another one has something to send
    other = open_engine()
    other.run_until(clock.now() + 2 * MINUTE)

    # then it leaves the receiver alone
    assert len(crm.calls) == 1
    assert other.connectors()[0]["state"] == "open"
