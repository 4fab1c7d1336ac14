"""Who read whose data: every reading that was answered is recorded, under the customer's pseudonym."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from engine.model.values import HOUR
from engine.runtime.accesses import Access
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.personal import AccessFilter
from tests.integration.api.conftest import START, Client, Door

ANA = "ana@example.com"


def order(id: str, customer: str = ANA) -> dict[str, Any]:
    return {"customer": customer, "event": "order_completed", "id": id, "total": 120}


def readings(auditor: Client, query: str = "") -> list[dict[str, Any]]:
    found = auditor.get(f"/v1/audit/access{query}")
    assert found.status_code == 200, found.text
    told = found.json()
    if told["next_cursor"] is None and "cursor" not in query:
        assert told["count"] == len(told["items"])
    items: list[dict[str, Any]] = told["items"]
    return items


@pytest.fixture
def auditor(as_role: Door) -> Client:
    as_role("operator").events(order("o-1"), order("o-2", "bob"))
    return as_role("auditor")


def test_a_reading_tells_who_read_what_of_whom_and_what_for(auditor: Client, engine: Engine) -> None:
    # when
    head = {"Access-Reason": "ticket 17", "Request-Id": "req-1"}
    auditor.get(f"/v1/customers/{ANA}?", headers=head)

    # then
    (one,) = readings(auditor)
    with engine.store.reader() as reader:
        subject = reader.subjects([ANA])[ANA].subject
    assert one == {
        "at": "2026-01-05T12:00:00Z",
        "who": "auditor@example.com",
        "key": one["key"],
        "role": "auditor",
        "route": "GET /v1/customers/{id}",
        "customer": subject,
        "query": {},
        "reason": "ticket 17",
        "request_id": "req-1",
    }
    assert engine.find_key(one["key"]) is not None


def test_it_is_under_seal_too(auditor: Client, engine: Engine) -> None:
    auditor.get(f"/v1/customers/{ANA}")

    engine.flush_accesses()
    with engine.store.reader() as reader:
        assert reader.count_acts("access") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/{customer}",
        "/v1/customers/{customer}/timeline",
        "/v1/customers/{customer}/why?rule=big-order",
        "/v1/customers/{customer}/consent",
        "/v1/customers/{customer}/export",
        "/v1/runs?customer={customer}",
        "/v1/runs/{run}",
        "/v1/cases/{case}",
        "/v1/audit/decisions?customer={customer}",
    ],
)
def test_each_way_to_read_of_a_customer_is_recorded(
    as_role: Door, auditor: Client, engine: Engine, clock: VirtualClock, path: str
) -> None:
    # given a run that waits for an answer, and a case
    operator = as_role("operator")
    with engine.store.reader() as reader:
        run = next(run.id for run in reader.runs() if run.customer == ANA)
        ask = next(ask.id for ask in reader.asks() if ask.customer == ANA)
    operator.post(f"/v1/asks/{ask}/answer", {"choice": "call"})
    engine.run_until(clock.now() + HOUR)
    with engine.store.reader() as reader:
        (case,) = reader.cases(customers=[ANA])

    # when
    answer = auditor.get(path.format(customer=ANA, run=run, case=case.id))

    # then
    assert answer.status_code == 200, answer.text
    (one,) = readings(auditor, f"?customer={ANA}")
    assert one["route"] == "GET " + path.partition("?")[0].replace("{customer}", "{id}").replace(
        "{run}", "{id}"
    ).replace("{case}", "{id}")


def test_a_list_is_recorded_once_with_what_was_asked_for(auditor: Client) -> None:
    auditor.get("/v1/audit/decisions?rule=big-order&from=2026-01-01&limit=5")
    auditor.get(f"/v1/suppressions?address={ANA}")

    bulk, looked = readings(auditor)
    assert (bulk["route"], bulk["customer"]) == ("GET /v1/audit/decisions", None)
    assert bulk["query"] == {"rule": "big-order", "from": "2026-01-01", "limit": "5"}
    # what could be somebody's own is left out
    assert looked["query"] == {"address": "..."}


def test_readings_are_found_by_time_reader_and_customer_and_paged(
    as_role: Door, auditor: Client, clock: VirtualClock
) -> None:
    # given
    operator = as_role("operator")
    auditor.get(f"/v1/customers/{ANA}")
    clock.move_to(START + HOUR)
    operator.get("/v1/customers/bob")
    operator.get(f"/v1/customers/{ANA}")

    # then
    assert len(readings(auditor)) == 3
    assert len(readings(auditor, "?who=operator@example.com")) == 2
    assert len(readings(auditor, f"?customer={ANA}")) == 2
    assert len(readings(auditor, "?customer=nobody")) == 0
    assert len(readings(auditor, "?from=2026-01-05T12:30:00Z")) == 2
    assert len(readings(auditor, "?to=2026-01-05T12:30:00Z")) == 1
    (one, *_) = readings(auditor, f"?customer={ANA}")
    assert len(readings(auditor, f"?customer={one['customer']}")) == 2
    first = auditor.get("/v1/audit/access?limit=2").json()
    rest = auditor.get(f"/v1/audit/access?limit=2&cursor={first['next_cursor']}").json()
    assert (first["count"], len(first["items"]), rest["count"], len(rest["items"])) == (3, 2, 3, 1)


def test_what_tells_of_nobody_and_what_was_not_answered_is_not_recorded(
    as_role: Door, auditor: Client
) -> None:
    for path in ("/v1/rules", "/v1/goals", "/v1/metrics", "/v1/customers/nobody", "/v1/audit/access"):
        auditor.get(path)
    as_role("ingest").get(f"/v1/customers/{ANA}")
    as_role("").get(f"/v1/customers/{ANA}")

    assert readings(auditor) == []


def test_a_trigger_that_shows_its_trace_is_a_reading(as_role: Door, auditor: Client) -> None:
    asked = {"customer": ANA, "event": {"value": 20}, "dry_run": True}
    as_role("ingest").post("/v1/triggers/call-me", asked)
    auditor.post("/v1/triggers/call-me", asked)

    (one,) = readings(auditor)
    assert (one["route"], one["role"]) == ("POST /v1/triggers/{rule}", "auditor")


def test_after_an_erasure_a_reading_leads_to_nobody(as_role: Door, auditor: Client) -> None:
    # given
    auditor.get(f"/v1/customers/{ANA}", headers={"Access-Reason": f"{ANA} called"})
    (before,) = readings(auditor)

    # when
    erased = as_role("operator")("DELETE", f"/v1/customers/{ANA}").json()

    # then it stays, with the pseudonym that skeletons have
    assert readings(auditor, f"?customer={ANA}") == []
    (one,) = readings(auditor, f"?customer={erased['customer']}")
    assert one == before | {"reason": None}


def test_a_reading_is_kept_within_a_second_by_itself(auditor: Client, engine: Engine) -> None:
    auditor.get(f"/v1/customers/{ANA}")

    until = time.monotonic() + 10
    while time.monotonic() < until:
        with engine.store.reader() as reader:
            if reader.count_accesses(AccessFilter()):
                return
    raise AssertionError("nothing was kept in ten seconds")


def test_what_waits_is_kept_when_the_engine_closes(folder: Path, clock: VirtualClock) -> None:
    # given
    url = f"sqlite:///{folder / 'other.db'}"
    with Engine.open(folder, url, clock, work=False) as engine:
        for number in range(2500):
            engine.note_access(
                Access(at=number, owner="eve", key_id="k", role="auditor", route="GET /v1/runs")
            )

    # then
    with Engine.open(folder, url, clock, work=False) as engine, engine.store.reader() as reader:
        assert reader.count_accesses(AccessFilter(who="eve")) == 2500
