"""Cases through the doors: each act once, with its conflicts, and with what is known of the customer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, Client, Door

MORE = {
    "holdfast.yaml": """
name: Test shop
people:
  desk: {email: desk@example.com}
  head: {email: head@example.com}
""",
    "rules/desk.yaml": """
ladder: desk
owner: shop
levels:
  - {tell: desk, within: 4h}
  - {tell: head, within: 4h}
respond_within: {normal: 6h}
resolve_within: {normal: 1d, high: 8h}
warn_before: 1h
show: [orders]
""",
    "rules/care.yaml": """
score: care
parts:
  orders: {weight: 1, is: customer.orders / 10}
bands: {red: {from: 0}, green: {from: 50}}
""",
    "rules/trouble.yaml": """
rule: trouble
owner: shop
description: Somebody is in trouble.
when: {event: trouble}
then:
  - do: case.open
    with: {ladder: desk, title: In trouble, key: =event.ticket, since: =event.began}
""",
    "rules/trouble-events.yaml": """
events:
  trouble: {ticket: text, began: time}
facts:
  mrr: {type: number}
""",
}


@pytest.fixture
def folder(folder: Path) -> Path:
    for name, text in MORE.items():
        (folder / name).write_text(text.lstrip())
    return folder


def opened(operator: Client, engine: Engine, **more: Any) -> str:
    """A case of ann, who pays 499.00 a month and has ordered three times."""
    admin = [
        {"customer": "ann", "event": "identify", "id": "i", "traits": {"plan": "pro", "mrr": 499.00}},
        *({"customer": "ann", "event": "order_completed", "id": f"o{n}", "total": 20} for n in range(3)),
        {"customer": "ann", "event": "trouble", "id": "t", "ticket": "T-1", **more},
    ]
    engine.ingest(admin, source="shop", may_grant=True).result()
    [case] = operator.get("/v1/cases?customer=ann").json()["items"]
    return str(case["id"])


def test_a_case_shows_what_is_known_of_its_customer_then_and_now(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given a case, and a customer who has changed since
    operator, auditor = as_role("operator"), as_role("auditor")
    id = opened(operator, engine)
    clock.move_to(START + HOUR)
    traits = {"customer": "ann", "event": "identify", "id": "j", "traits": {"plan": "free", "mrr": 0}}
    engine.ingest([traits], source="shop", may_grant=True).result()

    # when somebody opens it
    case = auditor.get(f"/v1/cases/{id}").json()

    # then it says why it was opened, and how things stood
    then, now = case["context"]["opened"], case["context"]["now"]
    assert then["because"]["rule"] == "trouble"
    assert then["because"]["event"]["ticket"] == "T-1"
    assert then["owns"] == {"plan": "pro", "mrr": 499.0}
    assert then["value"] == {"spend": 60}
    assert then["more"] == {"orders": 3}
    assert then["health"]["care"] == {
        "value": 30, "band": "red", "coverage": 1, "parts": {"orders": 30}
    }  # fmt: skip
    assert [each["kind"] for each in case["context"]["before"]][:2] == ["event", "event"]
    # and how they stand
    assert now["owns"] == {"plan": "free", "mrr": 0}
    assert case["context"]["recent"][0]["event"]["message_id"] == "j"
    assert [(each["name"], each["due"], each["state"]) for each in case["clocks"]] == [
        ("respond", "2026-01-05T18:00:00Z", "running"),
        ("resolve", "2026-01-06T12:00:00Z", "running"),
    ]
    assert [each["what"] for each in case["history"]] == ["opened", "told"]


def test_whoever_is_told_reads_it_in_short(as_role: Door, engine: Engine, folder: Path) -> None:
    opened(as_role("operator"), engine)
    engine.run_until(START)
    [letter] = (folder / "outbox").glob("*.eml")
    text = letter.read_text().replace("=\n", "")
    for line in ("Owns: plan pro, mrr 499", "Score care: 30.0 red", "rule trouble", "Also: orders 3"):
        assert line in text


def test_every_act_is_in_the_history_and_on_the_timeline(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"
    acts: list[tuple[str, dict[str, Any] | None, str]] = [
        ("acknowledge", None, "acknowledged"),
        ("assign", {"who": "head"}, "assigned"),
        ("pause", {"reason": "waiting for customer", "by": "ben"}, "paused"),
        ("resume", None, "resumed"),
        ("priority", {"priority": "high"}, "prioritised"),
        ("resolve", None, "resolved"),
        ("reopen", {"reason": "it came back"}, "reopened"),
        ("cancel", {"reason": "a mistake"}, "cancelled"),
    ]
    for number, (door, body, what) in enumerate(acts):
        clock.move_to(START + (number + 1) * HOUR // 10)
        answer = operator.post(f"{path}/{door}", body)
        assert answer.status_code == 200, answer.text
        history = operator.get(path).json()["history"]
        assert what in [each["what"] for each in history[-2:]]
    case = operator.get(path).json()
    assert (case["status"], case["reason"], case["priority"]) == ("cancelled", "a mistake", "high")
    assert [each["by"] for each in case["history"] if each["what"] == "paused"] == ["ben"]
    entries = operator.get("/v1/customers/ann/timeline").json()["items"]
    names = {each["event"]["name"] for each in entries if each["kind"] == "event"}
    assert names >= {f"case_{what}" for _, _, what in acts}
    assert engine.doctor()["balanced"]


def test_who_is_given_a_case_is_told(as_role: Door, engine: Engine, folder: Path) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"
    answer = operator.post(f"{path}/assign", {"who": "head"}).json()
    assert (answer["who"], answer["status"], answer["next_due"]) == ("head", "open", "2026-01-05T16:00:00Z")
    engine.run_until(START)
    told = {line for letter in (folder / "outbox").glob("*.eml") for line in letter.read_text().splitlines()}
    assert {"To: desk@example.com", "To: head@example.com"} <= told
    # once, however often it is said
    operator.post(f"{path}/assign", {"who": "head"})
    engine.run_until(START)
    assert len(list((folder / "outbox").glob("*.eml"))) == 2


def test_what_cannot_be_done_as_the_case_stands_is_a_conflict(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"

    def status(door: str, body: dict[str, Any] | None = None) -> int:
        code: int = operator.post(f"{path}/{door}", body).status_code
        return code

    assert status("resume") == status("reopen") == 409
    assert [status("acknowledge", {"by": by}) for by in ("ann", "ann", "ben")] == [200, 200, 409]
    assert [status("pause"), status("pause"), status("resume"), status("resume")] == [200, 409, 200, 409]
    assert [status("resolve"), status("resolve")] == [200, 200]
    assert {status("acknowledge"), status("pause"), status("cancel"), status("assign", {"who": "desk"})} == {
        409
    }
    what = [each["what"] for each in operator.get(path).json()["history"]]
    assert what == ["opened", "told", "acknowledged", "paused", "resumed", "resolved"]


@pytest.mark.parametrize(
    ("door", "body", "code"),
    [
        ("assign", {"who": "nobody"}, "unknown_person"),
        ("assign", {"who": "a@example.com\0"}, "bad_value"),
        ("priority", {"priority": "urgent"}, "unknown_priority"),
        ("pause", {"since": "tomorrow"}, None),
        ("pause", {"since": "2199-01-01T00:00:00Z"}, None),
        ("pause", {"until": "2026-01-06"}, None),
    ],
)
def test_what_there_is_not_is_refused(
    as_role: Door, engine: Engine, door: str, body: dict[str, Any], code: str | None
) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"
    answer = operator.post(f"{path}/{door}", body)
    assert 400 <= answer.status_code < 500
    assert code in (None, answer.json()["code"])
    assert len(operator.get(path).json()["history"]) == 2


def test_a_pause_that_comes_again_with_its_key_is_answered_as_before(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"
    answers = [
        operator.post(f"{path}/pause", {"reason": "r"}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"


def test_a_pause_can_be_told_of_later(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    operator = as_role("operator")
    path = f"/v1/cases/{opened(operator, engine)}"
    clock.move_to(START + 2 * HOUR)
    operator.post(f"{path}/pause", {"since": "2026-01-05T13:00:00Z"})
    clock.move_to(START + 3 * HOUR)
    resumed = operator.post(f"{path}/resume").json()
    assert (resumed["respond_due"], resumed["next_due"]) == ("2026-01-05T20:00:00Z", "2026-01-05T18:00:00Z")


def test_a_case_can_begin_before_it_is_opened(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    id = opened(operator, engine, began="2026-01-05T10:00:00Z")
    case = operator.get(f"/v1/cases/{id}").json()
    assert (case["opened_at"], case["respond_due"]) == ("2026-01-05T12:00:00Z", "2026-01-05T16:00:00Z")


def test_breaches_and_the_end_of_a_ladder_are_found(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    opened(operator, engine)

    def found(query: str) -> int:
        return len(operator.get(f"/v1/cases?{query}").json()["items"])

    assert (found("overdue=true"), found("breached=false"), found("who=desk")) == (0, 1, 1)
    engine.run_until(START + 5 * HOUR)
    assert (found("overdue=true"), found("who=head"), found("ladder=desk")) == (0, 1, 1)
    engine.run_until(START + 6 * HOUR)
    assert (found("overdue=true"), found("breached=true"), found("exhausted=true")) == (1, 1, 0)
    engine.run_until(START + 2 * DAY)
    assert (found("exhausted=true"), found("exhausted=false"), found("ladder=other")) == (1, 0, 0)


def test_a_desk_may_report_from_outside(as_role: Door, engine: Engine) -> None:
    # given a closed case, and a desk that sends events
    operator, ingest = as_role("operator"), as_role("ingest")
    id = opened(operator, engine)
    operator.post(f"/v1/cases/{id}/resolve")
    said = {"customer": "ann", "case": id, "by": "desk"}
    told = ingest.events(
        {**said, "event": "case_reopened", "id": "r"}, {**said, "event": "case_paused", "id": "p"}
    )
    assert told["accepted"] == 2
    case = operator.get(f"/v1/cases/{id}").json()
    assert (case["status"], case["paused_at"]) == ("open", "2026-01-05T12:00:00Z")
    # and what only the engine knows is not taken
    told = ingest.events({**said, "event": "case_breached", "id": "b"})
    assert told["quarantined"][0]["code"] == "reserved_name"
