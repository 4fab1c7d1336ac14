"""The page on security: each test that it names is there, and each number is the code's."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.examples.printed import REPOSITORY

PAGE = REPOSITORY / "docs" / "security.md"
TEXT = PAGE.read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)", TEXT)))
LIMITS = re.findall(r"^\| ([^|]+) \| (\d+)( [A-Za-z]+)? \| `([\w.]+)\.([A-Z_]+)` \|$", TEXT, re.MULTILINE)
UNITS = {"": 1, "KiB": 1024, "MiB": 1024 * 1024, "s": 1, "min": 60, "d": 24 * 60 * 60}
MICROS = 1_000_000


def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_each_test_that_is_named_is_there(name: str, path: str) -> None:
    assert name in named_in(REPOSITORY / path)


def test_each_threat_names_a_test() -> None:
    # given the tables of who tries what
    rows = re.findall(
        r"^\| (?!tries)([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT.partition("## What is not")[0], re.MULTILINE
    )
    threats = [row for row in rows if set(row[0]) != {"-"}]
    # then there are many, and each is shown by a test
    assert len(threats) >= 30 and len(NAMED) >= 40
    assert [threat for threat, _, shown in threats if "](../tests/" not in shown] == []
    assert set(re.findall(r"\btest_\w+", TEXT)) - {Path(path).stem for _, path in NAMED} == {
        name for name, _ in NAMED
    }


@pytest.mark.parametrize(("what", "number", "unit", "module", "name"), LIMITS, ids=[row[0] for row in LIMITS])
def test_each_limit_is_that_of_the_code(what: str, number: str, unit: str, module: str, name: str) -> None:
    told = int(number) * UNITS[unit.strip()]
    # a length of time is in seconds, or in the microseconds of the model
    also = told * MICROS if unit.strip() in ("s", "min", "d") else told
    assert getattr(importlib.import_module(module), name) in (told, also)


def test_every_limit_of_the_doors_and_the_language_is_told() -> None:
    told = {(module, name) for *_, module, name in LIMITS}
    rows = [
        row for row in TEXT.partition("\n## Limits")[2].partition("\n## ")[0].splitlines() if row[:2] == "| "
    ]
    assert len(told) == len(LIMITS) == len(rows) - 1
    # given everything in the code that is called a limit
    found = set()
    for path in [path for folder in ("engine", "api") for path in (REPOSITORY / folder).rglob("*.py")]:
        module = path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".")
        for name in re.findall(
            r"^((?:LARGEST|LONGEST|DEEPEST|MOST)\w*)\b[^=\n]*= ", path.read_text(), re.MULTILINE
        ):
            found.add((module, name))
    assert found - told == WITHIN


# What bounds the engine's own work or what is shown, and no input; and one that is written as 30d.
WITHIN = {
    ("api.cli.charts", "MOST_ROWS"),
    ("api.cli.looking", "LONGEST_CELL"),
    ("api.routes.points", "LONGEST"),
    ("api.routes.quarantine", "LARGEST_ID"),
    ("engine.authoring.backtest.thresholds", "MOST_BINS"),
    ("engine.authoring.importing.proposal", "LONGEST_NAME"),
    ("engine.authoring.importing.query", "LARGEST"),
    ("engine.authoring.importing.survey", "MOST_REASONS"),
    ("engine.authoring.mutants.mutant", "LONGEST_SHOWN"),
    ("engine.authoring.reading", "MOST_FINDINGS"),
    ("engine.authoring.explaining.keeping", "MOST_BYTES"),
    ("engine.expressions.arithmetic", "LARGEST_WHOLE_EXPONENT"),
    ("engine.expressions.clauses.terms", "MOST_TERMS"),
    ("engine.expressions.columns.column", "LARGEST_EXPONENT"),
    ("engine.expressions.index.stairs", "MOST_BYTES"),
    ("engine.expressions.index.straight", "MOST_TABLES"),
    ("engine.runtime.clock", "LONGEST_WAIT"),
    ("engine.runtime.happenings", "MOST_RUNS"),
    ("engine.runtime.delivery.pacing", "LONGEST"),
    ("engine.runtime.intake", "LARGEST_BODY"),
    ("engine.runtime.members", "MOST"),
    ("engine.runtime.callers.rates", "MOST"),
    ("engine.runtime.releases.drafting", "MOST_TOLD"),
    ("engine.runtime.writer", "LARGEST_BATCH"),
    ("engine.scores.reasons", "MOST"),
}


def test_no_secret_of_the_engine_may_be_referred_to_that_is_not_told() -> None:
    from engine.runtime.secret import _OWN

    assert all(f"`{name}`" in TEXT for name in _OWN)
