"""POST /v1/events: answered after the commit, and no event at its neighbour's cost."""

from __future__ import annotations

import gzip
from decimal import Decimal
from threading import Thread
from typing import Any

import msgspec
import pytest

from engine.runtime.engine import Engine
from tests.integration.api.conftest import Door

ORDER = {
    "customer": "ann",
    "event": "order_completed",
    "id": "o1",
    "total": 120.5,
    "at": "2026-01-05T11:00:00Z",
}


def test_an_event_is_on_the_disk_when_it_is_answered(as_role: Door, engine: Engine) -> None:
    # given a key that may add
    ingest = as_role("ingest")
    # when an event is sent
    answer = ingest.post("/v1/events", ORDER)
    # then the answer is exactly this, and the event is there under the key's label, exact
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True, "accepted": 1, "duplicates": 0, "conflicts": [], "quarantined": [],
    }  # fmt: skip
    with engine.store.reader() as reader:
        stored = reader.event("ingest-key", "o1")
    assert stored is not None
    assert stored.event.properties["total"] == Decimal("120.5")


def test_what_comes_twice_is_a_duplicate_and_what_differs_a_conflict(as_role: Door) -> None:
    ingest = as_role("ingest")
    told = ingest.events(ORDER, ORDER, {**ORDER, "total": 99}, {"customer": "ann"})
    assert (told["accepted"], told["duplicates"]) == (1, 1)
    assert told["conflicts"] == [{"index": 2, "source": "ingest-key", "message_id": "o1"}]
    [bad] = told["quarantined"]
    assert (bad["index"], bad["code"]) == (3, "no_name")
    assert set(bad) == {"index", "message_id", "code", "detail"}


_BAD = {
    "nan": (b'{"customer": "b", "event": "e", "x": NaN}', "bad_value"),
    "infinity": (b'{"customer": "b", "event": "e", "x": -Infinity}', "bad_value"),
    "surrogate": (rb'{"customer": "b", "event": "e", "x": "\ud800"}', "bad_value"),
    "nul": (rb'{"customer": "b", "event": "e", "x": "\u0000"}', "bad_value"),
    "nul in a key": (rb'{"customer": "b", "event": "e", "\u0000": 1}', "bad_value"),
    "nul in a customer": (rb'{"customer": "b\u0000", "event": "e"}', "bad_value"),
    "2^70": (b'{"customer": "b", "event": "e", "x": 1180591620717411303424}', "bad_value"),
    "5000 digits": (b'{"customer": "b", "event": "e", "x": ' + b"9" * 5000 + b"}", "bad_value"),
    "1e400": (b'{"customer": "b", "event": "e", "x": 1e400}', "bad_value"),
    "deep": (b'{"customer": "b", "event": "e", "x": ' + b"[" * 900 + b"]" * 900 + b"}", "too_deep"),
    "very deep": (
        b'{"customer": "b", "event": "e", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "too_deep",
    ),
    "not utf-8": (b'{"customer": "b", "event": "e", "x": "\xff"}', "bad_value"),
    "too large": (b'{"customer": "b", "event": "e", "x": "' + b"a" * 65_536 + b'"}', "too_large"),
    "a number": (b"5", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "year 1": (b'{"customer": "b", "event": "e", "at": "0001-01-01T00:00:00Z"}', "bad_time"),
    "nobody": (b'{"event": "e"}', "no_customer"),
    "broken": (b'{"customer" "b"}', "invalid_json"),
}
BAD = {name: body for name, (body, _) in _BAD.items()}


@pytest.mark.parametrize("lines", [False, True], ids=["array", "lines"])
def test_a_bad_event_costs_its_neighbours_nothing(as_role: Door, engine: Engine, lines: bool) -> None:
    # given many kinds of bad event, with a good one after each
    ingest = as_role("ingest")
    parts: list[bytes] = []
    for number, bad in enumerate(BAD.values()):
        parts += [bad, msgspec.json.encode({**ORDER, "id": f"o{number}"})]
    body = b"\r\n".join(parts) if lines else b"[" + b", ".join(parts) + b"]"
    kind = "application/x-ndjson" if lines else "application/json"
    # when they are sent together
    answer = ingest("POST", "/v1/events", content=body, headers={"Content-Type": kind})
    # then the good ones are in, the bad ones are kept with a reason, and the sums hold
    assert answer.status_code == 200
    told = answer.json()
    reasons = {name: told["quarantined"][number]["code"] for number, name in enumerate(BAD)}
    assert told["accepted"] == len(BAD)
    assert [entry["index"] for entry in told["quarantined"]] == list(range(0, 2 * len(BAD), 2))
    assert reasons == {name: code for name, (_, code) in _BAD.items()}
    assert engine.doctor()["balanced"]


@pytest.mark.parametrize("bad", ["nan", "very deep", "2^70"])
def test_a_bad_event_alone_is_kept_with_its_reason(as_role: Door, bad: str) -> None:
    answer = as_role("ingest")("POST", "/v1/events", content=BAD[bad])
    assert (answer.status_code, len(answer.json()["quarantined"])) == (200, 1)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_gzip_is_expanded_whatever_it_is_called(as_role: Door, kind: str) -> None:
    body = gzip.compress(msgspec.json.encode([ORDER]))
    answer = as_role("ingest")("POST", "/v1/events", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "invalid_json"),
        (b"hello", {}, 400, "invalid_json"),
        (b'{"customer": ', {}, 400, "invalid_json"),
        (b"null", {}, 400, "invalid_body"),
        ('{"a": 1}'.encode("utf-16"), {}, 400, "invalid_json"),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", {}, 413, "too_many_events"),
        (b" " * (5 * 1024 * 1024 + 1), {}, 413, "too_large"),
        (gzip.compress(b" " * (5 * 1024 * 1024 + 1), mtime=0), {}, 413, "too_large"),
        (gzip.compress(b"[]", mtime=0)[:-4], {}, 400, "invalid_gzip"),
        (gzip.compress(gzip.compress(b"[]", mtime=0), mtime=0), {}, 400, "invalid_json"),
        (b"[]", {"Content-Encoding": "br"}, 415, "unsupported_encoding"),
    ],
)
def test_a_body_without_events_is_refused_whole(
    as_role: Door, engine: Engine, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = as_role("ingest")("POST", "/v1/events", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert engine.doctor()["received"] == 0


def test_a_chunked_body_is_bounded_too(as_role: Door) -> None:
    chunks = (b" " * 1_000_000 for _ in range(6))
    answer = as_role("ingest")("POST", "/v1/events", content=chunks)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/"])
def test_a_slash_at_the_end_redirects_nobody(as_role: Door, path: str) -> None:
    assert as_role("ingest").post(path, ORDER).json()["accepted"] == 1


def test_an_ingest_key_may_withdraw_consent_and_not_grant_it(as_role: Door) -> None:
    grant = {"customer": "ann", "event": "identify", "traits": {"marketing_email": True}}
    withdraw = {"customer": "ann", "event": "identify", "traits": {"marketing_email": False}}
    told = as_role("ingest").events(grant, withdraw)
    assert (told["accepted"], told["quarantined"][0]["code"]) == (1, "protected")
    assert as_role("operator").events(grant)["accepted"] == 1


def test_the_same_batch_from_many_at_once_counts_once(as_role: Door, engine: Engine) -> None:
    # given one batch that ten clients send at the same time
    ingest = as_role("ingest")
    batch = [{**ORDER, "id": f"o{number}"} for number in range(20)]
    answers: list[dict[str, Any]] = []
    threads = [Thread(target=lambda: answers.append(ingest.events(*batch))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # then each event was accepted for one of them
    assert sum(answer["accepted"] for answer in answers) == 20
    assert sum(answer["duplicates"] for answer in answers) == 180
    assert engine.doctor()["balanced"]


def test_an_engine_that_has_closed_is_our_fault(as_role: Door, engine: Engine) -> None:
    # given an engine that is going away under an open door
    ingest = as_role("ingest")
    assert ingest.events(ORDER)["accepted"] == 1
    engine.close()
    # when another event comes
    answer = ingest.post("/v1/events", {**ORDER, "id": "o2"})
    # then the client is told to come again
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
