"""The bill of materials: it names what the lock names, and nothing of who made it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = (REPOSITORY / "requirements.lock").read_text()


def made(folder: Path) -> str:
    """The bill as it is written from another folder."""
    words = (sys.executable, str(REPOSITORY / "script" / "sbom.py"))
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def components(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["components"]
    return found


def test_it_is_cyclonedx(text: str) -> None:
    # Importing them takes seconds, which every process of a run would spend to collect this test.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    assert JsonStrictValidator(version).validate_str(text) is None


def test_it_names_every_package_of_the_lock_and_no_other(components: list[dict[str, Any]]) -> None:
    locked = re.findall(r"^([a-z0-9-]+)==([^ ;]+)", LOCK, re.MULTILINE)
    assert [(each["name"], each["version"]) for each in components] == sorted(locked)
    assert all(each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}" for each in components)


def test_it_has_every_hash_of_the_lock(components: list[dict[str, Any]]) -> None:
    given = [each for one in components for found in one["externalReferences"] for each in found["hashes"]]
    assert {each["alg"] for each in given} == {"SHA-256"}
    assert sorted(each["content"] for each in given) == sorted(re.findall(r"sha256:(\w+)", LOCK))


def test_a_licence_is_that_of_the_locked_version(components: list[dict[str, Any]]) -> None:
    # given the packages that are installed here in the version of the lock
    without = {each["name"] for each in components if not each.get("licenses")}
    here = [each for each in components if each["name"] not in without]
    assert all(metadata(each["name"])["Version"] == each["version"] for each in here)
    # then nearly all say what their licence is
    assert len(without) <= len(components) // 10, without
    (holds,) = (each["licenses"] for each in components if each["name"] == "psycopg")
    assert holds == [{"expression": "LGPL-3.0-only", "acknowledgement": "declared"}]


def test_it_is_the_same_each_time_and_tells_nothing_of_who_made_it(text: str, tmp_path: Path) -> None:
    assert made(tmp_path) == text
    assert not re.search(r"serialNumber|timestamp|requirements-L|index|/simple|file:", text)
    urls = set(re.findall(r'"(\w+://[^"]+)"', text))
    assert urls == {"http://cyclonedx.org/schema/bom-1.6.schema.json"}
    assert str(REPOSITORY) not in text and str(tmp_path) not in text and str(Path.home()) + "/" not in text
    ignored = ("git", "check-ignore", "sbom.json")
    assert subprocess.run(ignored, cwd=REPOSITORY, capture_output=True).returncode == 0
