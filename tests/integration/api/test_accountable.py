"""Every route that changes something: the audit record says who did it, and under one key it is done once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.people import CSRF, SESSION
from api.roles import operations
from engine.audit.leaves import AnyLeaf, read_entry
from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.values import HOUR, SECOND
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.callers.keys import digest
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.sessions import SessionRow
from tests.integration.api.conftest import FILES, Client

EVENTS = "its events are the record: each stands with its source, which is the key's label"
UNNAMED = {
    **{
        ("post", path): EVENTS
        for path in (
            "/v1/events", "/v1/batch", "/batch", "/v1/import", "/v1/track", "/v1/identify", "/v1/page",
            "/v1/screen", "/v1/group", "/v1/alias",
        )
    },
    ("put", "/v1/customers/{id}"): EVENTS + "; registering anew names who did (below)",
    ("patch", "/v1/customers/{id}"): EVENTS,
    ("post", "/v1/triggers/{rule}"): "what it decides is an entry, as of any event",
    ("post", "/v1/hooks/{name}"): "a vendor's signed messages become events",
    ("post", "/u/{token}"): "whoever has the link is the customer, whose event it is",
    ("post", "/v1/plans"): "nothing changes by a plan; proposing it is an entry",
}  # fmt: skip
"""Routes that change something and name nobody in the audit record, each with its reason."""

ONCE_BY_THEMSELVES = {
    ("post", "/auth/logout"): "a session ends once",
    ("post", "/v1/audit/access"): "each call is a reading of its own",
}
"""Routes that act, without an Idempotency-Key, each with its reason."""

MORE = {
    "holdfast.yaml": """
currency: EUR
public_url: https://holdfast.test
sign_in: {issuer: "https://id.example.com", client_id: holdfast, roles: {ops: operator}}
connectors:
  email: {smtp: localhost, from: shop@example.com}
""",
    "rules/desk.yaml": "resolve_within: {normal: 1d, high: 8h}\n",
    "rules/vip.yaml": "segment: vip\nstatic: yes\n",
    "rules/health.yaml": """
score: health
parts:
  orders: {weight: 1, is: customer.orders / 10}
bands: {red: {from: 0}, green: {from: 50}}
""",
    "rules/rewards.yaml": """
program: rewards
earn:
  - {when: order_completed, points: event.total, expire: 100d}
tiers: {green: {from: 0}}
reserve: 15m
redeem:
  - {reward: ten-off, points: 10, gives: {coupon: {percent: 10, worth: 10.00 EUR, expires: 30d}}}
adjust: {approve_above: 500, limit: 5000, void_after: 3d, expire: 30d}
""",
    "rules/trouble.yaml": """
rule: trouble
owner: shop
description: Somebody is in trouble.
status: live
when: {event: trouble}
then:
  - do: case.open
    with: {ladder: desk, title: In trouble, key: =event.ticket}
""",
    "rules/trouble-events.yaml": "events:\n  trouble: {ticket: text}\n",
}
RULE = "rules/big-order.yaml"


class Asked(msgspec.Struct, frozen=True):
    """A request that will succeed: what stands in the path's braces, and what is sent."""

    path: dict[str, str] = {}
    body: Any = None
    more: dict[str, Any] = {}


class Ground:
    """A shop in which there is something to do for everybody."""

    def __init__(self, engine: Engine, http: TestClient[Litestar], clock: VirtualClock) -> None:
        self.engine, self.http, self.clock = engine, http, clock
        self.admin = self.client("admin", "root@example.com")
        self._numbers = iter(range(1000))

    def client(self, role: str, owner: str) -> Client:
        return Client(self.http, self.engine.create_key(role, owner).text)

    def new(self) -> str:
        """Give a name that was never there."""
        return f"n{next(self._numbers)}"

    def happened(self, name: str, customer: str = "ann", **properties: Any) -> str:
        id = self.new()
        sent = {"customer": customer, "event": name, "id": id, **properties}
        assert self.admin.events(sent)["accepted"] == 1
        self.engine.run_until(self.clock.now() + SECOND)
        return id

    def first(self, path: str, customer: str | None = None) -> dict[str, Any]:
        items: list[dict[str, Any]] = self.admin.get(f"{path}?limit=100").json()["items"]
        return next(each for each in items if customer in (None, each.get("customer")))

    def done(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.admin.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        told: dict[str, Any] = answer.json()
        return told

    def ask(self) -> str:
        customer = self.new()
        self.happened("order_completed", customer, total=9000)
        return str(self.first("/v1/asks", customer)["id"])

    def case(self, *acts: str) -> dict[str, str]:
        customer = self.new()
        self.happened("trouble", customer, ticket=customer)
        id = str(self.first("/v1/cases", customer)["id"])
        for act in acts:
            self.done(f"/v1/cases/{id}/{act}")
        return {"id": id}

    def run(self) -> str:
        customer = self.new()
        self.happened("order_completed", customer, total=9000)
        return str(self.first("/v1/runs", customer)["id"])

    def dead_letter(self) -> dict[str, Any]:
        customer = self.new()
        traits = {"email": f"{customer}@example.com", "marketing_email": True}
        self.happened("identify", customer, traits=traits)
        self.happened("news_asked", customer)
        return self.first("/v1/dead-letters", customer)

    def member(self) -> str:
        customer = self.new()
        self.happened("order_completed", customer, total=50)
        return customer

    def coupon(self) -> str:
        return str(self.done(f"/v1/customers/{self.member()}/points/redeem", {"reward": "ten-off"})["code"])

    def reservation(self) -> dict[str, str]:
        customer, key = self.member(), self.new()
        self.done(f"/v1/customers/{customer}/points/reserve", {"points": 5, "key": key})
        return {"id": customer, "key": key}

    def adjustment(self) -> dict[str, str]:
        customer, key = self.member(), self.new()
        body = {"points": 600, "reason": "a gift", "key": key}
        self.done(f"/v1/customers/{customer}/points/adjust", body)
        return {"id": customer, "key": key}

    def suppression(self) -> dict[str, str]:
        return {"id": str(self.done("/v1/suppressions", {"address": f"{self.new()}@example.com"})["id"])}

    def quarantined(self) -> dict[str, str]:
        self.admin.events({"event": "visit", "id": self.new()})
        return {"id": str(self.admin.get("/v1/quarantine").json()["items"][-1]["id"])}

    def plan(self) -> str:
        text = FILES[RULE].replace("100.10", str(200 + next(self._numbers))).lstrip()
        author = self.client("author", "author@example.com")
        return str(author.post("/v1/plans", {"files": {RULE: text}}).json()["token"])

    def proposal(self) -> dict[str, Any]:
        author = self.client("author", "author@example.com")
        made: dict[str, Any] = author.post("/v1/releases", {"token": self.plan()}).json()
        return made

    def key(self) -> dict[str, str]:
        return {"id": self.engine.create_key("ingest", "shop@example.com").row.id}

    def overridden(self) -> dict[str, str]:
        path = {"id": "health", "customer": self.member()}
        answer = self.admin("PUT", f"/v1/scores/health/customers/{path['customer']}/override", OVERRIDE)
        assert answer.status_code == 200, answer.text
        return path

    def session(self, owner: str) -> Asked:
        cookie, now = secrets.token_urlsafe(32), self.clock.now()
        self.engine.add_session(
            SessionRow(
                hash=digest(cookie), owner=owner, roles="operator", issuer="https://id.example.com",
                subject="s1", csrf="c", created_at=now, expires_at=now + HOUR,
            )
        )  # fmt: skip
        return Asked(more={"headers": {"Cookie": f"{SESSION}={cookie}", CSRF: "c"}})

    def record(self, start: int) -> list[AnyLeaf]:
        """Give the entries from a number on."""
        self.engine.flush_accesses()
        with self.engine.store.reader() as reader:
            return [read_entry(row.entry) for row in reader.leaves(start, reader.edge().size)]

    def size(self) -> int:
        """Give how many entries there are, once the writer has done all that it has to do."""
        self.engine.flush_accesses()
        self.engine.checkpoint().result()
        with self.engine.store.reader() as reader:
            return reader.edge().size


OVERRIDE = {"value": 90, "reason": "they called", "until": "2026-02-01T00:00:00Z"}
REASON = {"reason": "because"}
Act = Callable[[Ground], Asked]

ACTS: dict[tuple[str, str], Act] = {
    ("post", "/v1/asks/{id}/answer"): lambda g: Asked({"id": g.ask()}, {"choice": "leave"}),
    ("post", "/v1/audit/access"): lambda g: Asked(body={"command": "holdfast why", "by": "somebody"}),
    ("post", "/v1/cases/{id}/acknowledge"): lambda g: Asked(g.case(), {"by": "a colleague"}),
    ("post", "/v1/cases/{id}/assign"): lambda g: Asked(g.case(), {"who": "head@example.com"}),
    ("post", "/v1/cases/{id}/cancel"): lambda g: Asked(g.case()),
    ("post", "/v1/cases/{id}/pause"): lambda g: Asked(g.case()),
    ("post", "/v1/cases/{id}/priority"): lambda g: Asked(g.case(), {"priority": "high"}),
    ("post", "/v1/cases/{id}/reopen"): lambda g: Asked(g.case("resolve")),
    ("post", "/v1/cases/{id}/resolve"): lambda g: Asked(g.case()),
    ("post", "/v1/cases/{id}/resume"): lambda g: Asked(g.case("pause")),
    ("post", "/v1/coupons/{code}/redeem"): lambda g: Asked({"code": g.coupon()}),
    ("post", "/v1/coupons/{code}/void"): lambda g: Asked({"code": g.coupon()}, REASON),
    ("delete", "/v1/customers/{id}"): lambda g: Asked({"id": g.member()}),
    ("post", "/v1/customers/{id}/consent"): lambda g: Asked(
        {"id": g.member()}, {"channel": "email", "granted": True, "source": "desk"}
    ),
    ("post", "/v1/customers/{id}/merge"): lambda g: Asked({"id": g.member()}, {"other": g.member()}),
    ("post", "/v1/customers/{id}/points/adjust"): lambda g: Asked(
        {"id": g.member()}, {"points": 5, "reason": "a gift"}
    ),
    ("post", "/v1/customers/{id}/points/adjust/{key}/approve"): lambda g: Asked(g.adjustment()),
    ("post", "/v1/customers/{id}/points/adjust/{key}/refuse"): lambda g: Asked(g.adjustment()),
    ("post", "/v1/customers/{id}/points/redeem"): lambda g: Asked({"id": g.member()}, {"points": 5}),
    ("post", "/v1/customers/{id}/points/reserve"): lambda g: Asked({"id": g.member()}, {"points": 5}),
    ("post", "/v1/customers/{id}/points/reserve/{key}/commit"): lambda g: Asked(g.reservation()),
    ("post", "/v1/customers/{id}/points/reserve/{key}/release"): lambda g: Asked(g.reservation()),
    ("post", "/v1/dead-letters/{key}/replay"): lambda g: Asked({"key": g.dead_letter()["key"]}),
    ("post", "/v1/dead-letters/{key}/settle"): lambda g: Asked(
        {"key": g.dead_letter()["key"]}, {"outcome": "executed"}
    ),
    ("post", "/v1/keys"): lambda g: Asked(body={"role": "ingest", "owner": "shop@example.com"}),
    ("post", "/v1/keys/{id}/rotate"): lambda g: Asked(g.key()),
    ("delete", "/v1/keys/{id}"): lambda g: Asked(g.key()),
    ("post", "/v1/pause"): lambda g: Asked(body={"workflow": "news"}),
    ("post", "/v1/resume"): lambda g: Asked(body={"workflow": "news"}),
    ("post", "/v1/quarantine/{id}/replay"): lambda g: Asked(
        g.quarantined(), {"event": {"customer": "ann", "event": "visit", "id": g.new()}}
    ),
    ("post", "/v1/releases"): lambda g: Asked(body={"token": g.plan()}),
    ("post", "/v1/releases/{n}/reject"): lambda g: Asked({"n": str(g.proposal()["number"])}, REASON),
    ("post", "/v1/releases/{n}/emergency"): lambda g: Asked({"n": str(g.proposal()["number"])}, REASON),
    ("post", "/v1/releases/{n}/rollback"): lambda g: Asked({"n": str(g.first("/v1/releases")["number"])}),
    ("post", "/v1/releases/{n}/approve"): lambda g: (
        lambda made: Asked({"n": str(made["number"])}, {"hash": made["hash"]})
    )(g.proposal()),
    ("post", "/v1/runs/{id}/cancel"): lambda g: Asked({"id": g.run()}),
    ("post", "/v1/runs/{id}/retry"): lambda g: Asked({"id": g.dead_letter()["run"]}),
    ("put", "/v1/scores/{id}/customers/{customer}/override"): lambda g: Asked(
        {"id": "health", "customer": g.member()}, OVERRIDE
    ),
    ("delete", "/v1/scores/{id}/customers/{customer}/override"): lambda g: Asked(g.overridden()),
    ("post", "/v1/segments/{id}/members"): lambda g: Asked({"id": "vip"}, {"add": [g.member()]}),
    ("post", "/v1/suppressions"): lambda g: Asked(body={"address": f"{g.new()}@example.com"}),
    ("post", "/v1/suppressions/import"): lambda g: Asked(
        more={"content": f"address\n{g.new()}@example.com\n", "headers": {"Content-Type": "text/csv"}}
    ),
    ("delete", "/v1/suppressions/{id}"): lambda g: Asked(g.suppression(), more={"params": REASON}),
    ("post", "/auth/logout"): lambda g: g.session("post /auth/logout"),
}  # fmt: skip


@pytest.fixture
def ground(folder: Path, clock: VirtualClock) -> Generator[Ground]:
    """A shop whose e-mail is refused for good."""
    for name, text in MORE.items():
        (folder / name).write_text((FILES.get(name, "") + text).lstrip())
    refusals = [DeliveryError("no such mailbox", retryable=False)] * 100
    actions = Actions({"email.send": Recorder(SHIPPED["email.send"], refusals=refusals)})
    database = f"sqlite:///{folder / 'holdfast.db'}"
    with (
        Engine.open(folder, database, clock, actions=actions, work=False) as engine,
        TestClient(create_app(engine), raise_server_exceptions=False) as http,
    ):
        yield Ground(engine, http, clock)


def test_every_act_names_its_actor_in_the_audit_record_and_is_done_once_under_a_key(ground: Ground) -> None:
    # given every route that may change something
    document = ground.admin.get("/openapi.json").json()
    mutating = {
        (method.lower(), path): operation
        for method, path, operation in operations(document)
        if method.upper() not in ("GET", "HEAD")
    }
    assert set(ACTS) | set(UNNAMED) == set(mutating)
    assert not set(ACTS) & set(UNNAMED)
    for (method, path), prepare in ACTS.items():
        asked, where = prepare(ground), f"{method} {path}"
        # when somebody who has done nothing yet does it
        roles = mutating[method, path]["x-roles"]
        role = next(each for each in ("operator", "approver", "author", "admin") if each in roles)
        by = (
            Client(ground.http, None)
            if "Cookie" in asked.more.get("headers", {})
            else ground.client(role, where)
        )
        address, size = path, ground.size()
        for name, value in asked.path.items():
            address = address.replace(f"{{{name}}}", value)
        repeatable = "Idempotency-Key" in mutating[method, path]["description"]
        more = {**asked.more}
        if repeatable:
            more["headers"] = {**more.get("headers", {}), "Idempotency-Key": "once"}
        answer = by(method.upper(), address, asked.body, **more)
        assert answer.status_code in (200, 201), (where, answer.text)
        # then an entry of the audit record says who it was
        entries = ground.record(size)
        named = [entry for entry in entries if getattr(entry, "who", None) == where]
        if path == "/v1/audit/access":
            # The command says who; which key said so stands beside it.
            named = [entry for entry in entries if getattr(entry, "who", None) == "somebody"]
        assert named, (where, entries)
        # and an act that may come again is done once
        assert repeatable or method != "post" or (method, path) in ONCE_BY_THEMSELVES, where
        if repeatable:
            size = ground.size()
            again = by(method.upper(), address, asked.body, **more)
            told = answer.json()
            # The secret of a key is nowhere kept, and is shown once.
            first = {**told, "key": None} if path.startswith("/v1/keys") else told
            assert (again.status_code, again.json()) == (answer.status_code, first), where
            assert again.headers["idempotent-replayed"] == "true", where
            assert not [entry for entry in ground.record(size) if getattr(entry, "who", None) == where], where


def test_whoever_acts_in_the_name_of_another_is_named_themselves(ground: Ground) -> None:
    # given a case that is taken through a key of the helpdesk's, for somebody
    desk, size = ground.client("operator", "helpdesk@example.com"), ground.size()
    id = ground.case()["id"]
    assert desk.post(f"/v1/cases/{id}/acknowledge", {"by": "ann@example.com"}).status_code == 200
    # then the entry is of whose key it was, and says for whom
    found = [entry for entry in ground.record(size) if getattr(entry, "what", "") == "case_acknowledged"]
    assert [(entry.who, entry.detail) for entry in found] == [  # type: ignore[union-attr]
        ("helpdesk@example.com", "for ann@example.com")
    ]


def test_whoever_lets_an_erased_customer_in_again_is_named(ground: Ground) -> None:
    customer = ground.member()
    desk = ground.client("operator", "desk@example.com")
    assert desk("DELETE", f"/v1/customers/{customer}").status_code == 200
    size = ground.size()
    assert desk("PUT", f"/v1/customers/{customer}", {"traits": {"plan": "free"}}).status_code == 200
    (found,) = [entry for entry in ground.record(size) if getattr(entry, "what", "") == "customer_registered"]
    assert found.who == "desk@example.com"  # type: ignore[union-attr]


def test_keys_and_sessions_say_with_which_key_and_role(ground: Ground) -> None:
    # given an admin who makes, rotates and revokes a key, and a person who signs in and out
    made = ground.engine.create_key("admin", "rita@example.com")
    rita, size = Client(ground.http, made.text), ground.size()
    key = rita.post("/v1/keys", {"role": "ingest", "owner": "shop@example.com"}).json()["id"]
    other = rita.post(f"/v1/keys/{key}/rotate").json()["id"]
    assert rita("DELETE", f"/v1/keys/{other}").status_code == 200
    session = ground.session("eve@example.com")
    assert Client(ground.http, None).post("/auth/logout", **session.more).status_code == 200
    # then the changes tell who, with which key, in which role
    items = ground.admin.get("/v1/audit/changes").json()["items"]
    told = [
        (each["what"], each["who"], each["key"] == made.row.id, each["role"])
        for each in items
        if each["leaf"] >= size
    ]
    assert told == [
        ("key_made", "rita@example.com", True, "admin"),
        ("key_rotated", "rita@example.com", True, "admin"),
        ("key_made", "rita@example.com", True, "admin"),
        ("key_revoked", "rita@example.com", True, "admin"),
        ("signed_in", "eve@example.com", False, "operator"),
        ("signed_out", "eve@example.com", False, "operator"),
    ]
    assert {each["key"][:7] for each in items if each["what"].startswith("signed")} == {"person-"}


def test_refused_sign_ins_are_one_entry_however_many_there_are(ground: Ground) -> None:
    # given what has been refused until now, and a thousand attempts of somebody who tries keys
    ground.engine.flush_refusals()
    old, size = ground.engine.create_key("auditor", "eve@example.com"), ground.size()
    ground.engine.revoke_key(old.row.id)
    for text in (old.text, "hf_admin_made_up", f"secret of ann@example.com {secrets.token_hex(8)}"):
        for _ in range(100):
            assert Client(ground.http, text).get("/v1/rules").status_code == 401
    for _ in range(100):
        assert Client(ground.http, None).get("/v1/rules").status_code == 401
    # then few entries tell of them, with the key that was known and nothing of what was sent
    items = ground.admin.get("/v1/audit/changes").json()["items"]
    found = [each for each in items if each["what"] == "sign_ins_refused" and each["leaf"] >= size]
    assert 1 <= len(found) <= 2
    assert old.row.id in {each["key"] for each in found}
    counted = [part.split() for each in found for part in each["detail"].split(", ")]
    assert sum(int(number) for number, because in counted if because == "malformed") == 200
    assert sum(int(number) for number, because in counted if because == "revoked") == 100
    assert "missing" not in {because for _, because in counted}
    assert "ann@example.com" not in str(found)


def test_erasures_and_replays_are_among_the_changes(ground: Ground) -> None:
    # given an erasure and a replay of what was in quarantine
    desk, size = ground.client("operator", "desk@example.com"), ground.size()
    assert desk("DELETE", f"/v1/customers/{ground.member()}").status_code == 200
    event = {"customer": "ann", "event": "visit", "id": "q1"}
    path = ground.quarantined()
    assert desk.post(f"/v1/quarantine/{path['id']}/replay", {"event": event}).status_code == 200
    # then they are listed as what they are, with who did it
    items = [each for each in ground.admin.get("/v1/audit/changes").json()["items"] if each["leaf"] >= size]
    told = {each["what"]: (each["who"], each["ref"], each["detail"]) for each in items}
    assert told["erased"][0] == "desk@example.com"
    assert told["replayed"] == ("desk@example.com", f"quarantine:{path['id']}", "accepted, corrected")
