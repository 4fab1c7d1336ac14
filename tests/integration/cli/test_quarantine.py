"""`holdfast quarantine`: what could not be accepted, and taking it in after all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Holdfast


@pytest.fixture
def refused(workspace: Path, holdfast: Holdfast) -> int:
    """An order without a sound time, imported; gives its number in quarantine."""
    assert holdfast("import", "orders.csv", "--json").answer["quarantined"] == 1
    [entry] = holdfast("quarantine", "list", "--json").answer["items"]
    number: int = entry["id"]
    return number


def test_it_is_listed_and_shown_with_its_reason(refused: int, holdfast: Holdfast) -> None:
    assert "bad_time" in holdfast("quarantine", "list").out
    assert holdfast("quarantine", "list", "--code", "no_name").out.strip() == "nothing in quarantine"
    shown = holdfast("quarantine", "show", str(refused))
    assert '"at":"yesterday"' in shown.out.replace("\n", "").replace(" ", "")
    assert holdfast("quarantine", "show", "99").code == 1


def test_a_corrected_event_is_taken_in(workspace: Path, refused: int, holdfast: Holdfast) -> None:
    # given the event as it should have been, in a file
    (workspace / "event.json").write_text(
        '{"customer": "c3", "event": "order_completed", "id": "o4", "at": "2026-01-07T12:00:00Z"}'
    )
    before = holdfast("doctor", "--json").answer
    # when it is replayed, then it is accepted, once
    command = ("quarantine", "replay", str(refused), "--event", "event.json")
    assert holdfast(*command, "--json").answer["outcome"] == "accepted"
    assert holdfast(*command).code == 1
    after = holdfast("doctor", "--json").answer
    assert after["accepted"] == before["accepted"] + 1
    assert after["balanced"]
    assert holdfast("quarantine", "list").out.strip() == "nothing in quarantine"
    assert "o4" in holdfast("quarantine", "list", "--replayed").out


def test_what_says_something_wrong_has_to_be_corrected(refused: int, holdfast: Holdfast) -> None:
    said = holdfast("quarantine", "replay", str(refused))
    assert said.code == 1
    assert "send it corrected" in said.err
