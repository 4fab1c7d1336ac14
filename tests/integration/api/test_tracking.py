"""Segment's tracking API: each route, each way to say the key, and no call at its neighbour's cost."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from engine.runtime.engine import Engine
from tests.integration.api.conftest import Client, Door, problem
from tests.integration.api.test_ingest import BAD

TRACK = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m1"}
BATCHES = ["/v1/batch", "/v1/import", "/batch"]
KINDS = {
    "track": ("order_completed", {"event": "Order Completed"}),
    "identify": ("identify", {"traits": {"plan": "pro"}}),
    "page": ("page_viewed", {"name": "Home"}),
    "screen": ("screen_viewed", {"name": "Home"}),
    "group": ("group", {"groupId": "acme", "traits": {"seats": 5}}),
    "alias": ("alias", {"previousId": "a1"}),
}


def as_call(event: bytes) -> bytes:
    """Gives an event as a call of Segment's, what is wrong with it among its properties."""
    call = event.replace(b'"customer"', b'"type": "track", "userId"', 1).replace(b'"at"', b'"timestamp"')
    before, name, more = call.partition(b'"event": "e", ')
    if not name or more.startswith(b'"timestamp"'):
        return call
    return before + name + b'"properties": {' + more + b"}"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_is_answered_with_exactly_200(as_role: Door, path: str, slash: str) -> None:
    answer = as_role("ingest").post(path + slash, {"batch": [TRACK], "sentAt": "2026-01-05T12:00:00Z"})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True, "accepted": 1, "duplicates": 0, "conflicts": [], "quarantined": [],
    }  # fmt: skip


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_route(as_role: Door, engine: Engine, kind: str, slash: str) -> None:
    name, call = KINDS[kind]
    answer = as_role("ingest").post(f"/v1/{kind}{slash}", {"userId": "ann", "messageId": "m1", **call})
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    with engine.store.reader() as reader:
        stored = reader.event("ingest-key", "m1")
    assert stored is not None and (stored.event.name, stored.event.customer) == (name, "ann")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json"])
def test_gzip_is_expanded_whatever_it_is_called(as_role: Door, kind: str) -> None:
    body = gzip.compress(msgspec.json.encode({"batch": [TRACK]}))
    head = {"Content-Type": kind, "Content-Encoding": "gzip"}
    answer = as_role("ingest")("POST", "/v1/batch", content=body, headers=head)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_the_key_may_be_the_user_name_of_basic(http: TestClient[Litestar], engine: Engine) -> None:
    key = engine.create_key("ingest", "shop@example.com").text
    answer = http.post("/v1/batch", json={"batch": [TRACK]}, auth=(key, ""))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_the_key_may_stand_in_the_body_of_one_route(http: TestClient[Litestar], engine: Engine) -> None:
    # given a batch of PostHog's client, with the key beside its calls and no header
    key = engine.create_key("ingest", "shop@example.com").text
    body: dict[str, Any] = {"api_key": key, "batch": [{"event": "seen", "distinct_id": "ann", "uuid": "u1"}]}
    # then it is let in there, plain or as gzip, and nowhere else
    assert http.post("/batch/", json=body).json()["accepted"] == 1
    packed = gzip.compress(msgspec.json.encode(body))
    assert http.post("/batch/", content=packed).json()["duplicates"] == 1
    assert problem(http.post("/v1/batch", json=body))["code"] == "unauthenticated"
    assert problem(http.post("/v1/events", json=body))["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "given",
    [{}, {"api_key": "hf_ingest_x_y"}, {"api_key": 5}, {"api_key": None}, {"api_key": "hf_\ud800"}],
    ids=["none", "unknown", "a number", "null", "half a surrogate"],
)
def test_a_body_without_a_good_key_is_let_in_nowhere(http: TestClient[Litestar], given: Any) -> None:
    answer = http.post("/batch", content=json.dumps({"batch": [TRACK], **given}))
    assert (answer.status_code, problem(answer)["code"]) == (401, "unauthenticated")


def test_a_key_in_the_body_has_no_more_rights(http: TestClient[Litestar], engine: Engine) -> None:
    key = engine.create_key("auditor", "eve@example.com").text
    answer = http.post("/batch", json={"batch": [TRACK], "api_key": key})
    assert (answer.status_code, problem(answer)["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", BATCHES)
def test_a_bad_call_costs_its_neighbours_nothing(as_role: Door, engine: Engine, path: str) -> None:
    # given each kind of bad event as a call, with a good one after each
    parts: list[bytes] = []
    for number, bad in enumerate(BAD.values()):
        parts += [as_call(bad), msgspec.json.encode({**TRACK, "messageId": f"m{number}"})]
    body = b'{"batch": [' + b", ".join(parts) + b'], "sentAt": "2026-01-05T12:00:00Z"}'
    # when they are sent together
    answer = as_role("ingest")("POST", path, content=body)
    # then the good ones are in, the bad ones are kept with a reason, and the sums hold
    told = answer.json()
    assert (answer.status_code, told["accepted"]) == (200, len(BAD))
    assert [entry["index"] for entry in told["quarantined"]] == list(range(0, 2 * len(BAD), 2))
    assert engine.doctor()["balanced"]


@pytest.mark.parametrize("name", ["nan", "very deep", "2^70"])
def test_a_bad_call_alone_is_kept_with_its_reason(as_role: Door, name: str) -> None:
    answer = as_role("ingest")("POST", "/v1/track", content=as_call(BAD[name]))
    assert (answer.status_code, len(answer.json()["quarantined"])) == (200, 1)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_body"),
        (b"[]", 400, "invalid_body"),
        (b'{"batch": 5}', 400, "invalid_body"),
        (b'{"batch": [' + b",".join([b"{}"] * 1001) + b"]}", 413, "too_many_events"),
        (gzip.compress(b'{"batch": []}', mtime=0)[:-4], 400, "invalid_gzip"),
    ],
)
def test_a_body_without_a_batch_is_refused_whole(
    as_role: Door, engine: Engine, body: bytes, status: int, code: str
) -> None:
    answer = as_role("ingest")("POST", "/v1/batch", content=body)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert engine.doctor()["received"] == 0


@pytest.mark.parametrize("path", [*BATCHES, "/v1/track"])
def test_our_own_fault_is_told_as_one_to_come_back_after(as_role: Door, engine: Engine, path: str) -> None:
    # given an engine that goes away under an open door
    ingest = as_role("ingest")
    ingest.post("/v1/batch", {"batch": [TRACK]})
    engine.close()
    # then a client is told when to come again
    answer = ingest.post(path, TRACK if path == "/v1/track" else {"batch": [TRACK]})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


class _Story:
    """What one key's calls made of customers."""

    def __init__(self, ingest: Client, reader: Client) -> None:
        self._ingest = ingest
        self._reader = reader

    def send(self, *calls: dict[str, Any]) -> None:
        told = self._ingest.post("/v1/batch", {"batch": calls}).json()
        assert told["accepted"] == len(calls)

    def customer(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._reader.get(f"/v1/customers/{id}").json()
        return found


@pytest.fixture
def story(as_role: Door) -> _Story:
    return _Story(as_role("ingest"), as_role("auditor"))


def test_an_alias_makes_an_anonymous_visitor_the_customer(story: _Story) -> None:
    # given somebody who ordered before it was known who it is
    story.send({"type": "track", "event": "Order Completed", "anonymousId": "a1"})
    # when the id is told to be ann's
    story.send({"type": "alias", "userId": "ann", "previousId": "a1"})
    # then it is her order
    ann = story.customer("ann")
    assert ann["aliases"] == ["a1"]
    assert ann["facts"]["orders"]["value"] == 1


def test_an_alias_never_merges_two_known_customers(story: _Story) -> None:
    # given two customers, each with an order
    order = {"type": "track", "event": "Order Completed"}
    story.send({**order, "userId": "ann"}, {**order, "userId": "bob"})
    # when a client says that they are one
    story.send({"type": "alias", "userId": "ann", "previousId": "bob"})
    # then they stay two
    assert story.customer("ann")["facts"]["orders"]["value"] == 1
    assert story.customer("bob")["facts"]["orders"]["value"] == 1


def test_a_group_ties_a_customer_to_an_account(story: _Story) -> None:
    story.send({"type": "group", "userId": "ann", "groupId": "acme", "traits": {"seats": 5}})
    assert story.customer("ann")["account"] == "acme"
    assert story.customer("acme")["kind"] == "account"
