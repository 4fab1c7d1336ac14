"""Erasing a customer through the doors: nothing of them is left, and what is sent twice acts once."""

from __future__ import annotations

import io
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import structlog

from engine.model.values import DAY, HOUR
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.logs import configure
from tests.integration.api.conftest import Client, Door
from tests.integration.runtime.audit.exports import PROGRAMS, contents, in_clear

CANARY = "canary.7f3a@example.com"
"""An id that stands nowhere else."""
WORDS = "canary-words-9c1e"


@pytest.fixture
def logged(own_logs: None) -> io.StringIO:
    """What is logged while a test runs, as it is written for people who run an engine."""
    written = io.StringIO()
    configure()
    structlog.configure(logger_factory=lambda *args: structlog.PrintLogger(written))
    return written


def sent(name: str, id: str, **properties: Any) -> dict[str, Any]:
    return {"customer": CANARY, "event": name, "id": id, **properties}


def held_in(folder: Path) -> bytes:
    """Every byte of a workspace: its files, its secrets, its database and the log of that."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def live_through(operator: Client, auditor: Client, engine: Engine, clock: VirtualClock) -> None:
    """Let a customer leave a trace in everything that there is."""
    traits = {"plan": "free", "email": CANARY, "marketing_email": True, "note": WORDS}
    operator.events(
        sent("identify", f"{WORDS}-1", traits=traits),
        sent("order_completed", f"{WORDS}-2", total=120, note=WORDS),
        sent("order_completed", f"{WORDS}-3", total=150),
        sent("news_asked", f"{WORDS}-4"),
        sent("nps_answered", f"{WORDS}-5", score=2, comment=f"never again {WORDS}"),
        sent("order_completed", f"{WORDS}-6", at="never", note=WORDS),
    )
    engine.run_until(clock.now() + HOUR)
    asks = operator.get("/v1/asks").json()["items"]
    for ask in asks[:1]:
        operator.post(f"/v1/asks/{ask['id']}/answer", {"choice": "call", "by": "desk"})
    engine.run_until(clock.now() + HOUR)
    for case in operator.get("/v1/cases").json()["items"]:
        operator.post(f"/v1/cases/{case['id']}/pause", {"by": "desk", "reason": f"she said {WORDS}"})
    operator.post("/v1/suppressions", {"address": CANARY, "channel": "email", "note": WORDS})
    said = {"channel": "email", "granted": True, "source": WORDS}
    operator.post(f"/v1/customers/{CANARY}/consent", said, headers={"Idempotency-Key": "consent-1"})
    called = {"customer": CANARY, "event": {"value": 20, "note": WORDS}}
    assert operator.post("/v1/triggers/call-me", called).status_code == 200
    auditor.get(f"/v1/customers/{CANARY}/timeline")
    auditor.get(f"/v1/customers/{CANARY}/nothing-here")


@pytest.fixture
def engine(folder: Path, clock: VirtualClock, logged: io.StringIO) -> Generator[Engine]:
    """An engine whose messages are only recorded; some are refused in the address's own words."""
    actions, _ = recording()
    database = f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, database, clock, actions=actions, work=False) as engine:
        yield engine


def test_a_canary_is_found_nowhere_after_it_was_erased(
    as_role: Door, engine: Engine, clock: VirtualClock, folder: Path, logged: io.StringIO
) -> None:
    # given
    operator, auditor = as_role("operator"), as_role("auditor")
    live_through(operator, auditor, engine, clock)
    for word in (CANARY, WORDS):
        assert word.encode() in held_in(folder)

    # when
    erased = operator("DELETE", f"/v1/customers/{CANARY}", headers={"Idempotency-Key": "erase-1"})
    assert erased.status_code == 200, erased.text
    engine.run_until(clock.now() + 3 * DAY)

    # then it is in no file of the workspace, the database and its log among them
    held = held_in(folder)
    asked = [
        auditor.get(path)
        for path in (
            "/v1/audit/decisions", "/v1/runs", "/v1/cases", "/v1/asks?answered=true", "/v1/suppressions",
            "/v1/suppressions/export", "/v1/dead-letters", "/v1/segments/regular/members", "/openapi.json",
            "/v1/experiments", "/v1/rules",
        )
    ]  # fmt: skip
    asked.append(operator.get("/metrics"))
    for word in ("canary.7f3a", WORDS):
        assert word.encode() not in held
        # nor in what is logged, counted or shown
        assert word not in logged.getvalue()
        for answer in (*asked, erased):
            assert answer.status_code == 200, answer.text
            assert word not in answer.text
    assert logged.getvalue()
    assert engine.doctor()["balanced"]
    assert auditor.get(f"/v1/customers/{CANARY}").status_code == 404


def taken_along(auditor: Client, path: Path, other: str) -> dict[str, bytes]:
    """Everything that can be taken away as a file, what is encoded in it decoded."""
    audit, listed, everything = (
        auditor.get(each)
        for each in ("/v1/audit/export", "/v1/suppressions/export", f"/v1/customers/{other}/export")
    )
    for answer in (audit, listed, everything):
        assert answer.status_code == 200, answer.text
    path.write_bytes(audit.content)
    return in_clear(contents(path)) | {"suppressions.csv": listed.content, "everything": everything.content}


def test_a_canary_is_in_no_export_after_it_was_erased_and_the_record_still_holds(
    as_role: Door, engine: Engine, clock: VirtualClock, folder: Path, tmp_path: Path
) -> None:
    # given a customer whose words are in what is exported, and another beside them
    operator, auditor = as_role("operator"), as_role("auditor")
    live_through(operator, auditor, engine, clock)
    operator.events({"customer": "bob", "event": "order_completed", "id": "bob-1", "total": 120})
    before = taken_along(auditor, tmp_path / "before.zip", "bob")
    assert [name for name, held in before.items() if WORDS.encode() in held] == [
        "records.jsonl",
        "documents",
        "suppressions.csv",
    ]
    decided = engine.replay_audit()
    assert (decided.different, decided.erased) == (0, 0)

    # when
    erased = operator("DELETE", f"/v1/customers/{CANARY}", headers={"Idempotency-Key": "erase-1"})
    assert erased.status_code == 200, erased.text
    path = tmp_path / "after.zip"
    after = taken_along(auditor, path, "bob")

    # then nothing that is taken away from now on has a word of theirs
    assert not [
        (name, word)
        for name, held in after.items()
        for word in ("canary.7f3a", WORDS)
        if word.encode() in held
    ]
    assert auditor.get(f"/v1/customers/{CANARY}/export").status_code == 404
    # and every proof holds: their entries are counted as erased, and a replay says so too
    for program in PROGRAMS.values():
        assert program(path, engine.verifier, []) == []
    assert b'"erased":0' not in after["manifest.json"]
    again = engine.replay_audit()
    assert (again.equal + again.erased, again.different) == (decided.equal, 0)
    assert again.erased > 0 and again.equal > 0


def test_erasing_again_under_the_same_key_gives_the_same_answer(as_role: Door) -> None:
    # given
    operator = as_role("operator")
    operator.events(sent("order_completed", "o-1", total=5))
    once = {"headers": {"Idempotency-Key": "erase-1"}}

    # when
    first = operator("DELETE", f"/v1/customers/{CANARY}", **once)
    again = operator("DELETE", f"/v1/customers/{CANARY}", **once)
    anew = operator("DELETE", f"/v1/customers/{CANARY}")

    # then
    assert first.json()["rows"]["event"] == 1 and not first.json()["already"]
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert anew.json() == {"customer": None, "already": True, "rows": {}}


def test_somebody_nobody_knows_is_not_erased(as_role: Door) -> None:
    answer = as_role("operator")("DELETE", "/v1/customers/nobody")

    assert answer.status_code == 404


@pytest.mark.parametrize("role", ["ingest", "author", "approver", "auditor"])
def test_only_operators_erase(as_role: Door, role: str) -> None:
    assert as_role(role)("DELETE", f"/v1/customers/{CANARY}").status_code == 403


def test_only_an_operator_registers_somebody_who_was_erased(as_role: Door) -> None:
    # given
    operator, ingest = as_role("operator"), as_role("ingest")
    operator.events(sent("order_completed", "o-1", total=5))
    operator("DELETE", f"/v1/customers/{CANARY}")

    # when a shop goes on as if nothing had happened
    told = ingest.events(sent("identify", "i-1", traits={"plan": "team"}))
    put = ingest("PUT", f"/v1/customers/{CANARY}", {"traits": {"plan": "team"}})
    patched = operator("PATCH", f"/v1/customers/{CANARY}", {"traits": {"plan": "team"}})
    called = ingest.post("/v1/triggers/call-me", {"customer": CANARY, "event": {"value": 20}})

    # then it is refused
    assert told["quarantined"][0]["code"] == "erased"
    assert (put.status_code, put.json()["code"]) == (403, "erased")
    assert (patched.status_code, patched.json()["code"]) == (403, "erased")
    assert (called.status_code, called.json()["code"]) == (409, "erased")

    # until an operator registers them
    assert operator("PUT", f"/v1/customers/{CANARY}", {"traits": {"plan": "team"}}).status_code == 200
    assert ingest.events(sent("order_completed", "o-2", total=5))["accepted"] == 1
