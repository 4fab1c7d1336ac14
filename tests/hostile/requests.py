"""Requests that no sound client sends."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from functools import cache

from tests.hostile.case import Case, Ground

MB = 1024 * 1024
EVENT = b'{"customer": "b", "event": "e", "id": "i"}'


def _post(what: str, wanted: str, body: bytes | Callable[[], bytes], **headers: str) -> Case:
    kind = headers.pop("kind", "application/json")

    def got(ground: Ground) -> str:
        return ground.ingest(body if isinstance(body, bytes) else _made(body), kind, **headers)

    return Case("http", what, wanted, got)


@cache
def _made(body: Callable[[], bytes]) -> bytes:
    # What making it costs is the sender's.
    return body()


def _ask(what: str, wanted: str, role: str, method: str, path: str, **headers: str) -> Case:
    def got(ground: Ground) -> str:
        return ground.ask(role, method, path, headers=headers)

    return Case("http", what, wanted, got)


def _signed(what: str, credentials: Callable[[Ground], str], wanted: str = "401 unauthenticated") -> Case:
    def got(ground: Ground) -> str:
        return ground.ask("", "GET", "/v1/rules", headers={"Authorization": credentials(ground)})

    return Case("keys", what, wanted, got)


def _two_headers(ground: Ground) -> str:
    head = f"Bearer {ground.key('auditor')}"
    answer = ground.http.request(
        "GET", "/v1/rules", headers=[("Authorization", head), ("Authorization", head)]
    )
    return f"{answer.status_code} {answer.json()['code']}"


def _expired(ground: Ground) -> str:
    made = ground.engine.create_key("auditor", "eve@example.com", "eve", expires_at=ground.clock.now() + 1)
    ground.clock.move_to(ground.clock.now() + 2)
    return f"Bearer {made.text}"


def _last_letter(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


CASES = [
    _post("an empty body", "400 invalid_json", b""),
    _post("null", "400 invalid_body", b"null"),
    _post("a text", "400 invalid_body", b'"hello"'),
    _post("no JSON at all", "400 invalid_json", b"hello"),
    _post("an object that ends early", "400 invalid_json", b'{"customer": '),
    _post("UTF-8 with a byte order mark", "200 1 in", b"\xef\xbb\xbf" + EVENT),
    _post("UTF-16", "400 invalid_json", '{"customer": "b", "event": "e"}'.encode("utf-16")),
    _post("something behind the end", "200 1 in, invalid_json", b"[" + EVENT + b"] and more"),
    _post("JSON that is called a form", "200 1 in", EVENT, kind="application/x-www-form-urlencoded"),
    _post("JSON without a type", "200 1 in", EVENT, kind=""),
    _post("gzip without saying so", "200 1 in", gzip.compress(EVENT, mtime=0)),
    _post("plain, called gzip", "200 1 in", EVENT, **{"Content-Encoding": "gzip"}),
    _post("gzip in gzip", "400 invalid_json", gzip.compress(gzip.compress(EVENT, mtime=0), mtime=0)),
    _post("gzip that is torn off", "400 invalid_gzip", gzip.compress(EVENT, mtime=0)[:-4]),
    _post(
        "gzip of two members",
        "200 1 in",
        gzip.compress(EVENT[:9], mtime=0) + gzip.compress(EVENT[9:], mtime=0),
    ),
    _post("a bomb of 1,000 to 1", "413 too_large", lambda: gzip.compress(b" " * (50 * MB), mtime=0)),
    _post("zstd", "415 unsupported_encoding", EVENT, **{"Content-Encoding": "zstd"}),
    _post("brotli", "415 unsupported_encoding", EVENT, **{"Content-Encoding": "br"}),
    _post("5 MB and a byte", "413 too_large", lambda: b" " * (5 * MB + 1)),
    _post("1,001 events", "413 too_many_events", b"[" + b",".join([b"{}"] * 1001) + b"]"),
    _post("5 MB of brackets", "400 invalid_json", lambda: b"[" * (5 * MB)),
    _post("5 MB of empty events", "413 too_many_events", lambda: b"[" + b"{}," * (MB) + b"{}]"),
    _post(
        "lines with CR, empty ones, none at the end",
        "200 2 in",
        EVENT + b"\r\n\r\n" + EVENT.replace(b'"i"', b'"j"'),
        kind="application/x-ndjson",
    ),
    _ask("a path with two slashes", "404 not_found", "ingest", "POST", "//v1//events"),
    _ask("a path in capitals", "404 not_found", "ingest", "POST", "/V1/EVENTS"),
    _ask("GET where one posts", "405 method_not_allowed", "ingest", "GET", "/v1/events"),
    _ask("TRACE", "405 method_not_allowed", "ingest", "TRACE", "/v1/events"),
    _ask("a key in the address", "401 unauthenticated", "", "GET", "/v1/rules?key=hf_admin_x_y"),
    _signed(
        "Basic without a colon",
        lambda g: "Basic " + base64.b64encode(g.key("auditor").encode()).decode(),
        "200",
    ),
    _signed("Basic that is not base64", lambda g: "Basic %%%"),
    _signed("Basic with bytes that are no text", lambda g: "Basic " + base64.b64encode(b"\xff:").decode()),
    _signed("a scheme of one's own", lambda g: f"Key {g.key('auditor')}"),
    _signed("a key with its last letter changed", lambda g: f"Bearer {_last_letter(g.key('auditor'))}"),
    _signed("a key in capitals", lambda g: f"Bearer {g.key('auditor').upper()}"),
    _signed("a key cut off", lambda g: f"Bearer {g.key('auditor')[:-10]}"),
    _signed("a key of 10 KB", lambda g: "Bearer hf_admin_x_" + "y" * 10_240),
    _signed("a key that has expired", _expired),
    Case("keys", "two Authorization headers", "401 unauthenticated", _two_headers),
    Case(
        "keys",
        "an ingest key that reads",
        "403 forbidden",
        lambda g: g.ask("ingest", "GET", "/v1/customers/b"),
    ),
    Case(
        "keys",
        "an auditor who writes",
        "403 forbidden",
        lambda g: g.ask("auditor", "POST", "/v1/pause", json={}),
    ),
]
