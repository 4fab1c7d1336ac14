"""The API's description, as two linters of other people see it: nothing to find."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from api.openapi import document
from api.routes import HANDLERS
from tests.contract.npm_packages import NODE, installed


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = Litestar(route_handlers=HANDLERS, openapi_config=None)
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_bytes(document(app, "1.0.0"))
    return path


@pytest.fixture(scope="module")
def linters() -> Path:
    return installed("openapi")


def run(linters: Path, script: str, *arguments: str) -> Any:
    done = subprocess.run(
        [NODE, str(linters / "node_modules" / script), *arguments],
        cwd=linters,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_spectral_finds_nothing(linters: Path, description: Path) -> None:
    found = run(
        linters, "@stoplight/spectral-cli/dist/index.js", "lint", "-r", "spectral.yaml", "-f", "json", "-q",
        "--fail-severity", "hint", str(description),
    )  # fmt: skip
    assert [(each["code"], each["path"], each["message"]) for each in found] == []


def test_redocly_finds_nothing(linters: Path, description: Path) -> None:
    found = run(
        linters,
        "@redocly/cli/bin/cli.js",
        "lint",
        "--config",
        "redocly.yaml",
        "--format",
        "json",
        str(description),
    )
    assert [(each["ruleId"], each["location"][0]["pointer"]) for each in found["problems"]] == []


def test_the_linters_can_find_something(linters: Path, description: Path) -> None:
    # given a description in which an operation has lost its responses and an array its items
    broken = json.loads(description.read_bytes())
    broken["paths"]["/v1/events"]["post"]["responses"] = {}
    broken["components"]["schemas"]["Ingested"]["properties"]["conflicts"] = {"type": "array"}
    path = description.with_name("broken.json")
    path.write_text(json.dumps(broken))
    spectral = run(
        linters, "@stoplight/spectral-cli/dist/index.js", "lint", "-r", "spectral.yaml", "-f", "json", "-q",
        str(path),
    )  # fmt: skip
    redocly = run(
        linters, "@redocly/cli/bin/cli.js", "lint", "--config", "redocly.yaml", "--format", "json", str(path)
    )
    # then both say so
    assert "array-items" in {each["code"] for each in spectral}
    assert "operation-4xx-response" in {each["ruleId"] for each in redocly["problems"]}
