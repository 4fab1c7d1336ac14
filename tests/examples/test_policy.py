"""The starter policy: it loads without a finding, its tests pass, and they notice what is changed."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.folder import read_folder
from engine.authoring.loader import Loaded, load_folder, load_opened, require
from engine.authoring.mutants.excuses import judge, read_excuses
from engine.authoring.mutants.running import run_mutants
from engine.authoring.tester import run_tests
from engine.model.rule import Rule
from engine.model.workflow import Workflow
from engine.model.workspace import Workspace
from engine.runtime.actions.rendering import render

REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def loaded() -> Loaded:
    return load_folder(REPOSITORY)


@cache
def policy() -> Workspace:
    return require(loaded())


def rules() -> list[Any]:
    return [pytest.param(rule, id=name) for name, rule in policy().rules.items()]


def workflows() -> list[Any]:
    return [pytest.param(workflow, id=name) for name, workflow in policy().workflows.items()]


def test_it_loads_without_a_finding() -> None:
    assert [str(finding) for finding in loaded().findings] == []


def test_all_its_tests_pass() -> None:
    report = run_tests(policy())
    assert report.failures == ()
    assert report.passed > 100


@pytest.mark.parametrize("thing", [*rules(), *workflows()])
def test_everything_that_acts_has_tests(thing: Rule | Workflow) -> None:
    assert thing.tests


def test_the_tests_notice_every_change_but_those_that_mean_nothing() -> None:
    found, opened = load_opened(read_folder(REPOSITORY))
    report = run_mutants(require(found), opened)
    judged = judge(report.survived, read_excuses(REPOSITORY))

    assert [f"{one.file}:{one.change.line}: {one.change.before}" for one in judged.survived] == []
    assert judged.stale == ()
    assert report.mutants > 1000


@pytest.mark.parametrize(
    ("days_left", "subject", "begins"),
    [
        (14, "This changes on 2026-04-01", "from 2026-04-01 something"),
        (0, "This changes today", "from today something"),
    ],
)
def test_a_notice_of_a_change_says_when_it_is(days_left: int, subject: str, begins: str) -> None:
    # given a change in so many days, as a run hands it over
    said = {"change": "prices rise", "change_on": "2026-04-01", "days_left": Decimal(days_left)}

    # when its notice is rendered
    letter = render(
        policy().messages["change-notice"], {**said, "customer": {"first_name": "Ada"}}, unsubscribe_url=None
    )

    # then
    assert letter.subject == subject
    assert f"{begins} is different: prices rise." in letter.text
