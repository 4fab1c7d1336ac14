"""Signing in at the console, and what keeps others from acting with somebody's browser."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from engine.model.values import HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.console.conftest import Browser, Door


def test_who_has_not_signed_in_is_sent_to_do_so_and_back(as_role: Door, engine: Engine) -> None:
    browser = as_role("")
    sent = browser.get("/customers?search=ann")
    assert (sent.status_code, sent.headers["location"]) == (
        303,
        "/sign-in?return_to=%2Fcustomers%3Fsearch%3Dann",
    )
    key = engine.create_key("operator", "o@example.com").text
    back = browser.sign_in(key, "/customers?search=ann")
    assert (back.status_code, back.headers["location"]) == (303, "/customers?search=ann")
    assert "o@example.com" in browser.page("/customers?search=ann")


@pytest.mark.parametrize(
    "address", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a\nb", ""]
)
def test_nobody_is_sent_to_another_server(as_role: Door, engine: Engine, address: str) -> None:
    key = engine.create_key("operator", "o@example.com").text
    assert as_role("").sign_in(key, address).headers["location"] == "/"


def test_the_session_is_for_this_server_alone_and_no_script_reads_it(as_role: Door, engine: Engine) -> None:
    key = engine.create_key("operator", "o@example.com").text
    answer = as_role("").sign_in(key)
    (line,) = (each for each in answer.headers.get_list("set-cookie") if each.startswith("holdfast="))
    marks = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "path=/", "samesite=strict"} <= marks
    assert "secure" not in marks
    # of a session only the hash is kept, and of the key nothing is in the cookie
    assert key not in line


def test_a_key_that_is_none_or_only_adds_does_not_let_in(as_role: Door, engine: Engine) -> None:
    for key, status, says in (
        ("hf_none", 401, "This key is unknown"),
        ("", 401, "This key is unknown"),
        (engine.create_key("ingest", "i@example.com").text, 403, "A key that only adds"),
    ):
        answer = as_role("").sign_in(key)
        assert answer.status_code == status
        assert says in answer.text
        assert not [each for each in answer.headers.get_list("set-cookie") if each.startswith("holdfast=")]


def test_a_form_to_sign_in_that_another_page_made_is_refused(as_role: Door, engine: Engine) -> None:
    # Else somebody could be signed in as another, and act in that one's name without knowing.
    key = engine.create_key("operator", "o@example.com").text
    answer = as_role("").http.post("/sign-in", data={"key": key, "token": "x"}, follow_redirects=False)
    assert answer.status_code == 403
    assert "holdfast=" not in str(answer.headers.get_list("set-cookie")).replace("holdfast-form=", "")


def test_a_session_ends_with_its_key(as_role: Door, engine: Engine, http: TestClient[Litestar]) -> None:
    browser = Browser(http)
    made = engine.create_key("operator", "o@example.com")
    browser.sign_in(made.text)
    assert browser.get("/").status_code == 200
    engine.revoke_key(made.row.id)
    http.app.state.keyring.forget()
    assert browser.get("/").headers["location"] == "/sign-in"


def test_a_session_ends_after_twelve_hours(as_role: Door, clock: VirtualClock) -> None:
    browser = as_role("operator")
    clock.move_to(clock.now() + 12 * HOUR - 1)
    assert browser.get("/").status_code == 200
    clock.move_to(clock.now() + 1)
    assert browser.get("/").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session(as_role: Door) -> None:
    browser = as_role("operator")
    kept = dict(browser.http.cookies)
    assert browser.send("/sign-out", page="/").headers["location"] == "/sign-in"
    browser.http.cookies.update(kept)
    assert browser.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize("token", [None, "", "x"])
@pytest.mark.parametrize("path", ["/pause", "/sign-out", "/theme"])
def test_a_form_without_the_sessions_token_does_nothing(
    as_role: Door, engine: Engine, path: str, token: str | None
) -> None:
    browser = as_role("operator")
    fields = {"does": "pause", **({} if token is None else {"csrf": token})}
    answer = browser.http.post(path, data=fields, headers={"Accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 403
    assert engine.paused == frozenset()
    assert browser.get("/").status_code == 200


def test_the_token_of_a_form_does_not_open_the_api(as_role: Door) -> None:
    # A form of another page may send any body, but no header: there the token is wanted in the head.
    browser = as_role("operator")
    token = browser.http.get("/v1/me").json()["csrf"]
    refused = browser.http.post("/v1/pause", data={"csrf": token})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert browser.http.post("/v1/pause", headers={"X-CSRF-Token": token}).status_code == 200


def test_who_signs_in_with_a_key_acts_by_that_key(as_role: Door, engine: Engine) -> None:
    browser = as_role("operator")
    assert browser.send("/pause", does="pause").status_code == 303
    (row,) = (row for row in engine.list_keys() if row.role == "operator")
    auditor = as_role("auditor")
    acts = auditor.http.get("/v1/audit/changes").json()["items"]
    told = [(each["what"], each["who"]) for each in acts]
    assert ("paused", "operator@example.com") in told
    assert ("signed_in", "operator@example.com") in told
    assert {each["key"] for each in acts if each["what"] == "signed_in"} >= {row.id}


def test_pages_are_light_or_dark_by_choice(as_role: Door) -> None:
    browser = as_role("operator")
    assert "data-theme" not in browser.page("/")
    for chosen, shown in (("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')):
        sent = browser.send("/theme", page="/", theme=chosen, return_to="/pause")
        assert sent.headers["location"] == "/pause"
        assert shown in browser.page("/")
    browser.send("/theme", page="/", theme="system")
    assert "data-theme" not in browser.page("/")
