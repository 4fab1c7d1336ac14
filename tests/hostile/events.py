"""Events that no sound client sends: each costs only itself."""

from __future__ import annotations

import json
from typing import Any

from tests.hostile.case import Case, Ground


def _raw(what: str, wanted: str, properties: bytes) -> Case:
    body = b'[{"customer": "b", "event": "e", "x": ' + properties + b'}, {"customer": "c", "event": "e"}]'
    return Case("events", what, wanted, lambda ground: ground.ingest(body))


def _event(what: str, wanted: str, **fields: Any) -> Case:
    body = [{"customer": "b", "event": "e", **fields}, {"customer": "c", "event": "e"}]
    return Case("events", what, wanted, lambda ground: ground.ingest(json.dumps(body).encode()))


def _twice(ground: Ground) -> str:
    one = {"customer": "b", "event": "e", "id": "1"}
    return ground.ingest(json.dumps([{**one, "x": 1}, {**one, "x": 2}]).encode())


def _protected(ground: Ground) -> str:
    body = {"customer": "b", "event": "identify", "id": "p", "traits": {"marketing_email": True}}
    return ground.ingest(json.dumps(body).encode())


CASES = [
    _raw("NaN", "200 1 in, bad_value", b"NaN"),
    _raw("-Infinity", "200 1 in, bad_value", b"-Infinity"),
    _raw("1e400", "200 1 in, bad_value", b"1e400"),
    _raw("2^63", "200 1 in, bad_value", b"9223372036854775808"),
    _raw("2^70", "200 1 in, bad_value", b"1180591620717411303424"),
    _raw("an integer of 400 digits", "200 1 in, bad_value", b"9" * 400),
    _raw("an integer of 50,000 digits", "200 1 in, bad_value", b"9" * 50_000),
    _raw("a lone surrogate", "200 1 in, bad_value", rb'"\ud800"'),
    _raw("NUL in a value", "200 1 in, bad_value", rb'"\u0000"'),
    _raw("NUL in a key", "200 1 in, bad_value", rb'{"a\u0000": 1}'),
    _raw("bytes that are no UTF-8", "200 1 in, bad_value", b'"\xff\xfe"'),
    _raw("900 levels", "200 1 in, too_deep", b"[" * 900 + b"]" * 900),
    _raw("100,000 levels", "200 1 in, too_deep", b"[" * 100_000 + b"]" * 100_000),
    _raw(
        "100,000 keys", "200 1 in, too_large", b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}"
    ),
    _raw("64 KB and a byte", "200 1 in, too_large", b'"' + b"a" * 65_536 + b'"'),
    _event("nobody", "200 1 in, no_customer", customer=None),
    _event("a customer that is a number", "200 2 in", customer=7),
    _event("a customer that is a truth", "200 1 in, no_customer", customer=True),
    _event("a customer that is a list", "200 1 in, no_customer", customer=["b"]),
    _event("a customer without a letter", "200 1 in, no_customer", customer=""),
    _event("a customer of 10 KB", "200 1 in, no_customer", customer="b" * 10_240),
    _event("no name", "200 1 in, no_name", event=None),
    _event("a name of 10 KB", "200 1 in, bad_name", event="e" * 10_240),
    _event("year 1", "200 1 in, bad_time", at="0001-01-01T00:00:00Z"),
    _event("year 9999", "200 1 in, bad_time", at="9999-12-31T23:59:59Z"),
    _event("a time without a zone", "200 2 in", at="2026-01-05T11:00:00"),
    _event("a leap second", "200 1 in, bad_time", at="2016-12-31T23:59:60Z"),
    _event("a time in words", "200 1 in, bad_time", at="now"),
    _event("a time as a number of milliseconds", "200 2 in", at=1767610800000),
    _event("a name of the engine's own", "200 1 in, reserved_name", event="run_ended"),
    _raw("a key twice", "200 2 in", b'1, "x": 2'),
    Case("events", "one id with two bodies", "200 1 in, 1 in conflict", _twice),
    Case("events", "an ingest key that grants consent", "200 protected", _protected),
]
