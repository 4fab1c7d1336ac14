"""A score as the API shows it, and what a person sets in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, Client, Door, problem

HEALTH = """
score: health
parts:
  usage:   {weight: 60, is: customer.usage / 100, reason: Usage is low}
  support: {weight: 40, is: customer.support / 100}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
coverage: 50%
"""
TRAITS = """
facts:
  usage: {type: number}
  support: {type: number}
"""
RESCUE = """
rule: rescue
owner: shop
description: Somebody has become red.
status: live
when: {score: health, becomes: red}
then:
  - run: ask-desk
"""
PATH = "/v1/scores/health/customers/ann"


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "rules" / "health.yaml").write_text(HEALTH.lstrip())
    (folder / "rules" / "traits.yaml").write_text(TRAITS.lstrip())
    (folder / "rules" / "rescue.yaml").write_text(RESCUE.lstrip())
    return folder


def seen(usage: int, support: int | None = None) -> dict[str, Any]:
    traits = {"usage": usage} | ({} if support is None else {"support": support})
    return {"customer": "ann", "event": "identify", "traits": traits}


def test_a_score_shows_its_parts_and_what_they_weigh(as_role: Door) -> None:
    # given a customer of whose two parts one is known
    as_role("ingest").events(seen(30))
    # when somebody who may read asks
    told = as_role("auditor").get(PATH).json()
    # then the score is told as number, percent, band and letter, and each part by itself
    assert (told["value"], told["percent"], told["band"], told["letter"]) == (30, 30, "red", "F")
    assert (told["computed"], told["coverage"], told["override"], told["trend"]) == (30, 0.6, None, None)
    assert told["parts"] == [
        {"name": "usage", "raw": 0.3, "value": 0.3, "weight": 60, "contribution": 30, "age_seconds": 0,
         "stale": False},
        {"name": "support", "raw": None, "value": None, "weight": 40, "contribution": 0,
         "age_seconds": None, "stale": False},
    ]  # fmt: skip
    assert told["reasons"] == ["Usage is low"]
    assert told["daily"] == [{"day": "2026-01-05", "value": 30}]


def test_an_override_counts_until_its_end_and_then_what_is_computed(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given a customer whose score is red
    as_role("ingest").events(seen(30, 30))
    operator, auditor = as_role("operator"), as_role("auditor")
    # when a person says 90 until 1 July
    put = operator(
        "PUT", f"{PATH}/override", {"value": 90, "reason": "Renewed by phone", "until": "2026-07-01"}
    )
    # then both are told, with who, why and until when
    assert put.status_code == 200
    assert (put.json()["value"], put.json()["computed"], put.json()["band"]) == (90, 30, "green")
    assert put.json()["override"] == {
        "value": 90,
        "author": "operator@example.com",
        "reason": "Renewed by phone",
        "until": "2026-07-01T00:00:00Z",
    }
    # and it counts wherever the score is read, to the end
    engine.run_until(START + 176 * DAY)
    clock.move_to(START + 176 * DAY)
    assert auditor.get("/v1/customers/ann").json()["facts"]["health"]["value"] == 90
    # then by itself what is computed comes back, and the band with it
    clock.move_to(START + 176 * DAY + 12 * HOUR)
    engine.run_until(START + 176 * DAY + 12 * HOUR)
    told = auditor.get(PATH).json()
    assert (told["value"], told["band"], told["override"]) == (30, "red", None)
    changes = [
        (one["at"], one["event"]["properties"]["from"], one["event"]["properties"]["band"])
        for one in auditor.get("/v1/customers/ann/timeline").json()["items"]
        if one["kind"] == "event" and one["event"]["name"] == "band_changed"
    ]
    assert sorted(changes, reverse=True) == [
        ("2026-07-01T00:00:00Z", "green", "red"),
        ("2026-01-05T12:00:00Z", "unknown", "red"),
        ("2026-01-05T12:00:00Z", "red", "green"),
    ]


def test_an_override_ends_early_once(as_role: Door) -> None:
    as_role("ingest").events(seen(30, 30))
    operator = as_role("operator")
    operator("PUT", f"{PATH}/override", {"value": 90, "reason": "Renewed", "until": "2026-07-01"})

    ended = operator("DELETE", f"{PATH}/override")
    assert (ended.json()["value"], ended.json()["band"], ended.json()["override"]) == (30, "red", None)

    assert problem(operator("DELETE", f"{PATH}/override"))["status"] == 409


def test_the_same_override_again_changes_nothing(as_role: Door, engine: Engine) -> None:
    as_role("ingest").events(seen(30, 30))
    operator = as_role("operator")
    wanted = {"value": 90, "reason": "Renewed", "until": "2026-07-01T00:00:00+01:00"}

    answers = [operator("PUT", f"{PATH}/override", wanted).json()["override"] for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    names = [entry.of.name for entry in engine.timeline("ann") if entry.kind == "event"]
    assert names.count("score_overridden") == 1


def test_why_sees_an_override_as_it_stood(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    # given one who is overridden to green at noon, and let go to red at one
    as_role("ingest").events(seen(30, 30))
    operator, auditor = as_role("operator"), as_role("auditor")
    operator("PUT", f"{PATH}/override", {"value": 90, "reason": "Renewed", "until": "2026-07-01"})
    clock.move_to(START + HOUR)
    operator("DELETE", f"{PATH}/override")
    # when it is asked why the rule fired, as of then and as of before
    later = auditor.get("/v1/customers/ann/why?rule=rescue&at=2026-01-05T13:30:00Z").json()
    before = auditor.get("/v1/customers/ann/why?rule=rescue&at=2026-01-05T12:30:00Z").json()
    # then it fired twice: when first red, and when red again
    assert (later["decision"], later["at"][:16]) == ("fired", "2026-01-05T13:00")
    assert (before["decision"], before["at"][:16]) == ("fired", "2026-01-05T12:00")
    assert (later["event"]["from"], before["event"]["from"]) == ("green", "unknown")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"value": 101, "reason": "so", "until": "2026-07-01"}, 400),
        ({"value": 90, "reason": " ", "until": "2026-07-01"}, 400),
        ({"value": 90, "reason": "so", "until": "2026-01-05T11:59:00Z"}, 400),
        ({"value": 90, "reason": "so", "until": "2027-02-01"}, 400),
        ({"value": 90, "reason": "so", "until": "soon"}, 400),
        ({"value": 90, "until": "2026-07-01"}, 400),
    ],
    ids=["over 100", "no reason", "past", "over a year", "no time", "reason left out"],
)
def test_an_override_is_refused_where_it_cannot_be_one(
    as_role: Door, body: dict[str, Any], status: int
) -> None:
    as_role("ingest").events(seen(30, 30))
    assert problem(as_role("operator")("PUT", f"{PATH}/override", body))["status"] in (status, 422)


def test_only_operators_set_a_score_and_nobody_sends_it_as_an_event(as_role: Door) -> None:
    as_role("ingest").events(seen(30, 30))
    body = {"value": 90, "reason": "so", "until": "2026-07-01"}
    assert as_role("auditor")("PUT", f"{PATH}/override", body).status_code == 403
    assert as_role("ingest").get(PATH).status_code == 403
    sent = {"customer": "ann", "event": "score_overridden", "score": "health", **body, "by": "me"}
    answer = as_role("operator").events(sent)
    assert [one["code"] for one in answer["quarantined"]] == ["reserved_name"]


@pytest.mark.parametrize("path", ["/v1/scores/health/customers/nobody", "/v1/scores/wealth/customers/ann"])
def test_what_there_is_not_is_not_found(as_role: Door, path: str) -> None:
    as_role("ingest").events(seen(30, 30))
    operator = as_role("operator")
    body = {"value": 90, "reason": "so", "until": "2026-07-01"}
    assert operator.get(path).status_code == 404
    assert operator("PUT", f"{path}/override", body).status_code == 404
    assert operator("DELETE", f"{path}/override").status_code == 404


LIFECYCLE = """
lifecycle: journey
stages:
  prospect: {if: customer.orders == 0}
  lapsed: {quiet: 60d, of: order_completed}
  active: {}
"""


def test_who_was_in_a_stage_on_a_day(folder: Path, clock: VirtualClock) -> None:
    # given a workspace with a lifecycle, one who buys once, and one who buys again later
    (folder / "rules" / "journey.yaml").write_text(LIFECYCLE.lstrip())
    with Engine.open(folder, f"sqlite:///{folder / 'other.db'}", clock, work=False) as engine:
        with TestClient(create_app(engine), raise_server_exceptions=False) as http:
            operator = Client(http, engine.create_key("operator", "sam@example.com", "desk").text)
            for customer in ("ann", "ben"):
                operator.events({"customer": customer, "event": "order_completed", "total": 5})
            engine.run_until(START + 70 * DAY)
            clock.move_to(START + 70 * DAY)
            operator.events({"customer": "ben", "event": "order_completed", "total": 5})

            def members(stage: str, day: str) -> list[str]:
                path = f"/v1/segments/journey.{stage}/members?at={day}"
                return [one["customer"] for one in operator.get(path).json()["items"]]

            # then each day tells who was where: after sixty days, and not before
            assert members("active", "2026-01-06") == members("active", "2026-03-06") == ["ann", "ben"]
            assert members("lapsed", "2026-03-07") == ["ann", "ben"]
            assert (members("lapsed", "2026-03-17"), members("active", "2026-03-17")) == (["ann"], ["ben"])
            assert operator.get("/v1/customers/ann").json()["facts"]["journey_stage"]["value"] == "lapsed"
            assert operator.get("/v1/segments/journey.lost/members").status_code == 404
            # and what came of ben is told once a change
            told = [
                entry.of.properties["stage"]
                for entry in engine.timeline("ben")
                if entry.kind == "event" and entry.of.name == "stage_changed"
            ]
            assert told == ["active", "lapsed", "active"]


def test_a_calibration_is_of_what_was_stored_by_midnight(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given two customers, one of whom orders in February, and three months
    ingest, auditor = as_role("ingest"), as_role("auditor")
    for customer, usage in (("ann", 90), ("ben", 20)):
        traits = {"usage": usage, "support": usage}
        ingest.events({"customer": customer, "event": "identify", "traits": traits})
    clock.move_to(START + 35 * DAY)
    ingest.events({"customer": "ben", "event": "order_completed", "total": 5})
    engine.run_until(START + 60 * DAY)
    clock.move_to(START + 60 * DAY)
    # when it is asked who ordered within a month
    told = auditor.get("/v1/scores/health/calibration?outcome=order_completed&within=4w").json()
    # then it is as of the midnight before, and the one full month tells of both
    assert (told["as_of"], told["within_days"]) == ("2026-03-06T00:00:00Z", 28)
    assert told["looks"] == ["2026-02-01T00:00:00Z"]
    rows = {row["name"]: (row["had"], row["n"]) for row in told["bands"]}
    assert rows == {"green": (0, 1), "amber": (0, 0), "red": (1, 1)}
    assert [row["low"] for row in told["bands"]] == [0, None, 0.2065]
    # and the wrong question is told so
    for query, status in (("within=soon", 400), ("outcome=%20", 404), ("since=1", 400)):
        assert auditor.get(f"/v1/scores/health/calibration?{query}").status_code == status, query
    assert auditor.get("/v1/scores/wealth/calibration").status_code == 404


def test_the_score_of_an_account_is_overridden_too(folder: Path, clock: VirtualClock) -> None:
    # given a score of accounts
    (folder / "rules" / "size.yaml").write_text(
        "score: size\non: account\nparts:\n  seats: {weight: 1, is: customer.seats / 100}\n"
        "bands: {large: {from: 50}, small: {from: 0}}\n"
    )
    (folder / "rules" / "accounts.yaml").write_text("facts:\n  seats: {type: number, on: account}\n")
    with Engine.open(folder, f"sqlite:///{folder / 'other.db'}", clock, work=False) as engine:
        with TestClient(create_app(engine), raise_server_exceptions=False) as http:
            operator = Client(http, engine.create_key("operator", "sam@example.com", "desk").text)
            operator.events({"account": "acme", "event": "group", "traits": {"seats": 10}})
            path = "/v1/scores/size/customers/acme"
            body = {"value": 80, "reason": "Grows", "until": "2026-02-01"}
            assert operator("PUT", f"{path}/override", body).json()["band"] == "large"
            told = operator.get(path).json()
            assert (told["value"], told["computed"], told["parts"][0]["raw"]) == (80, 10, 0.1)
            engine.run_until(START + 27 * DAY)
            clock.move_to(START + 27 * DAY)
            assert operator.get(path).json()["band"] == "small"
            # a person has no such score
            operator.events({"customer": "ann", "event": "login"})
            assert operator.get("/v1/scores/size/customers/ann").status_code == 404
