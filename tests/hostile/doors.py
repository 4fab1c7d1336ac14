"""What is asked of the doors that is not to be had: cursors, limits, keys of idempotency, ids."""

from __future__ import annotations

import json

from tests.hostile.case import Case, Ground


def _cursor(what: str, wanted: str, cursor: str) -> Case:
    return Case(
        "doors",
        what,
        wanted,
        lambda ground: ground.ask("auditor", "GET", "/v1/runs", params={"cursor": cursor}),
    )


def _limit(what: str, wanted: str, limit: str) -> Case:
    return Case(
        "doors",
        what,
        wanted,
        lambda ground: ground.ask("auditor", "GET", "/v1/runs", params={"limit": limit}),
    )


def _fill(ground: Ground) -> None:
    events = [
        {"customer": f"c{n}", "event": "order_completed", "id": f"o{n}", "total": 200} for n in range(5)
    ]
    ground.ingest(json.dumps(events).encode())
    ground.engine.run_until(ground.clock.now())


def _of_other_filters(ground: Ground) -> str:
    _fill(ground)
    page = ground.send("auditor", "GET", "/v1/runs", params={"limit": 2, "workflow": "ask-desk"}).json()
    return ground.ask("auditor", "GET", "/v1/runs", params={"limit": 2, "cursor": page["next_cursor"]})


def _changed_cursor(ground: Ground) -> str:
    _fill(ground)
    cursor = ground.send("auditor", "GET", "/v1/runs", params={"limit": 2}).json()["next_cursor"]
    changed = ("AA" if cursor[:2] != "AA" else "BB") + cursor[2:]
    return ground.ask("auditor", "GET", "/v1/runs", params={"limit": 2, "cursor": changed})


def _call(ground: Ground, key: str, value: int) -> str:
    body = {"customer": "b", "event": {"value": value}}
    return ground.ask("ingest", "POST", "/v1/triggers/call-me", json=body, headers={"Idempotency-Key": key})


def _key(what: str, wanted: str, key: str) -> Case:
    def got(ground: Ground) -> str:
        return _call(ground, key, 20)

    return Case("doors", what, wanted, got)


def _reused(ground: Ground) -> str:
    _call(ground, "k1", 20)
    return _call(ground, "k1", 30)


def _path(what: str, wanted: str, path: str) -> Case:
    return Case("doors", what, wanted, lambda ground: ground.ask("auditor", "GET", path))


def _body(what: str, wanted: str, role: str, method: str, path: str, body: bytes) -> Case:
    def got(ground: Ground) -> str:
        return ground.ask(role, method, path, content=body, headers={"Content-Type": "application/json"})

    return Case("doors", what, wanted, got)


CASES = [
    _cursor("a cursor that is made up", "400 invalid_cursor", "abc"),
    _cursor("a cursor of 100 KB", "400 invalid_cursor", "A" * 8_000),
    _cursor("a cursor that is no base64", "400 invalid_cursor", "%00%ff"),
    Case("doors", "a cursor of other filters", "400 invalid_cursor", _of_other_filters),
    Case("doors", "a cursor with its first letters changed", "404 invalid_cursor", _changed_cursor),
    _limit("a limit of nothing", "400 invalid_parameter", "0"),
    _limit("a limit below nothing", "400 invalid_parameter", "-1"),
    _limit("a limit of a billion", "400 invalid_parameter", "1000000000"),
    _limit("a limit in words", "400 invalid_parameter", "ten"),
    _key("an Idempotency-Key without a letter", "400 invalid_idempotency_key", ""),
    _key("an Idempotency-Key of 256 letters", "400 invalid_idempotency_key", "k" * 256),
    Case("doors", "an Idempotency-Key with another body", "422 idempotency_key_reused", _reused),
    _path("a customer whose id is a path", "404 not_found", "/v1/customers/..%2f..%2fetc%2fpasswd"),
    _path("a customer whose id is SQL", "404 not_found", "/v1/customers/'%3B%20DROP%20TABLE%20customer%3B--"),
    _path("a customer whose id holds NUL", "404 not_found", "/v1/customers/a%00b"),
    _path("an id that is no UTF-8", "404 not_found", "/v1/customers/%ff%fe"),
    _path("a run that is not there", "404 not_found", "/v1/runs/" + "0" * 5_000),
    _path(
        "why at a time in words", "400 invalid_parameter", "/v1/customers/b/why?rule=big-order&at=yesterday"
    ),
    _path(
        "why of the year 9999", "400 invalid_parameter", "/v1/customers/b/why?rule=big-order&at=9999-12-31"
    ),
    _path("why of a rule that is not there", "404 not_found", "/v1/customers/b/why?rule=none"),
    _body("an unknown field", "400 invalid_body", "operator", "POST", "/v1/pause", b'{"workflo": "news"}'),
    _body(
        "a text for a number",
        "400 invalid_body",
        "operator",
        "POST",
        "/v1/customers/b/points/adjust",
        b'{"program": "x", "points": "5", "why": "y"}',
    ),
    _body("a body of 900 levels", "400 invalid_json", "operator", "POST", "/v1/pause", b"[" * 900),
    _body(
        "NaN for points",
        "400 invalid_json",
        "operator",
        "POST",
        "/v1/customers/b/points/adjust",
        b'{"program": "x", "points": NaN, "why": "y"}',
    ),
    _body(
        "a key that expires in the past",
        "400 invalid_body",
        "admin",
        "POST",
        "/v1/keys",
        b'{"role": "auditor", "owner": "e", "label": "l", "expires_at": "2001-01-01T00:00:00Z"}',
    ),
]
