"""More than can be decided: it is put off with 503 before it takes memory, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from litestar.testing import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.bounds import bounded
from api.rates import Rates
from api.room import MOST_BYTES, MOST_EVENTS, Room
from engine.errors import FullError
from engine.runtime.engine import Engine
from tests.integration.api.conftest import Client, problem


def visit(number: int, note: str = "") -> dict[str, Any]:
    return {"customer": "ann", "event": "visit", "id": f"v{number}", "properties": {"note": note}}


def test_events_beyond_what_may_wait_are_put_off_and_nothing_of_them_is_kept(engine: Engine) -> None:
    app = create_app(engine)
    with TestClient(app) as http:
        client = Client(http, engine.create_key("ingest", "till@example.com").text)
        # given as many events of somebody else under way as may be
        waiting: Any = {"state": {}}
        app.state.rates._make_room(waiting, events=MOST_EVENTS)

        # when two more come, and then something else
        with capture_logs() as logs:
            refused = client.post("/v1/events", [visit(1), visit(2)])
            called = client.post("/v1/triggers/call-me", {"customer": "ann", "event": {"value": 3}})

        # then they are to be sent again, it was no fault to be logged, and a call is answered meanwhile
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert problem(refused)["code"] == "full"
        assert [line for line in logs if line["log_level"] == "error"] == []
        assert called.status_code == 200
        assert b'holdfast_requests_limited_total{limit="room"} 1.0' in engine.meters.text()

        # when the others are answered
        app.state.rates.end(waiting)

        # then the same events are new
        assert client.events(visit(1), visit(2))["accepted"] == 2
        assert engine.doctor()["balanced"]


def test_every_request_that_has_ended_has_left_the_room(engine: Engine) -> None:
    # given room for one event beside another
    room = Room(most_bytes=10_000, most_events=2)
    app = create_app(engine)
    app.state.rates._room = room
    with TestClient(app) as http:
        client = Client(http, engine.create_key("ingest", "till@example.com").text)

        # when requests end well, are refused for what they say, for who sends them and for their size
        statuses = [
            client.post("/v1/events", [visit(1), visit(2)]).status_code,
            client.post("/v1/events", [visit(3), visit(4), {"event": 5}]).status_code,
            client.http.post("/v1/events", content=b"{", headers=client.head).status_code,
            Client(http, "hf_wrong").post("/v1/events", visit(5)).status_code,
        ]

        # then nothing of them is left in it
        assert statuses == [200, 200, 400, 401]
        assert (room.bytes, room.events) == (0, 0)


def test_a_body_counts_as_what_it_expands_to(engine: Engine) -> None:
    app = create_app(engine)
    with TestClient(app) as http:
        client = Client(http, engine.create_key("ingest", "till@example.com").text)
        body = gzip.compress(json.dumps([visit(1, "a" * 60_000)]).encode())
        head = client.head | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        # given room for it as it is sent, and not as it is read
        waiting: Any = {"state": {}}
        app.state.rates.body(waiting, MOST_BYTES - 10_000)

        # then it is put off, until there is
        assert http.post("/v1/events", content=body, headers=head).status_code == 503
        app.state.rates.end(waiting)
        assert http.post("/v1/events", content=body, headers=head).status_code == 200


def test_a_body_for_which_there_is_no_room_is_not_read_on(engine: Engine) -> None:
    # given room for a hundred bytes, forty of them taken
    room = Room(most_bytes=100)
    room.take({"state": {}}, bytes=40)  # type: ignore[typeddict-item]
    came: list[bytes] = []

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["more_body"]:
            came.append(message["body"])

    async def endless_body() -> Any:
        return {"type": "http.request", "body": b"." * 25, "more_body": True}

    # when somebody sends and sends
    scope: Any = {
        "type": "http", "method": "POST", "path_template": "/v1/events", "headers": [], "query_string": b"",
        "state": {},
    }  # fmt: skip
    middleware = bounded(Rates(engine, room=room), engine.meters.answered)(reading)
    with pytest.raises(FullError):
        asyncio.run(middleware(scope, endless_body, None))

    # then what fitted was read, and is given back
    assert (len(came), room.bytes) == (2, 40)
