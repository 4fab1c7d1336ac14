"""Today in numbers, the base by band, and customers by how their id begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.records import MemberRow, MemberSave
from tests.integration.api.conftest import START, Client, Door, lay_out

ORDER = {"event": "order_completed", "properties": {"total": 120}}
HEALTH = """
score: health
owner: shop
parts:
  orders: {is: customer.orders / 4.0, weight: 1}
bands: {red: {from: 0}, amber: {from: 40}, green: {from: 70}}
"""


def test_a_day_counts_what_was_decided_what_began_and_how_it_stands(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given two big orders, a small one, and an answer that opens a case
    client = as_role("operator")
    assert client.get("/v1/today").json()["rules"] == {}
    orders = [{**ORDER, "customer": name, "message_id": name} for name in ("ann", "bob")]
    client.events(*orders, {**ORDER, "customer": "cy", "properties": {"total": 1}})
    (ask, _) = client.get("/v1/asks").json()["items"]
    client.post(f"/v1/asks/{ask['id']}/answer", {"choice": "call"})
    engine.run_until(clock.now())
    # when the day is asked for
    told = client.get("/v1/today").json()
    # then it has all of them
    assert (told["since"], told["until"]) == ("2026-01-04T12:00:00Z", "2026-01-05T12:00:00Z")
    assert told["rules"] == {"big-order": {"fired": 2, "not_met": 1}}
    assert told["workflows"] == {"ask-desk": {"completed": 1, "waiting": 1}}
    assert told["cases"] == [
        {"ladder": "desk", "open": 1, "acknowledged": 0, "paused": 0, "breached": 0, "exhausted": 0}
    ]
    assert (told["open_runs"], told["overdue_runs"], told["paused"], told["silent"]) == (1, 0, [], [])
    # and a day later nothing of it is of today but what still stands
    engine.run_until(clock.now() + DAY + HOUR)
    later = client.get("/v1/today").json()
    assert (later["rules"], later["workflows"], later["open_runs"]) == ({}, {}, 1)


def test_the_numbers_of_a_day_are_of_nobody_and_no_reading(as_role: Door, engine: Engine) -> None:
    for path in ("/v1/today", "/v1/scores"):
        assert as_role("operator").get(path).status_code == 200
    engine.flush_accesses()
    assert as_role("auditor").get("/v1/audit/access").json()["items"] == []


@pytest.fixture
def scored(tmp_path: Path, clock: VirtualClock) -> Client:
    folder = lay_out(tmp_path / "scored")
    (folder / "rules" / "health.yaml").write_text(HEALTH.lstrip())
    with (
        Engine.open(folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False) as engine,
        TestClient(create_app(engine)) as http,
    ):
        client = Client(http, engine.create_key("operator", "o@example.com").text)
        for name, orders in (("ann", 4), ("bob", 2), ("cy", 1)):
            client.events(
                *({**ORDER, "customer": name, "message_id": f"{name}-{each}"} for each in range(orders))
            )
        engine.run_until(START + DAY)
        yield client


def test_the_base_is_told_by_band_and_by_day(scored: Client) -> None:
    (found,) = scored.get("/v1/scores").json()["items"]
    assert (found["score"], found["high_is"], found["on"]) == ("health", "good", "person")
    assert found["bands"] == [
        {"band": "red", "customers": 1},
        {"band": "amber", "customers": 1},
        {"band": "green", "customers": 1},
        {"band": "unknown", "customers": 0},
    ]
    # 100, 50 and 25
    assert [each["mean"] for each in found["daily"]][-1] == 58.33
    assert {each["customers"] for each in found["daily"]} == {3}
    assert found["as_of"] == "2026-01-06T12:00:00Z"


def test_customers_are_found_by_their_id_and_by_one_of_old(as_role: Door) -> None:
    client = as_role("operator")
    client.events(*({"customer": name, "event": "news_asked"} for name in ("ann", "anna", "bob", "an-1")))
    client.post("/v1/customers/bob/merge", {"other": "an-1"})
    told = client.get("/v1/customers?prefix=an&limit=2").json()
    assert told["items"] == [{"name": "an-1", "customer": "bob"}, {"name": "ann", "customer": "ann"}]
    rest = client.get(f"/v1/customers?prefix=an&limit=2&cursor={told['next_cursor']}").json()
    assert rest == {"items": [{"name": "anna", "customer": "anna"}], "next_cursor": None}
    # upper case is another name, and a cursor is of its own list
    assert client.get("/v1/customers?prefix=AN").json()["items"] == []
    assert client.get(f"/v1/customers?prefix=b&cursor={told['next_cursor']}").status_code == 400


def test_a_list_of_customers_tells_who_they_are_where_that_is_asked_for(
    as_role: Door, engine: Engine
) -> None:
    # given a customer with an address, a person of old who became them, and the base, which is none
    client = as_role("operator")
    client.events(
        {"customer": "ann", "event": "identify", "traits": {"email": "ann@example.com"}},
        *({"customer": "ann", "event": "order_completed", "id": id, "total": 5} for id in ("o-1", "o-2")),
        {"customer": "an-1", "event": "news_asked"},
    )
    client.post("/v1/customers/ann/merge", {"other": "an-1"})
    base = MemberRow(id="@base", kind="account", version=1, created_at=1)
    with engine.store.begin() as writer:
        writer.save([MemberSave(base, 0, frozenset())])
    # then each is told with what is known of whom they are now
    items = client.get("/v1/customers?details=true").json()["items"]
    assert [each["name"] for each in items] == ["an-1", "ann"]
    assert items[0]["known"] == items[1]["known"]
    known = items[1]["known"]
    assert (known["kind"], known["email"], known["called"]) == ("person", "ann@example.com", None)
    assert known["segments"] == ["regular"]
    assert known["last_seen"] == "2026-01-05T12:00:00Z"
    assert set(known) >= {"bands", "points", "stages", "account", "first_seen"}
    # and the base is nobody, also where a page ends before it
    assert [each["name"] for each in client.get("/v1/customers?limit=1").json()["items"]] == ["an-1"]
    assert client.get("/v1/customers?prefix=@").json() == {"items": [], "next_cursor": None}


def test_who_was_erased_is_not_found(as_role: Door) -> None:
    client = as_role("operator")
    client.events({"customer": "ann", "event": "news_asked"})
    assert client("DELETE", "/v1/customers/ann").status_code == 200
    assert client.get("/v1/customers?prefix=a").json()["items"] == []


def test_one_question_and_one_decision_are_given_by_id(as_role: Door, engine: Engine) -> None:
    client = as_role("admin")
    client.events({**ORDER, "customer": "ann"})
    (ask,) = client.get("/v1/asks").json()["items"]
    assert client.get(f"/v1/asks/{ask['id']}").json() == ask
    (decision,) = client.get("/v1/audit/decisions").json()["items"]
    assert client.get(f"/v1/audit/decisions/{decision['id']}").json() == decision
    for path in ("/v1/asks/none", "/v1/audit/decisions/none"):
        assert client.get(path).status_code == 404
