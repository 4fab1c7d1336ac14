"""The quarantine over HTTP: what is in it, and taking it in after all."""

from __future__ import annotations

from typing import Any

import pytest

from engine.runtime.engine import Engine
from tests.integration.api.conftest import Door, problem

NAMELESS = {"customer": "ann", "id": "o1", "total": 10}
ORDER = {**NAMELESS, "event": "order_completed"}


@pytest.fixture
def refused(as_role: Door) -> list[dict[str, Any]]:
    """Gives three events in quarantine, as they are listed."""
    others = ({"event": "seen", "id": "n1"}, {"customer": "bob", "event": "seen", "x": 2**70})
    assert len(as_role("ingest").events(NAMELESS, *others)["quarantined"]) == 3
    items: list[dict[str, Any]] = as_role("auditor").get("/v1/quarantine").json()["items"]
    return items


def test_what_is_in_quarantine_says_why_and_what_it_was(as_role: Door, refused: Any) -> None:
    [first, second, third] = refused
    assert (first["code"], first["message_id"], first["customer"]) == ("no_name", "o1", "ann")
    assert first["body"] == '{"customer":"ann","id":"o1","total":10}'
    assert (second["code"], third["code"]) == ("no_customer", "bad_value")
    assert as_role("operator").get(f"/v1/quarantine/{first['id']}").json() == first


def test_it_is_listed_by_what_is_asked_and_page_by_page(as_role: Door, refused: Any) -> None:
    auditor = as_role("auditor")
    for query, numbers in (
        ("code=bad_value", [2]),
        ("customer=bob", [2]),
        ("source=ingest-key", [0, 1, 2]),
        ("to=2026-01-05T12:00:00Z", []),
        ("replayed=true", []),
    ):
        items = auditor.get(f"/v1/quarantine?{query}").json()["items"]
        assert items == [refused[number] for number in numbers], query
    first = auditor.get("/v1/quarantine?limit=2").json()
    rest = auditor.get(f"/v1/quarantine?limit=2&cursor={first['next_cursor']}").json()
    assert [*first["items"], *rest["items"]] == refused
    other = auditor.get(f"/v1/quarantine?code=no_name&cursor={first['next_cursor']}")
    assert problem(other)["code"] == "invalid_cursor"


def test_a_corrected_event_is_accepted_once_under_its_key(
    as_role: Door, engine: Engine, refused: Any
) -> None:
    # given an operator who corrects an event, and whose request is sent twice
    operator, path = as_role("operator"), f"/v1/quarantine/{refused[0]['id']}/replay"
    head = {"Idempotency-Key": "k1"}
    answers = [operator.post(path, {"event": ORDER}, headers=head) for _ in range(2)]
    # then both are told the same, and it counts once
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["outcome"], answers[0].json()["replayed_by"]) == (
        "accepted", "operator@example.com",
    )  # fmt: skip
    assert engine.customer("ann").facts["orders"].value == 1
    assert engine.doctor()["balanced"]
    # and it no longer waits
    auditor = as_role("auditor")
    assert len(auditor.get("/v1/quarantine").json()["items"]) == 2
    assert len(auditor.get("/v1/quarantine?replayed=true").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "correction_needed"),
        ({"event": NAMELESS}, 422, "no_name"),
        ({"evnt": ORDER}, 400, "invalid_body"),
    ],
)
def test_what_cannot_be_replayed_stays(
    as_role: Door, refused: Any, body: Any, status: int, code: str
) -> None:
    answer = as_role("operator").post(f"/v1/quarantine/{refused[0]['id']}/replay", body)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert as_role("auditor").get("/v1/quarantine").json()["items"] == refused


@pytest.mark.parametrize("id", ["0", "99", "x", "-1", "9" * 30, "٣"])
def test_there_is_no_other(as_role: Door, refused: Any, id: str) -> None:
    assert as_role("auditor").get(f"/v1/quarantine/{id}").status_code == 404
    assert as_role("operator").post(f"/v1/quarantine/{id}/replay", {"event": ORDER}).status_code == 404
