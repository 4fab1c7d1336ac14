"""A plan's backtest: what its rules would have decided otherwise on the events that are stored."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports import backtesting
from tests.integration.api.conftest import FILES, START, Client, Door

RULE = "rules/big-order.yaml"
OVER_500 = {RULE: FILES[RULE].replace(">= 100.10", ">= 500")}


def token_of(author: Client, files: dict[str, str | None]) -> str:
    return str(author.post("/v1/plans", {"files": files}).json()["token"])


def played(client: Client, engine: Engine, token: str, days: int = 28) -> dict[str, Any]:
    answer = client.get(f"/v1/plans/{token}/backtest?days={days}")
    assert answer.status_code == 200, answer.text
    engine._backtests.wait(60)
    told: dict[str, Any] = client.get(f"/v1/plans/{token}/backtest?days={days}").json()
    assert told["state"] == "done", told
    return told


@pytest.fixture
def shop(as_role: Door, clock: VirtualClock) -> Client:
    """Orders on two days: of 200, of 600, and a day later of 300."""
    admin = as_role("admin")
    for customer, total, after in (("ann", 200, 0), ("ben", 600, HOUR), ("cid", 300, DAY)):
        clock.move_to(START + after)
        admin.events({"customer": customer, "event": "order_completed", "id": customer, "total": total})
    return admin


def test_a_plan_is_played_beside_what_is_live(shop: Client, as_role: Door, engine: Engine) -> None:
    # given a higher threshold
    token = token_of(as_role("author"), OVER_500)
    # when it is played
    told = played(as_role("operator"), engine, token)
    # then both sides are told by day
    [rule] = told["rules"]
    assert rule["rule"] == "big-order"
    assert (rule["before"]["fired"], rule["after"]["fired"]) == (3, 1)
    assert rule["days"] == [
        {"day": "2026-01-05", "before": 2, "after": 1},
        {"day": "2026-01-06", "before": 1, "after": 0},
    ]
    assert (told["same"], told["differing"], told["customers"]) == (2, 2, 3)
    # and who is decided otherwise, with the lines that make it so
    assert [each["customer"] for each in told["examples"]] == ["ann", "cid"]
    assert (told["examples"][0]["before"], told["examples"][0]["after"]) == ("fired", "not_met")
    assert [line["text"] for line in told["examples"][0]["lines"]] == [
        "event.total >= 100.10",
        "event.total >= 500",
    ]


def test_who_sees_no_customers_is_told_numbers_alone(shop: Client, as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    told = played(author, engine, token_of(author, OVER_500))
    assert told["examples"] is None
    assert told["differing"] == 2
    assert "ann" not in str(told["rules"])


def test_only_the_last_days_are_counted(shop: Client, as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    told = played(author, engine, token_of(author, OVER_500), days=1)
    assert [rule["days"] for rule in told["rules"]] == [[{"day": "2026-01-06", "before": 1, "after": 0}]]


def test_a_rule_that_comes_in_or_goes_has_one_side(shop: Client, as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    told = played(author, engine, token_of(author, {RULE: None}))
    assert [(rule["before"]["fired"], rule["after"]) for rule in told["rules"]] == [(3, None)]


def test_what_was_played_is_kept_until_somebody_is_erased(
    shop: Client, as_role: Door, engine: Engine
) -> None:
    author = as_role("author")
    token = token_of(author, OVER_500)
    first = played(author, engine, token)
    shop.events({"customer": "dan", "event": "order_completed", "id": "dan", "total": 200})
    assert played(author, engine, token) == first
    # when somebody of it is erased
    assert shop("DELETE", "/v1/customers/ann").status_code in (200, 202)
    # then it is played anew, without them
    told = played(as_role("operator"), engine, token)
    assert "ann" not in [each["customer"] for each in told["examples"]]


def test_a_proposal_can_be_played_by_its_hash(shop: Client, as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    made = author.post("/v1/releases", {"token": token_of(author, OVER_500)}).json()
    assert played(as_role("approver"), engine, made["hash"])["differing"] == 2


def test_there_is_none_of_what_was_never_planned(as_role: Door) -> None:
    assert as_role("author").get("/v1/plans/none/backtest").status_code == 404
    assert as_role("author").get("/v1/plans/none/backtest?days=0").status_code == 400
    assert as_role("ingest").get("/v1/plans/none/backtest").status_code == 403


def test_too_many_events_are_not_played_in_a_server(
    shop: Client, as_role: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtesting, "PLAYED", 2)
    author = as_role("author")
    refused = author.get(f"/v1/plans/{token_of(author, OVER_500)}/backtest")
    assert (refused.status_code, refused.json()["code"]) == (400, "too_many_to_play")
    assert "holdfast backtest" in refused.json()["detail"]
