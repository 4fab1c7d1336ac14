"""An entry stays for ever: what a connector or a file says in words is not in it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from engine.audit.leaves import IN_WORDS, EndLeaf, StepLeaf, read_entry
from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.runtime.audit.exports import contents
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, files, instant

CANARY = "ana.canary@example.com"
REFUSED = f"550 5.1.1 <{CANARY}>: no such mailbox, token sk_live_canary"
RULE = """
rule: hello
owner: shop
description: Say hello to who asks.
status: live
when: {event: asked}
then:
  - run: hello
"""
WORKFLOW = """
workflow: hello
owner: shop
class: marketing
holdout: 0%
reentry: always
description: Say hello, and say why it ended.
steps:
  - do: email.send
    with: {message: hello}
    on_failure: continue
    as: sent
  - stop: "Nobody at ana.canary@example.com, give it up"
"""
MESSAGE = """---
subject: Hello
channel: email
---
Hello. [Unsubscribe]({{ unsubscribe_url }})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = files(CONSENT, POLICY, RULE, WORKFLOW)
    for path, content in {**texts, "workflows/messages/hello.md": MESSAGE.encode()}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


def taken(engine: Engine, path: Path) -> dict[str, bytes]:
    path.write_bytes(b"".join(engine.export_audit(None, None, "auditor@example.com")))
    return contents(path)


def in_clear(found: dict[str, bytes]) -> dict[str, bytes]:
    """Give the files of an export with their documents decoded too."""
    records: list[dict[str, Any]] = [json.loads(line) for line in found["records.jsonl"].splitlines()]
    documents = b"\n".join(base64.b64decode(each["document"]) for each in records)
    return {**found, "documents": documents}


def test_what_a_connector_said_is_in_no_entry_and_in_no_export_after_an_erasure(
    folder: Path, tmp_path: Path
) -> None:
    # given a run whose message a provider refused for good, naming the customer's address and a secret
    mail = Recorder(SHIPPED["email.send"], refusals=[DeliveryError(REFUSED, retryable=False)])
    clock, database = VirtualClock(instant("2026-03-02 09:00")), f"sqlite:///{tmp_path}/holdfast.db"
    with Engine.open(folder, database, clock, actions=Actions({"email.send": mail}), work=False) as engine:
        traits = {**OPT_IN, "email": CANARY}
        engine.ingest(
            [
                {"customer": "ana", "event": "identify", "id": "1", "traits": traits},
                {"customer": "ana", "event": "asked", "id": "2"},
            ],
            source="shop",
            may_grant=True,
        ).result()
        engine.run_until(instant("2026-03-02 10:00"))
        engine.checkpoint().result()
        # when the record is read, then its entries have codes, and words in none of them
        with engine.store.reader() as reader:
            entries = [row.entry for row in reader.leaves(0, reader.edge().size)]
            attempts = [each for run in reader.runs() for each in reader.attempts(run.id)]
        assert REFUSED in {each.detail.get("error") for each in attempts}
        assert not [entry for entry in entries if b"canary" in entry]
        leaves = [read_entry(entry) for entry in entries]
        assert [(leaf.outcome, leaf.reason) for leaf in leaves if isinstance(leaf, StepLeaf)] == [
            ("failed", None),
            ("executed", IN_WORDS),
        ]
        assert [leaf.reason for leaf in leaves if isinstance(leaf, EndLeaf)] == [IN_WORDS]
        # and an export has the words beside the entries that commit to them, until the customer is erased
        assert b"sk_live_canary" in in_clear(taken(engine, tmp_path / "before.zip"))["documents"]
        engine.erase_customer("ana", "eve@example.com").result()
        after = in_clear(taken(engine, tmp_path / "after.zip"))
    assert not [name for name, content in after.items() if b"sk_live_canary" in content]
    # what stands in the workflow's own text is the shop's, and stays with the definitions
    assert [name for name, content in after.items() if b"canary" in content] == ["definitions.jsonl"]
