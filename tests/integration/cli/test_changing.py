"""Changing the policy from a terminal and from a pipeline, against a server that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.cli.running import KEY
from tests.command_line import Holdfast
from tests.examples.printed import blocks
from tests.integration.cli.conftest import FILES

REPOSITORY = Path(__file__).resolve().parents[3]
RULE = "rules/big-order.yaml"
REQUIRED = FILES["holdfast.yaml"].lstrip() + "releases: {approval: required}\n"


def edit(workspace: Path, before: str, after: str, path: str = RULE) -> None:
    file = workspace / path
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))


def test_without_a_running_engine_there_is_nobody_to_plan(workspace: Path, holdfast: Holdfast) -> None:
    code, _, said = holdfast("plan")
    assert code == 1
    assert "no engine runs on this database; start holdfast serve" in said
    assert not (workspace / "holdfast.db").exists()


def test_a_folder_is_planned_applied_and_taken_back_on_one_machine(
    server: str, workspace: Path, holdfast: Holdfast
) -> None:
    # given a folder as it is live
    assert holdfast("plan")[0] == 0
    assert holdfast("apply")[0] == 0

    # when a threshold is edited, its test too
    edit(workspace, "event.total >= 100", "event.total >= 110")
    code, told, _ = holdfast("plan", "--diff")
    assert code == 2
    assert "~ rule big-order  (rules/big-order.yaml)" in told
    assert "+if: event.total >= 110" in told
    assert "2 tests passed, 0 failed" in told

    # when the machine applies it alone, which these files allow
    code, told, _ = holdfast("apply", "--approve", "--note", "fewer")
    assert code == 2
    assert "Release 2 is live." in told
    assert holdfast("plan")[0] == 0
    assert "fewer" in holdfast("releases")[1]

    # when that was a mistake
    code, told, _ = holdfast("rollback", "--reason", "no")
    assert (code, told.strip()) == (2, "Release 3 is live.")
    assert holdfast("plan")[0] == 2
    assert holdfast("rollback", "--to", "3")[0] == 0
    assert holdfast("rollback")[0] == 1


def test_an_error_and_a_failing_test_end_a_plan_with_1(
    server: str, workspace: Path, holdfast: Holdfast
) -> None:
    edit(workspace, "event.total >= 100", "event.total >= 500")
    code, told, _ = holdfast("plan")
    assert code == 1
    assert "tells of a big order" in told
    edit(workspace, "then:", "thn:")
    code, told, _ = holdfast("apply")
    assert code == 1
    assert "unknown key thn, did you mean then?" in told


def test_what_was_planned_is_what_is_applied(server: str, workspace: Path, holdfast: Holdfast) -> None:
    # given a plan
    edit(workspace, "event.total >= 100", "event.total >= 110")
    plan = holdfast("plan", "--json").answer

    # when the folder is edited after it
    edit(workspace, "event.total >= 110", "event.total >= 115")

    # then applying that very plan is refused, and another one is not
    code, _, said = holdfast("apply", "--plan", plan["token"])
    assert code == 1
    assert "have changed since that plan" in said
    assert holdfast("apply", "--json").answer["release"]["state"] == "open"


@pytest.fixture
def asks(workspace: Path) -> None:
    """The workspace asks for approval."""
    (workspace / "holdfast.yaml").write_text(REQUIRED)


def test_a_pipeline_proposes_and_a_human_approves(
    asks: None, server: str, workspace: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the script of the page, a key for the pipeline, and one for a human
    [script] = [
        block.text
        for block in blocks((REPOSITORY / "docs" / "gitops.md").read_text(encoding="utf-8"))
        if block.marker == "script"
    ]
    (workspace.parent / "pipeline.sh").write_text(script)
    made = {
        role: holdfast("keys", "create", "--role", role, "--owner", owner, "--json").answer["key"]
        for role, owner in (("author", "pipeline@example.com"), ("approver", "bob@example.com"))
    }
    command = workspace.parent / "bin" / "holdfast"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m api.cli.main "$@"\n')
    command.chmod(0o755)

    def step(name: str) -> Any:
        environment = {
            "PATH": f"{command.parent}:/usr/bin:/bin",
            "PYTHONPATH": str(REPOSITORY),
            "HOLDFAST_URL": server,
            "HOLDFAST_KEY": made["author"],
            "TZ": os.environ.get("TZ", "UTC"),
        }
        return subprocess.run(
            ["sh", str(workspace.parent / "pipeline.sh"), name],
            cwd=workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    # when a commit changes a rule
    edit(workspace, "event.total >= 100", "event.total >= 110")
    ran = [step(name) for name in ("check", "plan", "propose")]

    # then each step is green, and nothing is live yet
    assert [each.returncode for each in ran] == [0, 0, 0], [each.stderr for each in ran]
    assert "~ rule big-order" in ran[1].stdout
    assert "Proposed as 2" in ran[2].stdout
    assert step("propose").returncode == 1
    token = ran[1].stdout.split("token ")[1].split()[0]

    # when nobody in particular says yes, and then a human does
    code, _, said = holdfast("approve", "2", "--hash", token)
    assert (code, "names no human" in said) == (1, True)
    monkeypatch.setenv(KEY, made["approver"])
    assert holdfast("approve", "2", "--url", server, "--hash", "0" * 64)[0] == 1
    code, told, _ = holdfast("approve", "2", "--url", server, "--hash", token)

    # then it is live
    assert (code, told.strip()) == (0, "Release 2 is live.")
    found = holdfast("releases", "--url", server, "--json").answer["items"][0]
    assert (found["author"], found["approver"]) == ("pipeline@example.com", "bob@example.com")
