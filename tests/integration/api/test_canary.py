"""Secrets go in by reference and come out nowhere: of a server, by any route, command or file."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from api.cli.main import COMMANDS
from api.roles import operations
from engine.authoring.hooks.shipped import shipped_hooks
from tests.command_line import Holdfast, command_line
from tests.integration.api.conftest import FILES, address_of

# Each is in one place only, so that what is found says where it came from.
MAIL, HOOK, SMS, TILL, PROVIDER = (f"Canary{name}0815" for name in ("Mail", "Hook", "Sms", "Till", "Idp"))
HELD = {"MAIL_SECRET": MAIL, "HOOK_SECRET": HOOK, "TILL_SECRET": TILL, "IDP_SECRET": PROVIDER}
SETTINGS = """
public_url: https://holdfast.example.com
connectors:
  email: {smtp: localhost, port: 1, security: none, user: care, password: {env: MAIL_SECRET}, from: a@b.c}
  sms: {url: "http://localhost:1/sms", hosts: [localhost], secret: {file: sms.secret}}
  webhooks:
    crm: {url: "http://localhost:1/hook", hosts: [localhost], secret: {env: HOOK_SECRET}}
hooks:
  till: {map: shopify, secrets: [{env: TILL_SECRET}]}
sign_in:
  issuer: "http://localhost:1"
  client_id: holdfast
  secret: {env: IDP_SECRET}
  hosts: [localhost]
  roles: {leads: approver}
"""

CALL = """
workflow: ask-desk
owner: shop
class: service
reentry: always
steps:
  - do: webhook.call
    with: {webhook: crm, body: {who: customer.plan}}
    retry: 1 times from 10s
"""
# What somebody sends: none of it may be in the logs, whatever becomes of the request.
SENT = {
    "a key": "hf_admin_CanaryKey0815",
    "a session": "CanarySession0815",
    "a code": "CanaryCode0815",
    "a token": "CanaryToken0815",
    "a query": "CanaryQuery0815",
    "a person": "canary.person0815@example.com",
}
PROGRAM = """
import logging, sys
from pathlib import Path
from api.serve import serve
from engine.runtime.logs import configure
configure(logging.DEBUG)
logging.getLogger().setLevel(logging.DEBUG)
serve(Path(sys.argv[1]), sys.argv[2], port=0)
"""


class Running(NamedTuple):
    """A server of its own process, and everything that it has said so far."""

    folder: Path
    address: str
    key: str
    said: list[str]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as the admin, unless other headers are given."""
        headers = more.pop("headers", {"Authorization": f"Bearer {self.key}"})
        return httpx.request(method, self.address + path, headers=headers, timeout=60, **more)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    folder = tmp_path_factory.mktemp("canary") / "shop"
    files = {**FILES, "holdfast.yaml": FILES["holdfast.yaml"] + SETTINGS, "workflows/ask-desk.yaml": CALL}
    files |= {name: data.decode() for name, data in shipped_hooks().items()}
    files["sms.secret"] = SMS
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in HELD.items():
            patch.setenv(name, value)
        yield from _served(folder)


def _served(folder: Path) -> Generator[Running]:
    url = f"sqlite:///{folder / 'holdfast.db'}"
    process = subprocess.Popen(
        (sys.executable, "-c", PROGRAM, str(folder), url),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if " on http://" in line:
            break
    text = "".join(said)
    rest = threading.Thread(target=lambda out=process.stdout: said.extend(out))
    rest.start()
    try:
        address = re.search(r"on (http://\S+)", text)
        key = re.search(r"hf_admin_\w+", text)
        assert address is not None and key is not None, text
        # From here on the key is shown no more.
        said[:] = [line.replace(key[0], "") for line in said]
        served = Running(folder, address[1], key[0], said)
        provoke(served)
        yield served
    finally:
        process.terminate()
        process.wait(60)
        rest.join(60)
        process.stdout.close()


@pytest.fixture
def holdfast(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Holdfast:
    monkeypatch.chdir(running.folder)
    for name, value in HELD.items():
        monkeypatch.setenv(name, value)
    return command_line(capsys)


SECRETS = {**HELD, "sms.secret": SMS}


def leaks(text: str | bytes, *more: str) -> list[str]:
    """Gives whose values stand in a text."""
    data = text if isinstance(text, bytes) else text.encode()
    return [name for name in (*SECRETS.values(), *more) if name.encode() in data]


def provoke(running: Running) -> None:
    """Send what a customer, an attacker and a browser send, and wait until an effect has failed."""
    person = {"customer": SENT["a person"], "event": "order_completed", "id": "o1", "total": 500}
    assert running.ask("POST", "/v1/events", json=[person]).json()["accepted"] == 1
    running.ask("POST", "/v1/events", json=[{"event": SENT["a person"]}, {"customer": SENT["a person"]}])
    running.ask("POST", "/v1/events", content=f'[{{"customer": "{SENT["a person"]}", "event": '.encode())
    for head in (
        {"Authorization": f"Bearer {SENT['a key']}"},
        {"Authorization": f"Basic {SENT['a key']}"},
        {"Authorization": f"Bearer {SENT['a token']}.b.c"},
        {"Cookie": f"__Host-holdfast={SENT['a session']}"},
        {"Cookie": f"__Host-holdfast={SENT['a session']}", "X-CSRF-Token": SENT["a token"]},
    ):
        for path in ("/v1/me", f"/v1/customers/{SENT['a person']}?{SENT['a query']}=1"):
            running.ask("GET", path, headers=head)
    for path in (
        f"/u/{SENT['a token']}",
        f"/auth/callback?code={SENT['a code']}&state={SENT['a token']}",
        f"/v1/hooks/till?token={SENT['a token']}",
        f"/{SENT['a token']}?{SENT['a query']}=2",
    ):
        for method in ("GET", "POST", "TRACE"):
            running.ask(method, path, headers={"Cookie": f"__Host-holdfast-login={SENT['a session']}"})
    running.ask("GET", "/auth/login")
    host, port = running.address.removeprefix("http://").split(":")
    for line in (
        f"GET /u/{SENT['a token']} HTTP/9.9",
        f"{SENT['a token']}",
        f"GET / HTTP/1.1\r\n{SENT['a key']}",
    ):
        with socket.create_connection((host, int(port)), timeout=60) as raw:
            raw.sendall(f"{line}\r\n\r\n".encode())
            raw.recv(1000)
    for _ in range(1000):
        if "not_delivered" in "".join(running.said):
            return
        running.ask("GET", "/health/live")
    raise AssertionError(running.said)


def test_no_answer_holds_a_secret_and_no_log_holds_what_was_sent(running: Running) -> None:
    found = {}
    # when every route is asked, with and without sense
    document = running.ask("GET", "/openapi.json").json()
    for method, path, _ in operations(document):
        for id in ("crm", SENT["a person"]):
            if path == "/v1/customers/{id}" and method == "DELETE":
                continue
            answer = running.ask(method, address_of(path, id), json={})
            if told := leaks(answer.content + str(answer.headers).encode(), running.key):
                found[method, path] = told
    for path in ("/v1/runs", "/v1/connectors", "/v1/workflows", "/v1/releases/1", "/metrics"):
        answer = running.ask("GET", path)
        assert answer.status_code == 200, (path, answer.text)
    for run in running.ask("GET", "/v1/runs").json()["items"]:
        assert leaks(running.ask("GET", f"/v1/runs/{run['id']}").content) == []
    # then no answer holds a secret, of /metrics nobody's name, and the log nothing of it all
    assert found == {}
    assert leaks(running.ask("GET", "/metrics").content, *SENT.values()) == []
    assert leaks("".join(running.said), running.key, *SENT.values()) == []


# Every command, and how it is called; those without a call never read a workspace that is served.
CALLS: dict[str, list[tuple[str, ...]]] = {
    "serve": [("--port", "0")],
    "worker": [()],
    "demo": [],
    "init": [],
    "plan": [(), ("--diff",)],
    "apply": [("--note", "why")],
    "approve": [("1",)],
    "rollback": [()],
    "releases": [()],
    "schema": [()],
    "check": [(), ("--json",)],
    "fmt": [("--check",)],
    "test": [()],
    "import": [("events.csv", "--preview")],
    "backtest": [("big-order",)],
    "calibrate": [("none",)],
    "risk": [("rank", "orders", "--at", "2026-02-01")],
    "why": [(SENT["a person"], "big-order")],
    "runs": [(), ("--json",)],
    "run": [("none",)],
    "experiments": [()],
    "metrics": [()],
    "goals": [()],
    "export": [(SENT["a person"], "person.json")],
    "erase": [("nobody", "--yes")],
    "keys": [("list",), ("create", "--role", "ingest", "--owner", "a@example.com")],
    "quarantine": [("list",), ("show", "1")],
    "audit": [("verify",), ("export", "audit.zip"), ("key",), ("checkpoint",), ("replay",)],
    "doctor": [(), ("--json",)],
}


def test_every_command_has_its_calls() -> None:
    assert set(CALLS) == set(COMMANDS)


def test_no_command_tells_a_secret(running: Running, holdfast: Holdfast) -> None:
    # given what has been sent, and a file to import
    (running.folder / "events.csv").write_text("customer,event,at\nann,seen,2026-01-05T00:00:00Z\n")
    # when every command is called beside the server
    codes, found = {}, {}
    for command, calls in CALLS.items():
        for words in calls:
            try:
                said = holdfast(command, *words)
            except SystemExit as misused:
                raise AssertionError((command, words)) from misused
            codes[command, *words] = said.code
            if told := leaks(said.out + said.err, running.key):
                found[command, *words] = told
    # then none tells a secret, and they did do something
    assert found == {}
    assert {call[0] for call, code in codes.items() if code == 0} >= {
        "check", "releases", "runs", "why", "export", "keys", "audit", "doctor", "quarantine", "schema",
    }  # fmt: skip


def test_no_file_of_the_workspace_holds_a_secret_but_the_one_that_is_it(running: Running) -> None:
    # given everything that the server and the commands have written: database, log of it, exports
    written = [path for path in running.folder.rglob("*") if path.is_file() and path.name != "sms.secret"]
    assert {"holdfast.db", "holdfast.db-wal"} <= {path.name for path in written}
    # then no secret is in it, and the admin key neither
    assert {path.name: told for path in written if (told := leaks(path.read_bytes(), running.key))} == {}
