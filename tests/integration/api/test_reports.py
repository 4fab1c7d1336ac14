"""Providers' reports over HTTP: signed or nothing, matched to what was sent, and each noted once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from engine.model.values import MINUTE, SECOND
from engine.runtime.actions.email import message_id
from engine.runtime.actions.recorder import recording
from engine.runtime.actions.webhook import signature
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, lay_out, problem

ADDRESS = "ana@example.com"
SECRET = "whsec_bmV3LXNlY3JldC1vZi10aGUtbWFpbA=="
CONNECTORS = """
connectors:
  email:
    smtp: mail.example.com
    from: shop@example.com
    report_secrets: [{env: MAIL_REPORTS}, {env: MAIL_REPORTS_OLD}]
  webhooks:
    push: {url: "https://push.example.com/send"}
"""
Report = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop with a mail server whose provider reports."""
    shop = lay_out(tmp_path / "shop")
    (shop / "holdfast.yaml").write_text(FILES["holdfast.yaml"].lstrip() + CONNECTORS)
    monkeypatch.setenv("MAIL_REPORTS", SECRET)
    monkeypatch.setenv("MAIL_REPORTS_OLD", "old")
    return shop


@pytest.fixture
def engine(folder: Path, clock: VirtualClock) -> Generator[Engine]:
    url = f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, url, clock, work=False, actions=recording()[0]) as engine:
        yield engine


@pytest.fixture
def key(engine: Engine) -> str:
    """The key of the news that Ana has got."""
    person = {"customer": "ana", "event": "identify", "id": "i-1", "email": ADDRESS, "marketing_email": True}
    asked = {"customer": "ana", "event": "news_asked", "id": "n-1"}
    engine.ingest([person, asked], source="shop", may_grant=True).result()
    engine.run_until(START + MINUTE)
    with engine.store.reader() as reader:
        (run,) = reader.runs()
        (sent,) = reader.effects(run.id)
    assert sent.outcome == "executed"
    return sent.effect.key


@pytest.fixture
def report(http: TestClient[Litestar], clock: VirtualClock) -> Report:
    """Sends reports, signed a moment ago unless it is said otherwise."""

    def send(*reports: Any, id: str = "msg_1", ago: int = 0, secret: str = SECRET, to: str = "email") -> Any:
        body = msgspec.json.encode(reports[0] if len(reports) == 1 else reports)
        head = signature(id, clock.now() - ago, body, secret)
        return http.post(f"/v1/connectors/{to}/events", content=body, headers=head)

    return send


def test_what_a_provider_reports_is_the_engines_own_event(report: Report, engine: Engine, key: str) -> None:
    # when a click is reported by the key, and a delivery by the Message-ID
    told = report(
        {"type": "clicked", "key": key, "link": "https://shop.example.com/a"},
        {"type": "delivered", "message_id": f"<{message_id(key)}@example.com>", "at": "2026-01-05T12:00:30Z"},
    )
    # then both are events of the customer, with where they come from
    assert (told.status_code, told.json()["accepted"], told.json()["unmatched"]) == (200, 2, [])
    with engine.store.reader() as reader:
        clicked, delivered = (reader.event("connector:email", f"msg_1:{place}") for place in (0, 1))
    assert clicked is not None
    assert delivered is not None
    assert (clicked.event.customer, clicked.event.name) == ("ana", "message_clicked")
    assert clicked.event.properties == {
        "channel": "email", "link": "https://shop.example.com/a", "message": "news", "workflow": "news",
        "run": key.partition(":")[0], "step": key.split(":")[1],
    }  # fmt: skip
    assert (delivered.event.name, delivered.event.occurred_at) == ("message_delivered", START + 30 * SECOND)


@pytest.mark.parametrize(
    ("said", "address", "customer"),
    [
        ({"type": "bounced"}, "hard_bounce", None),
        ({"type": "bounced", "bounce": "soft"}, None, None),
        ({"type": "complained"}, "complaint", "complaint"),
        ({"type": "unsubscribed"}, None, "unsubscribed"),
    ],
)
def test_a_hard_bounce_and_a_complaint_stop_messages_to_the_address(
    report: Report, engine: Engine, key: str, said: dict[str, str], address: str | None, customer: str | None
) -> None:
    # when
    assert report({"key": key, **said}).json()["accepted"] == 1
    # then the list has the address and the customer as the language says, and who reported it
    with engine.store.reader() as reader:
        assert reader.suppressed("email", ADDRESS) == address
        rows = reader.suppressions()
        assert [row for row in rows if row.source != "connector:email"] == []
        member = reader.customer("ana")
    assert member is not None
    assert {row.reason for row in rows if row.scope != "address"} == (
        set() if customer is None else {customer}
    )


def test_repeats_change_nothing(report: Report, key: str) -> None:
    # given a report with the provider's id, and one without
    assert report({"type": "bounced", "key": key, "id": "b-1"}).json()["accepted"] == 1
    assert report({"type": "clicked", "key": key}, id="msg_2").json()["accepted"] == 1
    # when each comes again, the first in another request
    again = report({"type": "bounced", "key": key, "id": "b-1"}, id="msg_3").json()
    replayed = report({"type": "clicked", "key": key}, id="msg_2").json()
    # then they are duplicates
    assert [(each["accepted"], each["duplicates"]) for each in (again, replayed)] == [(0, 1), (0, 1)]


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({}, 200), ({"secret": "old"}, 200), ({"secret": "other"}, 401), ({"ago": 5 * MINUTE}, 200),
        ({"ago": 5 * MINUTE + SECOND}, 401), ({"ago": -5 * MINUTE - SECOND}, 401), ({"id": ""}, 401),
    ],
)  # fmt: skip
def test_what_is_not_signed_or_not_lately_is_refused_and_nothing_kept(
    report: Report, engine: Engine, key: str, how: dict[str, Any], status: int
) -> None:
    answer = report({"type": "complained", "key": key}, **how)
    assert answer.status_code == status
    with engine.store.reader() as reader:
        assert (reader.suppressed("email", ADDRESS) is None) == (status == 401)
    if status == 401:
        assert problem(answer)["code"] == "bad_signature"


def test_a_changed_body_and_headers_without_sense_are_refused(
    http: TestClient[Litestar], key: str, clock: VirtualClock
) -> None:
    body = msgspec.json.encode({"type": "complained", "key": key})
    good = signature("msg_1", clock.now(), body, SECRET)
    for head in ({}, {**good, "webhook-timestamp": "soon"}, {**good, "webhook-signature": "v1,"}):
        assert http.post("/v1/connectors/email/events", content=body, headers=head).status_code == 401
    other = http.post("/v1/connectors/email/events", content=body.replace(b"ed", b"eD"), headers=good)
    assert other.status_code == 401


def test_what_matches_nothing_is_told_and_costs_its_neighbours_nothing(report: Report, key: str) -> None:
    # when a good report stands among others
    told = report(
        {"type": "delivered", "key": "no-such-key"},
        {"type": "delivered", "message_id": "<somebody@elsewhere.example>"},
        {"type": "opened", "key": key},
        {"type": "delivered", "key": key},
        "nonsense",
    ).json()
    # then it is taken in, and each of the others has its reason
    assert told["accepted"] == 1
    assert [(each["index"], each["code"]) for each in told["unmatched"]] == [
        (0, "unknown_message"), (1, "unknown_message"), (2, "not_a_report"), (4, "not_a_report"),
    ]  # fmt: skip


@pytest.mark.parametrize("to", ["sms", "webhooks.push", "push", "none"])
def test_a_connector_that_takes_no_reports_is_not_found(report: Report, to: str) -> None:
    assert report({"type": "delivered", "key": "k"}, to=to).status_code == 404


def test_nothing_is_noted_of_whom_was_erased(report: Report, engine: Engine, key: str) -> None:
    # given Ana's news, and that she was erased since
    engine.erase_customer("ana", "dpo@example.com").result()
    # when a report comes late
    told = report({"type": "bounced", "key": key, "address": ADDRESS}).json()
    # then she does not come back
    assert [each["code"] for each in told["unmatched"]] == ["erased"]
    assert told["accepted"] == 0
