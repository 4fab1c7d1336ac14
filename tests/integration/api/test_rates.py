"""A key and its limits: so many requests, so many events, so many at once, so large and so slow."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.bounds import bounded
from api.rates import Rates
from engine.errors import RequestError
from engine.model.values import SECOND
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, Client, problem
from tests.servers import redis_server

LIMITS = """
limits:
  requests: {ingest: 3 per minute, auditor: 2 per second}
  events: 10 per minute
  at_once: 1
"""

Opened = Callable[..., tuple[Engine, VirtualClock]]


@pytest.fixture
def opened(tmp_path: Path) -> Generator[tuple[Engine, VirtualClock]]:
    for name, text in {**FILES, "holdfast.yaml": FILES["holdfast.yaml"] + LIMITS}.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    clock = VirtualClock(START)
    with Engine.open(tmp_path / "shop", f"sqlite:///{tmp_path}/h.db", clock, work=False) as engine:
        yield engine, clock


def visit(number: int) -> dict[str, Any]:
    return {"customer": "ann", "event": "visit", "id": f"v{number}"}


def test_a_key_is_told_what_is_left_and_when_to_come_again(opened: tuple[Engine, VirtualClock]) -> None:
    engine, clock = opened
    with TestClient(create_app(engine)) as http:
        key = engine.create_key("ingest", "till@example.com").text
        client, other = Client(http, key), Client(http, engine.create_key("ingest", "t@example.com").text)
        # given three requests a minute, and ten events
        answers = [client.post("/v1/events", visit(number)) for number in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert answers[0].headers["ratelimit-policy"] == '"requests";q=3;w=60, "events";q=10;w=60'
        assert answers[1].headers["ratelimit"] == '"requests";r=1;t=40, "events";r=8;t=12'
        # when a fourth comes
        refused = client.post("/v1/events", visit(4))
        # then it is refused until the first has come back, and another key is not
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
        assert problem(refused)["code"] == "too_many_requests"
        assert refused.headers["ratelimit"] == '"requests";r=0;t=60'
        assert other.post("/v1/events", visit(5)).status_code == 200
        clock.move_to(START + 20 * SECOND - 1)
        assert client.post("/v1/events", visit(6)).headers["retry-after"] == "1"
        clock.move_to(START + 20 * SECOND)
        assert client.post("/v1/events", visit(6)).status_code == 200
        assert b'holdfast_requests_limited_total{limit="requests"} 2.0' in engine.meters.text()


def test_events_are_counted_too(opened: tuple[Engine, VirtualClock]) -> None:
    engine, clock = opened
    with TestClient(create_app(engine)) as http:
        client = Client(http, engine.create_key("ingest", "till@example.com").text)
        assert client.events(*(visit(number) for number in range(8)))["accepted"] == 8
        # when three more events come than there are left
        refused = client.post("/v1/events", [visit(8), visit(9), visit(10)])
        # then none of them is taken, and all are once the time is there
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
        clock.move_to(START + 6 * SECOND)
        assert client.events(visit(8), visit(9), visit(10))["accepted"] == 3


def test_a_request_that_is_forbidden_counts_and_one_without_a_key_does_not(
    opened: tuple[Engine, VirtualClock],
) -> None:
    engine, _ = opened
    with TestClient(create_app(engine, token="t" * 32)) as http:
        client = Client(http, engine.create_key("auditor", "eve@example.com").text)
        assert [client.get("/metrics").status_code for _ in range(3)] == [403, 403, 429]
        assert "ratelimit" not in Client(http, None).get("/v1/rules").headers
        machine = Client(http, "t" * 32)
        assert {machine.get("/v1/keys").status_code for _ in range(9)} == {200}


def test_a_key_has_so_many_requests_under_way(opened: tuple[Engine, VirtualClock]) -> None:
    engine, _ = opened
    key = engine.create_key("auditor", "eve@example.com").row
    rates = Rates(engine)
    first: Any = {"state": {}}
    second: Any = {"state": {}}
    rates.begin(first, key)
    with pytest.raises(RequestError, match="1 requests under way"):
        rates.begin(second, key)
    # a refused one gives nothing back; the first does when it ends, whatever came of it
    rates.end(second)
    with pytest.raises(RequestError):
        rates.begin(second, key)
    rates.end(first)
    rates.begin(second, key)


def test_a_request_that_failed_is_no_longer_under_way(opened: tuple[Engine, VirtualClock]) -> None:
    engine, _ = opened
    with TestClient(create_app(engine)) as http:
        client = Client(http, engine.create_key("auditor", "eve@example.com").text)
        assert client.get("/v1/customers/nobody").status_code == 404
        assert client.get("/v1/rules").status_code == 200


def test_processes_count_together_over_redis_and_alone_without_it(
    opened: tuple[Engine, VirtualClock], tmp_path: Path
) -> None:
    engine, _ = opened
    key = engine.create_key("ingest", "till@example.com").text
    with redis_server() as redis:
        one, other = (TestClient(create_app(engine, redis=redis.url)) for _ in range(2))
        with one, other:
            # given three a minute for a key that asks two processes
            told = [Client(http, key).post("/v1/events", visit(1)).status_code for http in (one, other) * 2]
            assert told == [200, 200, 200, 429]
            # when Redis is gone
            redis.kill()
            # then each process keeps count by itself, and the meters say so
            told = [Client(one, key).post("/v1/events", visit(1)).status_code for _ in range(4)]
            assert told == [200, 200, 200, 429]
            found = re.findall(rb"holdfast_rates_without_redis (\d)", engine.meters.text())
            assert sum(map(int, found)) == 1


@pytest.mark.parametrize(
    ("path", "head", "status", "code"),
    [
        ("/v1/rules?cursor=" + "A" * 8200, {}, 414, "address_too_long"),
        ("/v1/rules", {"X-Long": "a" * 17_000}, 431, "head_too_large"),
        ("/v1/rules", {f"X-{number}": "a" * 100 for number in range(160)}, 431, "head_too_large"),
    ],
)
def test_a_head_has_bounds(
    opened: tuple[Engine, VirtualClock], path: str, head: dict[str, str], status: int, code: str
) -> None:
    engine, _ = opened
    with TestClient(create_app(engine)) as http:
        answer = Client(http, engine.create_key("auditor", "eve@example.com").text).get(path, headers=head)
        assert (answer.status_code, problem(answer)["code"]) == (status, code)


def test_a_body_that_does_not_come_is_not_waited_for(opened: tuple[Engine, VirtualClock]) -> None:
    engine, _ = opened
    came: list[Any] = []

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        came.append(await receive())
        await receive()

    async def part_of_a_body() -> Any:
        if not came:
            return {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.Event().wait()

    # given a client that sends the beginning of a body and no more
    scope: Any = {
        "type": "http", "method": "POST", "path_template": "/v1/events", "headers": [], "query_string": b"",
        "state": {},
    }  # fmt: skip
    middleware = bounded(Rates(engine), engine.meters.answered, patience=0)(reading)
    # then the request is given up, and of the body is read what had come
    with pytest.raises(RequestError) as raised:
        asyncio.run(middleware(scope, part_of_a_body, None))
    assert (raised.value.code, len(came)) == ("too_slow", 1)
