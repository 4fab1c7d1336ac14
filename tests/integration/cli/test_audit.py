"""`holdfast audit`: what an auditor does at the command line."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import Holdfast

SECOND = Path(__file__).resolve().parents[3] / "docs" / "verify_export.py"


@pytest.fixture
def recorded(workspace: Path, holdfast: Holdfast) -> Path:
    """A workspace with a big order, and what an auditor takes along of it."""
    (workspace / "now.jsonl").write_text(
        '{"customer": "c9", "event": "order_completed", "id": "n1", "total": 500}\n'
    )
    assert holdfast("import", "now.jsonl", "--json").answer["accepted"] == 1
    (workspace / "holdfast.key").write_text(holdfast("audit", "key").out)
    (workspace / "old.checkpoint").write_text(holdfast("audit", "checkpoint").out)
    assert holdfast("audit", "export", "audit.zip").code == 0
    return workspace


def test_the_record_of_a_database_is_checked(recorded: Path, holdfast: Holdfast) -> None:
    said = holdfast("audit", "verify", "--checkpoint", "old.checkpoint", "--json")

    assert (said.code, said.answer["good"], said.answer["damages"]) == (0, True, [])
    assert said.answer["size"] > 0


def test_damage_ends_with_one_and_is_named(recorded: Path, holdfast: Holdfast) -> None:
    with sqlite3.connect("holdfast.db") as database:
        database.execute("update leaf set entry = cast(replace(entry, 'start', 'starT') as blob)")

    said = holdfast("audit", "verify")

    assert said.code == 1
    assert "entry 0: it is not what was sealed under that number" in said.out


def test_an_export_is_checked_from_the_file_alone(recorded: Path, holdfast: Holdfast) -> None:
    (recorded / "holdfast.db").unlink()

    said = holdfast("audit", "verify", "audit.zip", "--key", "holdfast.key", "--checkpoint", "old.checkpoint")

    assert said.code == 0
    assert "every entry is as it was sealed" in said.out


def test_a_damaged_export_ends_with_one(recorded: Path, holdfast: Holdfast) -> None:
    data = bytearray((recorded / "audit.zip").read_bytes())
    data[data.index(b'"what":"release"') + 2] ^= 1
    (recorded / "audit.zip").write_bytes(data)

    assert holdfast("audit", "verify", "audit.zip", "--key", "holdfast.key").code == 1


def test_a_file_takes_a_key(recorded: Path, holdfast: Holdfast) -> None:
    said = holdfast("audit", "verify", "audit.zip")

    assert said.code == 1
    assert "add --key" in said.err
    assert "--key nobody: a key is" in holdfast("audit", "verify", "audit.zip", "--key", "nobody").err


def test_recorded_decisions_come_out_again(recorded: Path, holdfast: Holdfast) -> None:
    said = holdfast("audit", "replay", "--json")

    assert (said.code, said.answer) == (0, {"equal": 1, "different": 0, "erased": 0, "differences": []})
    assert holdfast("audit", "replay", "--to", "2020-01-01", "--json").answer["equal"] == 0


def test_a_decision_that_was_made_up_ends_the_replay_with_one(recorded: Path, holdfast: Holdfast) -> None:
    with sqlite3.connect("holdfast.db") as database:
        database.execute("update decision set outcome = 'shadow'")

    said = holdfast("audit", "replay")

    assert said.code == 1
    assert "of big-order" in said.out
    assert "another outcome" in said.out


def test_the_second_program_runs_by_itself(recorded: Path) -> None:
    key = (recorded / "holdfast.key").read_text().strip()
    command = [sys.executable, "-I", str(SECOND), "audit.zip", key, "old.checkpoint"]

    said = subprocess.run(command, cwd=recorded, capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout) == (0, "every entry is as it was sealed\n")
