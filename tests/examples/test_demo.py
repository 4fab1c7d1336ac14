"""The demonstration: what is planted is found, innocents are left alone, and a seed says it all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FAMILIES = {
    "loyalty": ("milestone-bonus", "tier-thanks"),
    "segmentation": ("champion-thanks",),
    "escalation": ("rescue-account", "service-recovery"),
    "recovery": ("cart-recovery", "win-back"),
}


def of_the_commit() -> int:
    """Give a seed that nobody chose: the commit's hash, where the tree has one."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(asked.stdout[:7], 16) if asked.returncode == 0 else 20260105


SEEDS = (1, 2, of_the_commit())


@lru_cache
def play(seed: int, hashes: str = "0") -> dict[str, Any]:
    """Play the demonstration in a process of its own; give its answer without the seconds."""
    command = [sys.executable, "-m", "api.cli.main", "demo", "--json", "--seed", str(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": hashes}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    assert found.pop("seconds") > 0
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_planted_is_found_and_innocents_are_left_alone(seed: int) -> None:
    # given the base of a seed, when it is played
    found = play(seed)
    recall = {name: case["found"] / case["of"] for name, case in found["recall"].items()}
    alarms = {name: case["alarmed"] / case["of"] for name, case in found["false_alarms"].items()}

    # then
    assert (found["customers"], found["days"]) == (2000, 120)
    assert min(found["triggers"].values()) > 0
    assert recall["usage_drop_50"] >= 0.85
    assert alarms["usage_drop_50"] <= 0.10
    assert found["recall"]["usage_drop_2"]["found"] == found["false_alarms"]["usage_drop_2"]["alarmed"] == 0
    for trigger in ("low_csat", "cart_abandonment", "renewal", "churn"):
        assert recall[trigger] >= 0.95, trigger
        assert alarms[trigger] <= 0.02, trigger


@pytest.mark.parametrize("seed", SEEDS)
def test_all_families_of_workflows_start_and_finish(seed: int) -> None:
    # given the base of a seed, when it is played
    workflows = play(seed)["workflows"]

    # then
    for family, names in FAMILIES.items():
        assert sum(workflows[name]["started"] for name in names) > 0, family
        assert sum(workflows[name]["finished"] for name in names) > 0, family


def test_the_same_seed_gives_the_same_bytes() -> None:
    # given two processes that order their sets differently, when they play one seed, then
    assert json.dumps(play(SEEDS[0])) == json.dumps(play(SEEDS[0], hashes="7"))
