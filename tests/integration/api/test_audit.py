"""The audit record over HTTP: populations with their counts, proofs, checkpoints, the file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from engine.audit.leaves import leaf_hash
from engine.audit.signing import verified
from engine.audit.tree import proves_consistency, proves_inclusion
from engine.runtime.engine import Engine
from tests.integration.api.conftest import Door


def ordered(as_role: Door, number: int) -> None:
    as_role("ingest").events(
        *(
            {"customer": f"c{each}", "event": "order_completed", "id": f"o{each}", "total": 200}
            for each in range(number)
        )
    )


def ask(as_role: Door, path: str, **query: Any) -> Any:
    answer = as_role("auditor").get(f"/v1/audit/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_decisions_come_with_the_count_of_all(as_role: Door) -> None:
    ordered(as_role, 3)

    first = ask(as_role, "decisions", limit=2)
    second = ask(as_role, "decisions", limit=2, cursor=first["next_cursor"])

    assert (first["count"], len(first["items"])) == (3, 2)
    assert (second["count"], len(second["items"])) == (3, 1)
    assert ask(as_role, "decisions", customer="c1")["count"] == 1


def test_changes_tell_what_and_who(as_role: Door) -> None:
    assert as_role("operator").post("/v1/pause").status_code == 200

    found = ask(as_role, "changes")

    told = {each["what"]: each for each in found["items"]}
    assert {"release", "key_made", "paused"} == set(told)
    assert (told["paused"]["who"], told["paused"]["ref"][:9]) == ("operator@example.com", "paused:*:")
    assert told["key_made"]["detail"].endswith("@example.com")
    assert found["count"] == len(found["items"])
    assert ask(as_role, "changes", to="2020-01-01T00:00:00Z")["count"] == 0


def test_a_checkpoint_is_signed_as_json_and_as_a_note(as_role: Door, engine: Engine) -> None:
    found = ask(as_role, "checkpoint")
    text = as_role("auditor").get("/v1/audit/checkpoint", headers={"Accept": "text/plain"})

    assert text.headers["content-type"].startswith("text/plain")
    assert verified(found["note"], engine.verifier).size == found["size"]
    assert verified(text.text, engine.verifier).size >= found["size"]
    assert found["key"] == str(engine.verifier)


def test_an_entry_is_proved_against_a_checkpoint(as_role: Door, engine: Engine) -> None:
    ordered(as_role, 3)
    signed = verified(ask(as_role, "checkpoint")["note"], engine.verifier)

    proof = ask(as_role, "proof/2", size=signed.size)

    path = [bytes.fromhex(each) for each in proof["path"]]
    assert proves_inclusion(leaf_hash(proof["entry"].encode()), 2, signed.size, path, signed.root)


def test_a_checkpoint_is_proved_to_begin_a_later_one(as_role: Door, engine: Engine) -> None:
    old = verified(ask(as_role, "checkpoint")["note"], engine.verifier)
    ordered(as_role, 3)
    new = verified(ask(as_role, "checkpoint")["note"], engine.verifier)

    proof = ask(as_role, "consistency", **{"from": old.size, "to": new.size})

    path = [bytes.fromhex(each) for each in proof["path"]]
    assert new.size > old.size
    assert proves_consistency(old.size, old.root, new.size, new.root, path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/audit/proof/999999", 404),
        ("/v1/audit/proof/-1", 404),
        ("/v1/audit/proof/x", 404),
        ("/v1/audit/proof/0?size=999999", 400),
        ("/v1/audit/consistency?from=0", 400),
        ("/v1/audit/consistency", 400),
        ("/v1/audit/export?from=never", 400),
        ("/v1/audit/changes?to=never", 400),
    ],
)
def test_what_there_is_not_is_not_proved(as_role: Door, path: str, status: int) -> None:
    answer = as_role("auditor").get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["changes", "checkpoint", "proof/0", "consistency?from=1", "export"])
@pytest.mark.parametrize("role", ["ingest", "author", "approver", "operator"])
def test_only_auditors_may(as_role: Door, path: str, role: str) -> None:
    assert as_role(role).get(f"/v1/audit/{path}").status_code == 403


def test_the_record_is_taken_as_a_file(as_role: Door) -> None:
    ordered(as_role, 2)

    answer = as_role("auditor").get("/v1/audit/export")

    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist()[-1] == "manifest.sig"
        assert archive.read("entries.jsonl").count(b'"kind":"decision"') == 2
