"""The starter policy: it loads without a finding, its tests pass, and they notice what is changed."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.authoring.loader import Loaded, load_folder, require
from engine.authoring.tester import run_tests
from engine.errors import ExpressionError
from engine.model.rule import Rule
from engine.model.values import Formula
from engine.model.workflow import If, Split, Step, Workflow
from engine.model.workspace import Workspace
from engine.runtime.actions.rendering import render

REPOSITORY = Path(__file__).resolve().parents[2]
replace = msgspec.structs.replace
Steps = tuple[Step, ...]


@cache
def loaded() -> Loaded:
    return load_folder(REPOSITORY)


@cache
def policy() -> Workspace:
    return require(loaded())


def turns_red(workspace: Workspace, name: str) -> bool:
    """Tell whether a test of one thing fails; an expression that no longer compiles is noticed too."""
    try:
        return bool(run_tests(workspace, f"{name}:").failures)
    except ExpressionError:
        return True


def with_rule(rule: Rule) -> Workspace:
    return replace(policy(), rules={**policy().rules, rule.id: rule})


def with_workflow(workflow: Workflow) -> Workspace:
    return replace(policy(), workflows={**policy().workflows, workflow.id: workflow})


def rules() -> list[Any]:
    return [pytest.param(rule, id=name) for name, rule in policy().rules.items()]


def workflows() -> list[Any]:
    return [pytest.param(workflow, id=name) for name, workflow in policy().workflows.items()]


def lines_of(rule: Rule) -> tuple[Any, ...]:
    return rule.if_ if isinstance(rule.if_, tuple) else (rule.if_,)


def left_out(steps: Steps) -> Iterator[tuple[str, Steps]]:
    """Give the steps without one of them, at any depth, and where it stood."""
    for index, step in enumerate(steps):
        before, behind = steps[:index], steps[index + 1 :]
        yield str(index), before + behind
        if isinstance(step, If):
            for name in ("then", "else_"):
                for path, rest in left_out(getattr(step, name)):
                    yield f"{index}.{name}.{path}", (*before, replace(step, **{name: rest}), *behind)
        if isinstance(step, Split):
            for name, arm in step.arms.items():
                for path, rest in left_out(arm.then):
                    arms = {**step.arms, name: replace(arm, then=rest)}
                    yield f"{index}.{name}.{path}", (*before, replace(step, arms=arms), *behind)


def test_it_loads_without_a_finding() -> None:
    assert [str(finding) for finding in loaded().findings] == []


def test_all_its_tests_pass() -> None:
    report = run_tests(policy())
    assert report.failures == ()
    assert report.passed > 100


@pytest.mark.parametrize("thing", [*rules(), *workflows()])
def test_everything_that_acts_has_tests(thing: Rule | Workflow) -> None:
    assert thing.tests


@pytest.mark.parametrize("rule", [one for one in rules() if one.values[0].if_])
@pytest.mark.parametrize("always", ["true", "false"])
def test_the_tests_of_a_rule_notice_another_condition(rule: Rule, always: str) -> None:
    assert turns_red(with_rule(replace(rule, if_=Formula(always))), f"rule {rule.id}")


@pytest.mark.parametrize("rule", [one for one in rules() if one.values[0].if_])
def test_the_tests_of_a_rule_notice_each_line_left_out(rule: Rule) -> None:
    lines = lines_of(rule)
    for index, line in enumerate(lines):
        rest = lines[:index] + lines[index + 1 :]
        assert turns_red(with_rule(replace(rule, if_=rest)), f"rule {rule.id}"), line


@pytest.mark.parametrize("rule", [one for one in rules() if one.values[0].at_most and one.values[0].if_])
def test_the_tests_of_a_rule_notice_its_limit_left_out(rule: Rule) -> None:
    assert turns_red(with_rule(replace(rule, at_most=None)), f"rule {rule.id}")


@pytest.mark.parametrize("workflow", workflows())
def test_the_tests_of_a_workflow_notice_each_step_left_out(workflow: Workflow) -> None:
    for path, steps in left_out(workflow.steps):
        assert turns_red(with_workflow(replace(workflow, steps=steps)), f"workflow {workflow.id}"), path


@pytest.mark.parametrize("workflow", workflows())
def test_the_tests_of_a_workflow_notice_each_exit_left_out(workflow: Workflow) -> None:
    for index, exit_ in enumerate(workflow.stop_when):
        rest = workflow.stop_when[:index] + workflow.stop_when[index + 1 :]
        assert turns_red(with_workflow(replace(workflow, stop_when=rest)), f"workflow {workflow.id}"), exit_


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
