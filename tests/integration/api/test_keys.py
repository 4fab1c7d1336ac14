"""Keys: rotated, bound to addresses and to a source, given by whom, and counted when they are refused."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, Client, Door

From = Callable[[str, str], Client]


def visit(id: str, **more: Any) -> dict[str, Any]:
    return {"customer": "ann", "event": "visit", "id": id, **more}


def refusals(engine: Engine) -> dict[str, float]:
    lines = engine.meters.text().decode().splitlines()
    begin = 'holdfast_sign_ins_refused_total{because="'
    found = (line.removeprefix(begin).split('"} ') for line in lines if line.startswith(begin))
    return {because: float(number) for because, number in found}


def test_a_key_is_rotated_and_both_are_good_for_a_while(as_role: Door, clock: VirtualClock) -> None:
    # given a key that is good for ten days, bound to a source
    admin = as_role("admin")
    asked = {"role": "ingest", "owner": "Ann@Example.com ", "label": "shop", "source": "till"}
    old = admin.post("/v1/keys", {**asked, "expires": "2026-01-15T12:00:00Z"}).json()
    clock.move_to(START + DAY)
    # when it is rotated, and good for two hours more
    new = admin.post(f"/v1/keys/{old['id']}/rotate", {"grace": "2h"})
    assert new.status_code == 201
    # then its successor is the same human's, for the same, and good for ten days from now
    made = new.json()
    assert {**made, "id": "", "key": ""} == {
        "id": "", "key": "", "role": "ingest", "owner": "ann@example.com", "label": "shop",
        "expires": "2026-01-16T12:00:00Z",
    }  # fmt: skip
    listed = {key["id"]: key for key in admin.get("/v1/keys").json()["items"]}
    assert listed[old["id"]]["successor"] == made["id"]
    assert listed[old["id"]]["expires"] == "2026-01-06T14:00:00Z"
    assert listed[made["id"]]["source"] == "till"
    # and both are good, until the old one has ended
    clients = [Client(admin.http, each["key"]) for each in (old, made)]
    assert [client.post("/v1/events", visit("1")).status_code for client in clients] == [200, 200]
    clock.move_to(START + DAY + 2 * HOUR)
    assert [client.post("/v1/events", visit("1")).status_code for client in clients] == [401, 200]


def test_a_key_that_ends_sooner_than_the_grace_ends_then(as_role: Door, engine: Engine) -> None:
    made = engine.create_key("ingest", "ann@example.com", "shop", START + HOUR)
    as_role("admin").post(f"/v1/keys/{made.row.id}/rotate")
    row = engine.find_key(made.row.id)
    assert row is not None and row.expires_at == START + HOUR


def test_no_more_than_two_keys_of_one_are_good_at_a_time(as_role: Door, engine: Engine) -> None:
    admin = as_role("admin")
    made, revoked = (
        engine.create_key("ingest", "ann@example.com"),
        engine.create_key("ingest", "a@example.com"),
    )
    engine.revoke_key(revoked.row.id)
    # given a key that has been rotated, one that is revoked, and one that never was
    assert admin.post(f"/v1/keys/{made.row.id}/rotate").status_code == 201
    assert admin.post(f"/v1/keys/{made.row.id}/rotate").status_code == 409
    assert admin.post(f"/v1/keys/{revoked.row.id}/rotate").status_code == 409
    assert admin.post("/v1/keys/none/rotate").status_code == 404
    for grace in ("31d", "soon"):
        answer = admin.post(f"/v1/keys/{made.row.id}/rotate", {"grace": grace})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_grace")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"role": "approver", "owner": "admin@example.com"}, 403, "self_grant"),
        ({"role": "approver", "owner": " Admin@Example.COM"}, 403, "self_grant"),
        ({"role": "approver", "owner": "rita@example.com"}, 403, "two_roles"),
        ({"role": "admin", "owner": "bob@example.com"}, 403, "two_roles"),
        ({"role": "approver", "owner": "bob@example.com"}, 201, None),
        ({"role": "approver", "owner": "gone@example.com"}, 201, None),
        ({"role": "auditor", "owner": "x", "source": "till"}, 400, "invalid_source"),
        ({"role": "ingest", "owner": "x", "addresses": ["10.0.0.1/8"]}, 400, "invalid_address"),
    ],
)
def test_nobody_comes_to_let_their_own_changes_through(
    as_role: Door, engine: Engine, asked: dict[str, Any], status: int, code: str | None
) -> None:
    # given that Rita is an admin, Bob an approver, and that somebody was an admin once
    engine.create_key("admin", "rita@example.com")
    engine.create_key("approver", "bob@example.com")
    engine.revoke_key(engine.create_key("admin", "gone@example.com").row.id)
    answer = as_role("admin").post("/v1/keys", asked)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


def test_an_auditor_sees_keys_and_makes_none(as_role: Door) -> None:
    auditor = as_role("auditor")
    assert auditor.get("/v1/keys").status_code == 200
    assert auditor.post("/v1/keys", {"role": "ingest", "owner": "x"}).status_code == 403


def test_events_of_a_bound_key_are_of_its_source_whatever_they_say(as_role: Door, engine: Engine) -> None:
    admin = as_role("admin")
    made = admin.post(
        "/v1/keys", {"role": "ingest", "owner": "ann@example.com", "label": "shop", "source": "till"}
    )
    bound = Client(admin.http, made.json()["key"])
    # given an event that says it came from elsewhere, and one that says nothing
    assert bound.events(visit("1", source="crm"), visit("2"))["accepted"] == 2
    assert bound("PATCH", "/v1/customers/ann", {"traits": {"plan": "team"}}).status_code == 200
    # then all are of the source of the key
    items = admin.get("/v1/customers/ann/timeline").json()["items"]
    assert {each["event"]["source"] for each in items if each["kind"] == "event"} == {"till"}


@pytest.fixture
def coming_from(folder: Path, tmp_path: Path, clock: VirtualClock) -> Generator[tuple[Engine, From]]:
    """Gives an engine behind a proxy at 10.0.0.1, and clients by their key and their own address."""
    text = FILES["holdfast.yaml"].lstrip() + "trusted_proxies: [10.0.0.1]\n"
    (folder / "holdfast.yaml").write_text(text)
    with Engine.open(folder, f"sqlite:///{tmp_path}/h.db", clock, work=False) as engine:
        app: Litestar = create_app(engine)

        def client(key: str, peer: str) -> Client:
            async def reached(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "client": (peer, 4711)}, receive, send)

            return Client(TestClient(reached), key)

        yield engine, client


def test_a_key_is_used_from_where_it_may_be(coming_from: tuple[Engine, From]) -> None:
    engine, client = coming_from
    admin = client(engine.create_key("admin", "admin@example.com").text, "192.0.2.1")
    made = admin.post(
        "/v1/keys",
        {"role": "auditor", "owner": "eve@example.com", "addresses": ["198.51.100.0/24", "2001:db8::/32"]},
    ).json()

    def status(peer: str, forwarded: str | None = None) -> int:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        found: int = client(made["key"], peer).get("/v1/rules", headers=headers).status_code
        return found

    assert status("198.51.100.7") == status("2001:db8::1") == status("::ffff:198.51.100.7") == 200
    assert status("203.0.113.1") == 401
    # a header is believed from the proxy alone, and there only what the proxy wrote
    assert status("203.0.113.1", "198.51.100.7") == 401
    assert status("10.0.0.1", "198.51.100.7") == 200
    assert status("10.0.0.1", "198.51.100.7, 203.0.113.1") == 401
    assert status("10.0.0.1") == 401
    assert refusals(engine) == {"address": 4.0}


def test_the_last_use_of_a_key_is_kept_with_its_address(coming_from: tuple[Engine, From]) -> None:
    engine, client = coming_from
    made = engine.create_key("admin", "ann@example.com")
    answer = client(made.text, "10.0.0.1").get("/v1/keys", headers={"X-Forwarded-For": "198.51.100.7"})
    assert answer.status_code == 200
    # when what the writer was given before is written, for which no answer waits
    engine.touch_key("none").result()
    # then it is kept
    (key,) = client(made.text, "10.0.0.1").get("/v1/keys").json()["items"]
    assert (key["last_used_at"], key["last_used_from"]) == ("2026-01-05T12:00:00Z", "198.51.100.7")


def test_every_refused_sign_in_is_counted_without_what_was_sent(
    as_role: Door, engine: Engine, http: TestClient[Litestar], clock: VirtualClock
) -> None:
    revoked = engine.create_key("auditor", "eve@example.com")
    engine.revoke_key(revoked.row.id)
    expired = engine.create_key("auditor", "eve@example.com", expires_at=START + 1)
    clock.move_to(START + 1)
    for key in (None, "hf_auditor_nonsense", revoked.text, expired.text, expired.text):
        assert Client(http, key).get("/v1/rules").status_code == 401
    # a key of the right form that was never made
    other = engine.create_key("auditor", "eve@example.com")
    with engine.store.begin() as writer:
        writer.revoke_key(other.row.id, START)
    assert refusals(engine) == {"missing": 1.0, "malformed": 1.0, "revoked": 1.0, "expired": 2.0}
    assert "nonsense" not in engine.meters.text().decode()
