"""docs/audit.md: the auditor's hour, line by line, on the record of a small shop's March."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.examples.printed import REPOSITORY
from tests.virtual_engine import files, instant

PAGE = REPOSITORY / "docs" / "audit.md"
RULE = """
rule: big-order
owner: shop
description: A reward for who orders much.
when: {event: order_completed}
if: event.total >= 10
then:
  - run: reward
"""
WORKFLOW = """
workflow: reward
owner: shop
class: service
reentry: always
description: Grant the reward.
steps:
  - do: customer.set
    with: {rewarded: true}
"""
FACTS = """
facts:
  rewarded: {type: boolean}
"""


@pytest.fixture
def march(tmp_path: Path) -> Path:
    """A workspace in whose database ana got her reward in March, and a workflow was paused for a day."""
    for path, content in files(RULE, WORKFLOW, FACTS).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    clock = VirtualClock(instant("2026-02-27 09:00"))
    actions, _ = recording()
    with Engine.open(
        tmp_path, f"sqlite:///{tmp_path}/holdfast.db", clock, actions=actions, work=False
    ) as engine:
        for day, customer, total in (("2026-03-02", "ana", 50), ("2026-03-09", "ben", 5)):
            engine.run_until(instant(f"{day} 09:00"))
            clock.move_to(instant(f"{day} 09:00"))
            raw = {"event": "order_completed", "customer": customer, "id": day, "total": total}
            engine.ingest([raw], source="shop").result()
        engine.pause("reward", "eve").result()
        clock.move_to(instant("2026-03-10 09:00"))
        engine.resume("reward", "eve").result()
        engine.checkpoint().result()
    return tmp_path


@pytest.fixture
def typed(march: Path, tmp_path: Path) -> dict[str, str]:
    """Type every line of the page in that workspace; give what each says. `verify_export.py` lies there."""
    commands = march / "bin"
    commands.mkdir()
    for name, runs in {"holdfast": "-m api.cli.main", "python": ""}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} {runs} "$@"\n')
        (commands / name).chmod(0o755)
    (march / "verify_export.py").write_bytes((PAGE.parent / "verify_export.py").read_bytes())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    environment = {**kept, "PATH": f"{commands}:{kept['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    said = {}
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in block.splitlines():
            done = subprocess.run(
                line, shell=True, cwd=march, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            said[line] = done.stdout
    return said


def test_every_line_of_the_hour_answers_its_question(typed: dict[str, str]) -> None:
    def said(beginning: str) -> str:
        (found,) = [text for line, text in typed.items() if line.startswith(beginning)]
        return found

    # then both programs find the record whole
    assert "entries" in said("holdfast audit verify")
    assert said("python verify_export.py") == "every entry is as it was sealed\n"
    # why ana got her reward: the line of the rule, the value it saw, the run it started
    reward = said('grep \'"customer":"ana"\'')
    assert '"event.total >= 10"' in reward and '"reward"' in reward and "50" in reward
    # who approved the rule: the release's own entry, and its files
    release = said("grep -h")
    assert '"release"' in release.replace("\\", "")
    assert "rule: big-order" in said("grep big-order")
    # what changed in March
    changes = [json.loads(line) for line in said('grep \'^{"kind":"change"\'').splitlines()]
    assert [(each["what"], each["who"]) for each in changes] == [("paused", "eve"), ("resumed", "eve")]
    # whether it would be decided so again
    assert re.search(r"\b1\b", said("holdfast audit replay"))
