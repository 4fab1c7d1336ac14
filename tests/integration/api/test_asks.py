"""Questions through the doors: a person's limits hold across customers, transactions and restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, Client, Door

SETTINGS = """
name: Test shop
people:
  desk: {email: desk@example.com, asks_at_most: 1 open, may_grant: 30.00 EUR per month}
"""
FLOW = """
workflow: ask-desk
owner: shop
class: service
description: Ask the desk for an offer.
reentry: always
steps:
  - ask: {who: [desk], question: Offer?, choices: [offer, leave], up_to: 2d, else: leave, worth: 20.00 EUR}
    as: answer
"""


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "holdfast.yaml").write_text(SETTINGS.lstrip())
    (folder / "workflows/ask-desk.yaml").write_text(FLOW.lstrip())
    (folder / "rules/desk.yaml").unlink()
    return folder


def ask(engine: Engine, operator: Client, customer: str) -> dict[str, Any]:
    """Let a run ask for a customer; give the steps that it took."""
    engine.trigger("call-me", customer, {"value": 12}).result()
    engine.run_until(START)
    [run] = operator.get(f"/v1/runs?customer={customer}").json()["items"]
    whole: dict[str, Any] = operator.get(f"/v1/runs/{run['id']}").json()
    return whole


def test_a_full_desk_is_not_asked_and_one_that_has_granted_enough_neither(
    as_role: Door, engine: Engine
) -> None:
    # given a desk that has room for one question
    operator = as_role("operator")
    assert ask(engine, operator, "ann")["status"] == "waiting"
    second = ask(engine, operator, "bob")
    assert (second["status"], second["answers"]["answer"]["choice"]) == ("completed", "leave")
    assert [(step["outcome"], step["reason"]) for step in second["steps"]] == [
        ("skipped", "asks_full"), ("executed", "asks_full"),
    ]  # fmt: skip
    [open_] = operator.get("/v1/asks?who=desk").json()["items"]
    assert (open_["customer"], open_["worth"]) == ("ann", "20.00 EUR")
    assert operator.get("/v1/asks?who=nobody").json()["items"] == []

    # when it has granted 20.00 of its 30.00
    assert operator.post(f"/v1/asks/{open_['id']}/answer", {"choice": "offer"}).status_code == 200

    # then it has room, but not for another 20.00
    assert [step["reason"] for step in ask(engine, operator, "cy")["steps"]] == ["over_grant"] * 2


def test_limits_are_kept_over_a_restart(as_role: Door, engine: Engine, folder: Path) -> None:
    ask(engine, as_role("operator"), "ann")
    url = f"sqlite:///{folder / 'holdfast.db'}"
    engine.close()
    with Engine.open(folder, url, engine.clock, work=False) as again:
        again.trigger("call-me", "bob", {"value": 12}).result()
        with again.store.reader() as reader:
            assert [item.customer for item in reader.asks(who="desk")] == ["ann"]
