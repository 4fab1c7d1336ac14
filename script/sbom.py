"""The bill of materials: what `cyclonedx-py` reads from requirements.lock, and licences as they are declared.

The tool writes where it read each line, and the index that it takes a package to come from; both go, for
they say nothing of the package. The hashes are those of the lock: one of the files with them is what pip
installs. Nothing is said of what depends on what, for a lock does not know it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
LOCK = REPOSITORY / "requirements.lock"
LONGEST_LICENCE = 80
"""Characters: what is longer in the old field is a licence's text and not its name."""


def read(lock: Path) -> dict[str, Any]:
    """Give what the tool makes of a lock."""
    tool = Path(sys.executable).parent / "cyclonedx-py"
    words = ("--output-reproducible", "--short-PURLs", "--of", "JSON", "--pyproject", "pyproject.toml")
    done = subprocess.run(
        (tool, "requirements", *words, lock), cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def licences(name: str, version: str) -> list[dict[str, Any]]:
    """Give the licences that a package declares, none where that very version is not installed here."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return []
    if told["Version"] != version:
        return []
    for expression in told.get_all("License-Expression", []):
        return [{"expression": expression, "acknowledgement": "declared"}]
    kinds = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier", []) if "License ::" in each]
    if not kinds:
        kinds = [old for old in told.get_all("License", []) if len(old) <= LONGEST_LICENCE]
    return [{"license": {"name": each, "acknowledgement": "declared"}} for each in kinds]


def component(listed: dict[str, Any]) -> dict[str, Any]:
    """Give a package as the bill names it."""
    name, version, purl = listed["name"], listed["version"], listed["purl"]
    hashes = [each for found in listed["externalReferences"] for each in found["hashes"]]
    files = {"type": "distribution", "url": purl, "hashes": hashes}
    told = {"bom-ref": purl, "type": "library", "name": name, "version": version, "purl": purl}
    known = licences(name, version)
    return {**told, **({"licenses": known} if known else {}), "externalReferences": [files]}


def bill() -> str:
    """Give the bill as JSON."""
    found = read(LOCK)
    del found["dependencies"]
    tools = found["metadata"]["tools"]["components"]
    found["metadata"]["tools"]["components"] = [
        {key: each[key] for key in ("type", "group", "name", "version")} for each in tools
    ]
    found["components"] = [
        component(each) for each in sorted(found["components"], key=lambda each: each["name"])
    ]
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(bill())
