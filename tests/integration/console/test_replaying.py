"""What went wrong is opened, understood and taken up again, by operators alone."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.console.conftest import Door, linked

NAMELESS = {"customer": "ann", "id": "o1", "total": 10.50}


@pytest.fixture
def mail() -> Recorder:
    """E-mail that refuses the first message for good, saying something that would break a page."""
    refused = DeliveryError("no such mailbox <b>", retryable=False)
    return Recorder(SHIPPED["email.send"], refusals=[refused])


@pytest.fixture
def engine(folder: Path, clock: VirtualClock, mail: Recorder) -> Generator[Engine]:
    database, actions = f"sqlite:///{folder / 'holdfast.db'}", Actions({"email.send": mail})
    with Engine.open(folder, database, clock, actions=actions, work=False) as engine:
        yield engine


@pytest.fixture
def dead(engine: Engine) -> str:
    """The address of a message that was given up."""
    events = [
        {
            "customer": "ann",
            "event": "identify",
            "traits": {"email": "ann@example.com", "marketing_email": True},
        },
        {"customer": "ann", "event": "news_asked"},
    ]
    engine.ingest(events, source="shop", may_grant=True).result()
    engine.run_until(engine.clock.now() + 60_000_000)
    with engine.store.reader() as reader:
        (row,) = reader.dead_letters()
    return f"/runs/dead-letters/{row.effect.key}"


def test_a_refused_event_is_opened_corrected_and_taken_in(as_role: Door, engine: Engine) -> None:
    # given an event that could not be accepted
    engine.ingest([NAMELESS], source="shop").result()
    operator = as_role("operator")
    assert 'href="/runs/quarantine/1"' in linked(operator.page("/runs/quarantine"))
    shown = operator.page("/runs/quarantine/1")
    assert "no name" in shown and "10.5" in shown
    # when it is sent as it was
    path = "/runs/quarantine/1/replay"
    same = operator.send(path, event='{\r\n  "customer": "ann",\r\n  "id": "o1",\r\n  "total": 10.5\r\n}')
    # then why that cannot be stands above the form, and nothing has changed
    assert same.status_code == 400
    assert "nothing has changed" in same.text and "send it corrected" in same.text
    # and neither has it by what is no event, which is kept in the form
    for text in ("{", "[]", '{"customer": "ann"}'):
        wrong = operator.send(path, event=text)
        assert wrong.status_code in (400, 422), wrong.text
        assert "nothing has changed" in wrong.text
    # when it is corrected
    event = '{"customer": "ann", "id": "o1", "event": "order_completed", "total": 10.50}'
    sent = operator.send(path, event=event)
    # then its page says what came of it and who did it, and it is offered no more
    assert (sent.status_code, sent.headers["location"]) == (303, "/runs/quarantine/1")
    told = operator.page("/runs/quarantine/1")
    assert "It was taken in after all" in told and "operator@example.com" in told
    assert "Take it in after all" not in told
    assert engine.customer("ann").facts["orders"].value == 1
    # and a second time is refused in words
    assert operator.send(path, event=event).status_code == 409
    assert "/runs/quarantine/1" not in operator.page("/runs/quarantine")
    assert "operator@example.com" in operator.page("/runs/quarantine?replayed=true")


def test_a_dead_letter_is_opened_and_sent_again(
    as_role: Door, engine: Engine, mail: Recorder, dead: str
) -> None:
    operator = as_role("operator")
    assert f'href="{dead.replace(":", "%3A")}"' in linked(operator.page("/runs/dead-letters"))
    shown = operator.page(dead)
    assert "no such mailbox &lt;b&gt;" in shown and "Send it again" in shown
    assert 'href="/pause?workflow=news"' in linked(shown)
    # when its workflow is held back and it is sent again all the same
    engine.pause("news", "operator@example.com").result()
    assert "waits until that goes on" in operator.page(f"{dead}/replay")
    sent = operator.send(f"{dead}/replay", does="replay")
    # then its page says where it is
    assert sent.status_code == 303
    assert "waits until what is held back goes on" in operator.page(sent.headers["location"])
    engine.resume("news", "operator@example.com").result()
    engine.run_until(engine.clock.now() + 60_000_000)
    assert "no dead letter any more: executed" in operator.page(dead)
    assert len(mail.deliveries) == 1
    again = operator.send(f"{dead}/replay", does="replay")
    assert again.status_code == 409 and "nothing has changed" in again.text


def test_how_a_dead_letter_ended_is_written_down(as_role: Door, mail: Recorder, dead: str) -> None:
    operator = as_role("operator")
    assert operator.send(f"{dead}/replay", does="shred").status_code == 400
    assert operator.send(f"{dead}/replay", does="executed", note="told by phone").status_code == 303
    told = operator.page(dead)
    assert "was written down as executed" in told and "told by phone" in told
    assert mail.deliveries == []


def test_auditors_see_what_went_wrong_and_act_on_nothing(as_role: Door, engine: Engine, dead: str) -> None:
    engine.ingest([NAMELESS], source="shop").result()
    auditor = as_role("auditor")
    for path in (dead, "/runs/quarantine/1"):
        # they are shown it, and offered nothing
        assert "/replay" not in auditor.page(path)
        assert auditor.get(f"{path}/replay").status_code == 403
        # and what they send does nothing, nor what an operator sends without the form's token
        assert auditor.send(f"{path}/replay", page="/runs", does="replay", event="{}").status_code == 403
        sent = as_role("operator").http.post(f"{path}/replay", data={"does": "replay"})
        assert sent.status_code == 403
    with engine.store.reader() as reader:
        assert len(reader.dead_letters()) == len(reader.quarantine_list()) == 1
    # and what there is not is a page that says so
    for path in ("/runs/dead-letters/none", "/runs/quarantine/99", "/runs/quarantine/none"):
        assert auditor.get(path).status_code == 404
