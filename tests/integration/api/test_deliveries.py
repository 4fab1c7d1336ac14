"""Dead letters and connectors over the API: seen, replayed, settled, and who did it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, Door

REFUSED = DeliveryError("no such mailbox", retryable=False)


@pytest.fixture
def mail() -> Recorder:
    """E-mail that refuses the first two messages for good."""
    return Recorder(SHIPPED["email.send"], refusals=[REFUSED, REFUSED])


@pytest.fixture
def engine(folder: Path, clock: VirtualClock, mail: Recorder) -> Generator[Engine]:
    settings = folder / "holdfast.yaml"
    settings.write_text(
        settings.read_text()
        + "connectors:\n  email: {smtp: localhost, from: shop@example.com, rate: 5 per minute}\n"
    )
    database, actions = f"sqlite:///{folder / 'holdfast.db'}", Actions({"email.send": mail})
    with Engine.open(folder, database, clock, actions=actions, work=False) as engine:
        yield engine


@pytest.fixture
def dead(as_role: Door, engine: Engine) -> list[dict[str, Any]]:
    """Two customers whose news were refused; gives their dead letters."""
    operator = as_role("operator")
    for name in ("ann", "ben"):
        traits = {"email": f"{name}@example.com", "marketing_email": True}
        operator.events(
            {"customer": name, "event": "identify", "traits": traits},
            {"customer": name, "event": "news_asked", "id": name},
        )
    engine.run_until(START + 60_000_000)
    items: list[dict[str, Any]] = as_role("auditor").get("/v1/dead-letters").json()["items"]
    return items


def test_dead_letters_come_a_page_at_a_time(as_role: Door, dead: list[dict[str, Any]]) -> None:
    assert {(each["customer"], each["outcome"], each["workflow"]) for each in dead} == {
        ("ann", "failed", "news"),
        ("ben", "failed", "news"),
    }
    auditor = as_role("auditor")
    first = auditor.get("/v1/dead-letters?limit=1").json()
    second = auditor.get(f"/v1/dead-letters?limit=1&cursor={first['next_cursor']}").json()
    assert first["items"] + second["items"] == dead
    assert second["next_cursor"] is None


def test_dead_letters_are_found_by_where_they_come_from_and_when_they_were_given_up(
    as_role: Door, dead: list[dict[str, Any]]
) -> None:
    auditor = as_role("auditor")

    def found(query: str) -> list[str]:
        items = auditor.get(f"/v1/dead-letters?{query}").json()["items"]
        return sorted(each["customer"] for each in items)

    at, path = dead[0]["settled_at"], dead[0]["path"]
    for query in (
        "workflow=news", "outcome=failed", f"step={path}", f"from={at}", "to=2026-01-06T00:00:00Z",
    ):  # fmt: skip
        assert found(query) == ["ann", "ben"], query
    assert found("customer=ann") == found(f"customer=ann&workflow=news&step={path}") == ["ann"]
    for query in (
        "workflow=other", "outcome=uncertain", "step=7", "step=%25", "reason=other", f"to={at}",
        "customer=cy", "from=2026-01-06T00:00:00Z",
    ):  # fmt: skip
        assert found(query) == [], query
    assert auditor.get("/v1/dead-letters?outcome=sent").status_code == 400


def test_a_dead_letter_is_replayed_once_for_one_key(
    as_role: Door, engine: Engine, mail: Recorder, dead: list[dict[str, Any]]
) -> None:
    # when one is replayed twice under one Idempotency-Key
    operator, head = as_role("operator"), {"Idempotency-Key": "once"}
    path = f"/v1/dead-letters/{dead[0]['key']}/replay"
    first, again = (operator.post(path, headers=head) for _ in range(2))
    engine.run_until(START + 120_000_000)

    # then it leaves once, its run completes, and who did it is told
    assert (first.status_code, again.content) == (200, first.content)
    assert [delivery.key for delivery in mail.deliveries] == [dead[0]["key"]]
    run = operator.get(f"/v1/runs/{dead[0]['run']}").json()
    assert run["status"] == "completed"
    assert {"by": "operator@example.com"} in [step["detail"] for step in run["steps"]]
    assert operator.post(path).status_code == 409


def test_a_dead_letter_that_is_replayed_while_its_workflow_is_held_back_waits(
    as_role: Door, engine: Engine, mail: Recorder, dead: list[dict[str, Any]]
) -> None:
    # given a workflow that is held back
    operator = as_role("operator")
    operator.post("/v1/pause", {"workflow": "news"})
    path = f"/v1/dead-letters/{dead[0]['key']}"
    assert operator.get(path).json() == dead[0]
    # when a dead letter of it is replayed
    replayed = operator.post(f"{path}/replay")
    # then it waits without an end, and is no dead letter any more
    assert replayed.status_code == 200, replayed.text
    told = replayed.json()
    assert (told["state"], told["due"], told["dead"]) == ("ready", None, False)
    assert operator.get(f"/v1/runs/{dead[0]['run']}").json()["effects"][0]["due"] is None
    assert dead[0]["key"] not in [each["key"] for each in operator.get("/v1/dead-letters").json()["items"]]
    # and leaves when that goes on
    operator.post("/v1/resume", {"workflow": "news"})
    engine.run_until(START + 120_000_000)
    assert operator.get(path).json()["outcome"] == "executed"
    assert len(mail.deliveries) == 1
    assert operator.get("/v1/dead-letters/none").status_code == 404


def test_a_dead_letter_is_settled_with_a_note(as_role: Door, dead: list[dict[str, Any]]) -> None:
    operator = as_role("operator")
    path = f"/v1/dead-letters/{dead[0]['key']}/settle"
    assert operator.post(path, {"outcome": "maybe"}).status_code == 400
    settled = operator.post(path, {"outcome": "executed", "note": "told by phone"}).json()
    assert (settled["outcome"], settled["reason"]) == ("executed", "operator")
    assert [each["key"] for each in operator.get("/v1/dead-letters").json()["items"]] == [dead[1]["key"]]
    step = operator.get(f"/v1/runs/{dead[0]['run']}").json()["steps"][-1]
    told = {"action": "email.send", "by": "operator@example.com", "note": "told by phone"}
    assert (step["outcome"], step["detail"]) == ("executed", told)
    assert operator.post(path, {"outcome": "failed"}).status_code == 409


def test_a_failed_run_is_retried(
    as_role: Door, engine: Engine, mail: Recorder, dead: list[dict[str, Any]]
) -> None:
    operator = as_role("operator")
    run = operator.post(f"/v1/runs/{dead[1]['run']}/retry").json()
    assert (run["status"], run["reason"]) == ("waiting", None)
    engine.run_until(START + 120_000_000)
    assert [delivery.key for delivery in mail.deliveries] == [dead[1]["key"]]
    assert operator.post(f"/v1/runs/{dead[1]['run']}/retry").status_code == 409


def test_connectors_are_shown_with_their_breakers(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    shown = {"name": "email", "delivery": "at_least_once", "rate": "5 per minute"}
    well = {"state": "closed", "failures": 0, "open_until": None}
    assert operator.get("/v1/connectors").json() == {"items": [shown | well]}
