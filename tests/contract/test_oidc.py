"""People sign in at a certified provider (oidc-provider, from npm), and act by what it says of them."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.people import SESSION
from api.routes.signing_in import LOGIN
from engine.model.values import HOUR, MINUTE, SECOND
from engine.runtime.clock import SystemClock, VirtualClock
from engine.runtime.engine import Engine
from tests.contract.npm_packages import NODE, installed
from tests.integration.api.conftest import FILES

HERE = "https://holdfast.test"
SIGN_IN = """
public_url: https://holdfast.test
sign_in:
  issuer: http://127.0.0.1:{port}
  client_id: holdfast
  secret: {{env: HOLDFAST_TEST_SECRET}}
  scopes: [email, groups]
  roles: {{authors: author, leads: approver, admins: admin}}
  hosts: [127.0.0.1]
"""


class Provider:
    """A running provider on a port that stays its own when it is started again, with new keys then."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._folder = installed("oidc")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.stop()
        command = [NODE, str(self._folder / "provider.mjs"), str(self.port), f"{HERE}/auth/callback"]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = ""
        while not said.endswith("ready\n"):
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            assert line, said
            said += line

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def come_back(self, address: str, login: str | None) -> str:
        """Go where the server sends a browser, sign in there, and give where the provider sends it back.

        Without a login, cancel.
        """
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}") as browser:
            answer = browser.get(address)
            for _ in range(20):
                where = answer.headers.get("location", "")
                if where.startswith(HERE):
                    return str(where)
                if where:
                    answer = browser.get(where)
                elif login is None:
                    answer = browser.get(_found(r'href="([^"]*/abort)"', answer.text))
                else:
                    prompt = _found(r'name="prompt" value="(\w+)"', answer.text)
                    form = {"prompt": prompt, "login": login, "password": "any"}
                    answer = browser.post(_found(r'action="([^"]+)"', answer.text), data=form)
        raise AssertionError(answer.text)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


@pytest.fixture(scope="module")
def provider() -> Generator[Provider]:
    running = Provider()
    running.start()
    yield running
    running.stop()


class Here:
    """The server, and a browser's view of it: cookies by hand, for those of this kind need https."""

    def __init__(self, app: Litestar, engine: Engine, clock: VirtualClock) -> None:
        self.http = TestClient(app, base_url=HERE)
        self.engine = engine
        self.clock = clock

    def get(self, path: str, cookies: dict[str, str] | None = None, **headers: str) -> Any:
        return self._ask("GET", path, cookies, headers)

    def post(self, path: str, cookies: dict[str, str] | None = None, json: Any = None, **headers: str) -> Any:
        return self._ask("POST", path, cookies, headers, json)

    def _ask(
        self,
        method: str,
        path: str,
        cookies: dict[str, str] | None,
        headers: dict[str, str],
        json: Any = None,
    ) -> Any:
        self.http.cookies.clear()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return self.http.request(method, path, headers=sent, json=json, follow_redirects=False)

    def sign_in(self, provider: Provider, login: str, return_to: str = "/v1/me") -> dict[str, str]:
        """Sign a person in, and give the cookies of their browser."""
        begun = self.get(f"/auth/login?return_to={return_to}")
        assert begun.status_code == 302, begun.text
        back = provider.come_back(begun.headers["location"], login)
        ended = self.get(back.removeprefix(HERE), cookies_of(begun))
        assert (ended.status_code, ended.headers["location"]) == (303, return_to), ended.text
        return {SESSION: cookies_of(ended)[SESSION]}


def cookies_of(answer: Any) -> dict[str, str]:
    found = (each.partition(";")[0].partition("=") for each in answer.headers.get_list("set-cookie"))
    return {name: value for name, _, value in found if value.strip('"')}


@pytest.fixture
def here(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Here]:
    monkeypatch.setenv("HOLDFAST_TEST_SECRET", "a-secret-of-the-tests")
    texts = {**FILES, "holdfast.yaml": FILES["holdfast.yaml"] + SIGN_IN.format(port=provider.port)}
    for name, text in texts.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    # The provider goes by the time of day; from then on the clock is moved by hand.
    clock = VirtualClock(SystemClock().now())
    with Engine.open(tmp_path / "shop", f"sqlite:///{tmp_path}/h.db", clock, work=False) as engine:
        yield Here(create_app(engine), engine, clock)


def test_a_person_signs_in_acts_and_signs_out(here: Here, provider: Provider) -> None:
    # given Ann, whom the provider has among the authors
    cookies = here.sign_in(provider, "ann", "/v1/rules?limit=1")
    me = here.get("/v1/me", cookies).json()
    assert (me["owner"], me["roles"], me["by"]) == ("ann@example.com", ["author"], "session")
    # then she may do what an author may
    assert here.get("/v1/rules?limit=1", cookies).status_code == 200
    assert here.get("/v1/keys", cookies).status_code == 403
    # and signs out only by a request that shows the token of her session
    for wrong in ({}, {"X_CSRF_Token": "x"}, {"X_CSRF_Token": ""}):
        refused = here.post("/auth/logout", cookies, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    out = here.post("/auth/logout", cookies, X_CSRF_Token=me["csrf"])
    assert out.status_code == 200
    assert out.json()["provider"] == f"http://127.0.0.1:{provider.port}/session/end"
    assert SESSION not in cookies_of(out)
    assert here.get("/v1/me", cookies).status_code == 401


def test_the_cookies_are_for_this_host_over_https_alone(here: Here, provider: Provider) -> None:
    begun = here.get("/auth/login")
    back = provider.come_back(begun.headers["location"], "ann")
    ended = here.get(back.removeprefix(HERE), cookies_of(begun))
    for answer, name in ((begun, LOGIN), (ended, SESSION)):
        (line,) = (each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}="))
        marks = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= marks
        assert not any(mark.startswith("domain") for mark in marks)
    # of a session only the hash is kept
    with here.engine.store.reader() as reader:
        assert reader.find_session(cookies_of(ended)[SESSION]) is None


def test_who_signs_in_has_the_roles_of_their_groups(here: Here, provider: Provider) -> None:
    roles = {login: here.get("/v1/me", here.sign_in(provider, login)) for login in ("bob", "rita", "tom")}
    assert roles["bob"].json()["roles"] == ["approver"]
    # an admin cannot approve, and who has no group that counts may do nothing
    assert roles["rita"].json()["roles"] == ["admin"]
    assert (roles["tom"].status_code, roles["tom"].json()["code"]) == (403, "no_role")


def test_a_human_is_the_same_by_key_and_by_session(here: Here, provider: Provider) -> None:
    # given that Bob has a key as admin
    here.engine.create_key("admin", "BOB@example.com")
    # then he is no approver when he signs in, and Rita, signed in as admin, gives nobody two roles
    assert here.get("/v1/me", here.sign_in(provider, "bob")).status_code == 403
    cookies = here.sign_in(provider, "rita")
    csrf = here.get("/v1/me", cookies).json()["csrf"]
    asked = [
        {"role": "approver", "owner": owner}
        for owner in ("rita@example.com", "bob@example.com", "ann@x.example")
    ]
    told = [here.post("/v1/keys", cookies, each, X_CSRF_Token=csrf) for each in asked]
    assert [answer.json().get("code") for answer in told] == ["self_grant", "two_roles", None]
    assert here.post("/v1/keys", cookies, asked[2]).status_code == 403


def test_an_address_that_is_not_verified_names_nobody(here: Here, provider: Provider) -> None:
    begun = here.get("/auth/login")
    back = provider.come_back(begun.headers["location"], "eve")
    ended = here.get(back.removeprefix(HERE), cookies_of(begun))
    assert ended.status_code == 401
    assert SESSION not in cookies_of(ended)


def test_a_sign_in_ends_in_the_browser_in_which_it_began_and_once(here: Here, provider: Provider) -> None:
    begun, other = here.get("/auth/login"), here.get("/auth/login")
    back = provider.come_back(begun.headers["location"], "ann").removeprefix(HERE)
    mine = cookies_of(begun)
    # given another browser, none, a cookie that was made up, another state, another issuer
    assert here.get(back, cookies_of(other)).status_code == 401
    assert here.get(back).status_code == 401
    assert here.get(back, {LOGIN: "a.b.c:2f"}).status_code == 401
    assert here.get(back.replace("state=", "state=x"), mine).status_code == 401
    assert here.get(re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back), mine).status_code == 401
    # when it ends where it began
    assert here.get(back, mine).status_code == 303
    # then the code is used up
    assert here.get(back, mine).status_code == 401


def test_a_sign_in_that_is_cancelled_lets_nobody_in(here: Here, provider: Provider) -> None:
    begun = here.get("/auth/login")
    back = provider.come_back(begun.headers["location"], None)
    assert dict(parse_qsl(urlsplit(back).query))["error"] == "access_denied"
    assert here.get(back.removeprefix(HERE), cookies_of(begun)).status_code == 401


def test_who_came_in_went_out_and_was_not_let_in_is_in_the_audit_record(
    here: Here, provider: Provider
) -> None:
    # given Ann, who signs in and out, and somebody who cancels at the provider
    cookies = here.sign_in(provider, "ann")
    csrf = here.get("/v1/me", cookies).json()["csrf"]
    assert here.post("/auth/logout", cookies, X_CSRF_Token=csrf).status_code == 200
    begun = here.get("/auth/login")
    back = provider.come_back(begun.headers["location"], None)
    assert here.get(back.removeprefix(HERE), cookies_of(begun)).status_code == 401
    # then the changes tell of all three
    auditor = here.engine.create_key("auditor", "eve@example.com").text
    items = here.get("/v1/audit/changes", Authorization=f"Bearer {auditor}").json()["items"]
    told = {each["what"]: each for each in items}
    came, went = told["signed_in"], told["signed_out"]
    assert (came["who"], came["role"]) == (went["who"], went["role"]) == ("ann@example.com", "author")
    assert came["detail"] == f"at http://127.0.0.1:{provider.port}"
    assert went["ref"] == f"{came['ref']}:ended"
    assert told["sign_ins_refused"]["detail"] == "1 sign_in"


@pytest.mark.parametrize(
    "page", ["https://evil.example", "//evil.example", "/\\evil.example", "me", "/%0d%0aX"]
)
def test_a_browser_is_never_sent_elsewhere(here: Here, page: str) -> None:
    assert here.get(f"/auth/login?return_to={page}").status_code == 400


def test_a_session_ends_by_itself(here: Here, provider: Provider) -> None:
    cookies = here.sign_in(provider, "ann")
    here.clock.move_to(here.clock.now() + 8 * HOUR - SECOND)
    assert here.get("/v1/me", cookies).status_code == 200
    here.clock.move_to(here.clock.now() + SECOND)
    assert here.get("/v1/me", cookies).status_code == 401


def test_a_token_comes_with_a_request(here: Here, provider: Provider) -> None:
    token = id_token(provider, "ann")
    me = here.get("/v1/me", Authorization=f"Bearer {token}")
    assert (me.json()["owner"], me.json()["by"]) == ("ann@example.com", "token")
    # it needs no CSRF token, for no browser sends it by itself
    assert here.post("/v1/keys", None, {}, Authorization=f"Bearer {token}").json()["code"] == "forbidden"
    assert here.get("/v1/me", Authorization=f"Bearer {token[:-6]}AAAAAA").status_code == 401
    # and is good as long as it says: an hour, from a moment after the clock here was stopped
    here.clock.move_to(here.clock.now() + HOUR + 5 * MINUTE)
    assert here.get("/v1/me", Authorization=f"Bearer {token}").status_code == 401
    assert b'because="token"} 2.0' in here.engine.meters.text()


def test_the_provider_takes_other_keys(here: Here, provider: Provider) -> None:
    old = id_token(provider, "ann")
    assert here.get("/v1/me", Authorization=f"Bearer {old}").status_code == 200
    # when it is started anew, with new keys, and a minute has passed
    provider.start()
    here.clock.move_to(here.clock.now() + 61 * SECOND)
    # then what it signs with those is good, and what it signed with the others is not
    assert here.get("/v1/me", Authorization=f"Bearer {id_token(provider, 'ann')}").status_code == 200
    assert here.get("/v1/me", Authorization=f"Bearer {old}").status_code == 401


def test_without_the_provider_keys_and_sessions_are_good(here: Here, provider: Provider) -> None:
    cookies = here.sign_in(provider, "ann")
    key = here.engine.create_key("auditor", "eve@example.com").text
    here.http.app.state.people._provider = None
    provider.stop()
    try:
        me = here.get("/v1/me", cookies)
        assert me.status_code == 200
        assert here.get("/v1/me", Authorization=f"Bearer {key}").status_code == 200
        # and whoever signs out is out, without a place to sign out of the provider
        out = here.post("/auth/logout", cookies, X_CSRF_Token=me.json()["csrf"])
        assert (out.status_code, out.json()["provider"]) == (200, None)
        assert here.get("/v1/me", cookies).status_code == 401
        # and a sign-in is a fault of ours, to be tried again
        begun = here.get("/auth/login")
        assert (begun.status_code, "retry-after" in begun.headers) == (503, True)
    finally:
        provider.start()


def id_token(provider: Provider, login: str) -> str:
    """Sign in as a program would that has the same client id, and give the token of who that is."""
    verifier = "v" * 43
    asked = {
        "client_id": "holdfast",
        "redirect_uri": f"{HERE}/auth/callback",
        "response_type": "code",
        "scope": "openid email groups",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())[:-1].decode(),
        "code_challenge_method": "S256",
    }
    back = provider.come_back(f"/auth?{httpx.QueryParams(asked)}", login)
    told = httpx.post(
        f"http://127.0.0.1:{provider.port}/token",
        data={
            "grant_type": "authorization_code",
            "code": dict(parse_qsl(urlsplit(back).query))["code"],
            "redirect_uri": f"{HERE}/auth/callback",
            "code_verifier": verifier,
        },
        auth=("holdfast", "a-secret-of-the-tests"),
    )
    found: str = told.json()["id_token"]
    return found


def test_a_person_comes_into_the_console_and_leaves_it(here: Here, provider: Provider) -> None:
    # given the page that offers it
    offered = here.get("/sign-in?return_to=/runs").text
    assert "Sign in at your provider" in offered
    # when Rita, an admin, signs in there and comes back to a page
    cookies = here.sign_in(provider, "rita", "/runs")
    shown = here.get("/runs", cookies)
    # then she sees it, by the role that she has at the provider
    assert shown.status_code == 200
    assert "rita@example.com" in shown.text
    # and who is an author comes in too, and is shown what an author may see
    ann = here.sign_in(provider, "ann", "/")
    assert "Your role works on rules and workflows" in here.get("/", ann).text
    assert here.get("/runs", ann).status_code == 403
    # and she leaves by the form of any page
    csrf = re.search(r'name="csrf" value="([^"]+)"', shown.text)
    assert csrf is not None
    here.http.cookies.clear()
    out = here.http.post(
        "/sign-out",
        data={"csrf": csrf[1]},
        headers={"Cookie": f"{SESSION}={cookies[SESSION]}"},
        follow_redirects=False,
    )
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert here.get("/runs", cookies).headers["location"] == "/sign-in?return_to=%2Fruns"
