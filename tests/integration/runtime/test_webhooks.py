"""Webhooks and text messages: over a real connection, signed, once where that is asked for."""

from collections.abc import Generator
from pathlib import Path

import pytest

from engine.model.values import HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import outbox
from tests.receiver import Received, receiving

WORKFLOW = """
workflow: tell-desk
owner: shop
class: service
description: Tell the CRM, then the customer.
reentry: always
steps:
  - do: webhook.call
    with: {webhook: crm, body: {total: =event.total}}
    as: told
  - if: run.told.status == 200
    then:
      - do: sms.send
        with: {message: thanks}
"""


@pytest.fixture
def received() -> Received:
    return []


@pytest.fixture
def address(received: Received) -> Generator[str]:
    with receiving(received) as found:
        yield found


@pytest.fixture
def folder(folder: Path, address: str) -> Path:
    (folder / "workflows" / "tell-desk.yaml").write_text(WORKFLOW.lstrip())
    (folder / "workflows" / "messages" / "big-order.md").unlink()
    thanks = "---\nchannel: sms\n---\nThanks for {{ event.total }}, {{ customer.name }}!\n"
    (folder / "workflows" / "messages" / "thanks.md").write_text(thanks)
    settings = folder / "holdfast.yaml"
    settings.write_text(
        settings.read_text()
        + "connectors:\n"
        + f"  sms: {{url: '{address}', hosts: [127.0.0.1]}}\n"
        + "  webhooks:\n"
        + f"    crm: {{url: '{address}', hosts: [127.0.0.1], secret: {{file: crm.secret}}, "
        + "delivery: at_most_once}\n"
    )
    (folder / "crm.secret").write_text("s3cret\n")
    return folder


ANN = {
    "customer": "ann", "event": "identify", "id": "i1", "traits": {"name": "Ann", "phone": "+491701234567"},
}  # fmt: skip
ORDER = {"customer": "ann", "event": "order_completed", "id": "o1", "total": 250}


def test_a_call_is_signed_and_its_status_answers(
    open_engine, clock: VirtualClock, received: Received
) -> None:
    # given a workflow that calls a webhook and then sends a text message
    engine = open_engine()
    engine.ingest([ANN, ORDER], source="shop").result()
    engine.run_until(clock.now() + HOUR)

    # then both came, each once, under keys of their own
    (headers, body), (sms_headers, sms) = received
    assert (body["data"], body["customer"]) == ({"total": 250}, "ann")
    assert headers["idempotency-key"] == headers["webhook-id"] == body["key"]
    assert headers["webhook-signature"].startswith("v1,")
    assert (sms["to"], sms["text"]) == ("+491701234567", "Thanks for 250, Ann!\n")
    assert "webhook-signature" not in sms_headers
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
    assert (run.status.value, run.answers["told"]["status"]) == ("completed", 200)


def test_what_goes_at_most_once_is_uncertain_after_a_crash(
    open_engine, clock: VirtualClock, received: Received
) -> None:
    # given a call that was claimed by a process that died
    engine = open_engine()
    engine.ingest([ANN, ORDER], source="shop").result()
    engine._writer.call(lambda: outbox.claim(engine._shell)).result()

    # when its lease has run out
    engine.run_until(clock.now() + HOUR)

    # then it is not called again, and people can see that nobody knows
    assert received == []
    with engine.store.reader() as reader:
        (row,) = reader.dead_letters()
    assert row.outcome == "uncertain"
