"""What every answer has: headers for browsers, no formula in a CSV, nothing for the pages of other sites."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.bounds import LARGEST_HEAD, LONGEST_QUERY
from api.people import SESSION
from api.requests import LARGEST_BODY
from api.roles import operations
from api.routes.signing_in import LOGIN, _cookie
from api.routes.unsubscribing import HANDLERS as UNSUBSCRIBING
from engine.runtime.actions.unsubscribe import Unsubscription, token_for
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.secret import own_secret
from tests.integration.api.conftest import FILES, Client, Door, address_of

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
EVIL = "evil.example.org"
RUN = re.compile(r"<script|<style|\son\w+=|\sstyle=|javascript:", re.IGNORECASE)
Ask = Callable[..., Any]


def checked(answer: Any, what: object) -> None:
    """An answer as any browser may get it: nothing to run, to frame, to guess, to keep or to hand on."""
    head = answer.headers
    policy = {part.strip() for part in head["content-security-policy"].split(";")}
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= policy, what
    assert not re.search(r"unsafe|\*|http|data:", head["content-security-policy"]), what
    assert policy - {"default-src 'none'", "frame-ancestors 'none'"} <= {"form-action 'self'"}, what
    assert head["x-content-type-options"] == "nosniff", what
    assert head["x-frame-options"] == "DENY", what
    assert head["referrer-policy"] == "no-referrer", what
    assert head["cache-control"] == "no-store", what
    assert head["request-id"], what
    for name in ("content-security-policy", "cache-control", "x-content-type-options", "referrer-policy"):
        assert len(head.get_list(name)) == 1, (what, name)
    assert not [name for name in head if name.startswith("access-control-")], what
    assert not {"server", "x-powered-by"} & set(head), what
    assert "strict-transport-security" not in head, what
    assert EVIL not in answer.text and EVIL not in str(head), what
    if head.get("content-type", "").startswith("text/html"):
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", answer.text, re.IGNORECASE), (
            what
        )


@pytest.fixture
def ask(http: TestClient[Litestar]) -> Ask:
    """Asks as another site's page would: with a foreign origin and host; gives the answer, checked."""

    def send(method: str, path: str, head: dict[str, str] | None = None, **more: Any) -> Any:
        foreign = {"Origin": f"https://{EVIL}", "Host": EVIL, "X-Forwarded-Host": EVIL, **(head or {})}
        answer = http.request(method, path, headers=foreign, follow_redirects=False, **more)
        checked(answer, (method, path, answer.status_code))
        return answer

    return send


def test_every_route_answers_browsers_strictly_with_and_without_a_key(ask: Ask, engine: Engine) -> None:
    admin = {"Authorization": f"Bearer {engine.create_key('admin', 'ann@example.com').text}"}
    statuses = set()
    # when every route is asked for what there is not, in each method, by nobody and by an admin
    for method, path, _ in operations(ask("GET", "/openapi.json").json()):
        for head in ({}, admin):
            statuses.add(ask(method, address_of(path), head).status_code)
        preflight = {"Access-Control-Request-Method": method}
        statuses.add(ask("OPTIONS", address_of(path), preflight).status_code)
    # then each answer was checked, of many kinds
    assert statuses >= {200, 204, 400, 401, 404}


def test_what_the_framework_refuses_by_itself_is_answered_as_strictly(ask: Ask, engine: Engine) -> None:
    admin = {"Authorization": f"Bearer {engine.create_key('admin', 'ann@example.com').text}"}
    auditor = {"Authorization": f"Bearer {engine.create_key('auditor', 'eve@example.com').text}"}
    gzip = {**admin, "Content-Encoding": "gzip"}
    found = [
        ask("GET", "/nothing", admin),
        ask("GET", "/favicon.ico"),
        ask("GET", "//v1//nothing", admin),
        ask("GET", "/v1/../v1/rules%00", admin),
        ask("TRACE", "/v1/events", admin),
        ask("PUT", "/v1/events", admin),
        ask("POST", "/v1/events", auditor, json=[]),
        ask("POST", "/v1/events", admin, content=b" " * (LARGEST_BODY + 1)),
        ask("POST", "/v1/events", {**admin, "Content-Encoding": "br"}, content=b"x"),
        ask("POST", "/v1/events", gzip, content=b"\x1f\x8bx"),
        ask("GET", f"/v1/rules?x={'x' * LONGEST_QUERY}", admin),
        ask("GET", "/v1/rules", {**admin, "X-Long": "x" * LARGEST_HEAD}),
    ]
    assert [answer.status_code for answer in found] == [
        404, 404, 404, 404, 405, 405, 403, 413, 415, 400, 414, 431,
    ]  # fmt: skip


def test_a_fault_of_ours_is_answered_as_strictly(engine: Engine) -> None:
    key = engine.create_key("admin", "ann@example.com").text
    app = create_app(engine)
    with TestClient(app, raise_server_exceptions=False) as http:
        head = {"Authorization": f"Bearer {key}"}
        assert http.get("/v1/rules", headers=head).status_code == 200
        app.state.engine = None
        for method, path, status in (("GET", "/v1/customers/ann", 500), ("POST", "/v1/events", 503)):
            answer = http.request(method, path, headers=head, json=[])
            checked(answer, path)
            assert answer.status_code == status


def test_the_pages_of_links_have_nothing_to_run(ask: Ask, engine: Engine, http: TestClient[Litestar]) -> None:
    # given the only answers that are pages
    paged = {path for handler in UNSUBSCRIBING for path in handler.paths}
    assert paged == {"/u/{token:str}"}
    # when a message's own link is looked at, and followed
    key = {"Authorization": f"Bearer {engine.create_key('admin', 'ann@example.com').text}"}
    traits = {"marketing_email": True, "email": "ann@example.com"}
    http.put("/v1/customers/ann", headers=key, json=traits)
    token = token_for(own_secret(engine.folder, "links"), Unsubscription("ann", "email"))
    pages = [ask("GET", f"/u/{token}"), ask("POST", f"/u/{token}"), ask("GET", "/u/<script>alert(1)")]
    assert [page.status_code for page in pages] == [200, 200, 404]
    assert "form-action 'self'" in pages[0].headers["content-security-policy"]


def test_browsers_are_bound_to_tls_where_the_public_address_has_it(folder: Path, clock: VirtualClock) -> None:
    # given a server behind a proxy with TLS, and at which people sign in
    settings = (
        "public_url: https://holdfast.example.com\n"
        "sign_in: {issuer: 'http://localhost:1', client_id: h, hosts: [localhost], roles: {a: admin}}\n"
    )
    (folder / "holdfast.yaml").write_text(FILES["holdfast.yaml"].lstrip() + settings)
    with (
        Engine.open(folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False) as engine,
        TestClient(create_app(engine), raise_server_exceptions=False) as http,
    ):
        for path in ("/health/live", "/nothing", "/v1/me", "/u/none"):
            assert http.get(path).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("name", [SESSION, LOGIN])
def test_a_cookie_is_for_this_host_over_tls_alone_and_no_script_sees_it(name: str) -> None:
    for value, seconds in (("secret", 60), (None, 0)):
        told = _cookie(name, value, seconds).to_header(header="")
        words = {word.strip().lower() for word in told.split(";")}
        assert name.startswith("__Host-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= words
        assert not [word for word in words if word.startswith("domain")]


def cells_of(text: str) -> Iterator[str]:
    for row in csv.reader(io.StringIO(text, newline="")):
        yield from row


def suppress(admin: Client) -> None:
    for first in FORMULAS:
        wanted = {"address": f"{first.strip()}1@example.com", "note": f"{first}1", "channel": "email"}
        admin.post("/v1/suppressions", {**wanted, "reason": "imported"})


# Each route that answers with CSV, and how formulas come into it; one that is missing fails the test below.
CSV = {"/v1/suppressions/export": suppress}


def test_no_csv_has_a_formula(as_role: Door) -> None:
    admin = as_role("admin")
    document = admin.get("/openapi.json").json()
    written = {
        path
        for method, path, operation in operations(document)
        if "text/csv" in operation["responses"].get("200", {}).get("content", {})
    }
    assert written == set(CSV)
    for path, fill in CSV.items():
        fill(admin)
        answer = admin.get(path)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"].startswith("attachment")
        cells = list(cells_of(answer.text))
        assert [cell for cell in cells if cell.startswith(FORMULAS)] == []
        assert len([cell for cell in cells if cell.startswith("'")]) >= 4, cells
