"""The `tests:` of every kind: facts, events and expectations that exist."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.authoring.checks.literals import misfit
from engine.authoring.draft import Draft
from engine.authoring.wording import known_or, quoted
from engine.expressions import Kind
from engine.model.facts import Subject
from engine.model.reasons import DecisionOutcome
from engine.model.testcase import EXPECTATIONS, TestCase, TimelineEntry
from engine.model.workflow import Split, Workflow
from engine.runs.program import walk

_AT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
_OUTCOMES = tuple(outcome.value for outcome in DecisionOutcome)


def check(draft: Draft) -> None:
    """Check every test case of every file."""
    for thing, subject, case in _cases(draft):
        _case(draft, thing, subject, case)
    for _, thing in _things(draft):
        names: set[str] = set()
        for case in thing.tests:
            if case.it in names:
                draft.say(
                    case,
                    "it",
                    code="name-taken",
                    message="another test says the same",
                    hint="say what is different",
                )
            names.add(case.it)


def _things(draft: Draft) -> Iterator[tuple[str, Any]]:
    workspace = draft.workspace
    for book in (
        workspace.rules,
        workspace.workflows,
        workspace.segments,
        workspace.scores,
        workspace.programs,
        workspace.ladders,
        workspace.calendars,
        workspace.goals,
        workspace.lifecycles,
    ):
        yield from book.items()


def _cases(draft: Draft) -> Iterator[tuple[Any, Subject, TestCase]]:
    for _, thing in _things(draft):
        for case in thing.tests:
            yield thing, getattr(thing, "on", "person"), case


def _case(draft: Draft, thing: Any, subject: Subject, case: TestCase) -> None:
    facts = draft.catalog.customer(subject)
    _moment(draft, case)
    _given(draft, case, case.given, facts)
    for entry in case.history:
        draft.event(entry, "event", name=entry.event)
        _event(draft, entry, entry.event, entry.properties)
        if entry.times < 1 or (entry.times > 1 and entry.every is None):
            draft.say(
                entry,
                "times",
                code="bad-option",
                message="times needs every, and is 1 or more",
                hint="write every: 1w beside it",
            )
    for later in case.timeline:
        if later.event is not None:
            draft.event(later, "event", name=later.event)
            _event(draft, later, later.event, later.properties)
        elif later.properties:
            name = next(iter(later.properties))
            draft.say(
                later,
                name,
                code="unknown-key",
                message=f"{name} belongs to no event",
                hint="write event: beside it",
                at_key=True,
            )
        _given(draft, later, later.given, facts)
        _expect(draft, thing, later, later.expect)
    _workflow(draft, thing, case)
    fails = (case.fails,) if isinstance(case.fails, str) else case.fails or ()
    for name in fails:
        if name not in draft.actions:
            draft.unknown(case, "fails", noun="action", name=name, known=draft.actions)
    if case.expect is None:
        draft.say(
            case,
            "expect",
            code="empty-value",
            message="nothing is expected",
            hint="write expect: nothing, or what happens",
        )
    _expect(draft, thing, case, case.expect)


def _moment(draft: Draft, case: TestCase) -> None:
    try:
        sound = bool(_AT.fullmatch(case.at)) and bool(dt.datetime.fromisoformat(case.at))
    except ValueError:
        sound = False
    if not sound:
        draft.say(
            case,
            "at",
            code="bad-value",
            message=f"{quoted(case.at)} is not a time",
            hint="write it as 2026-01-05 12:00",
        )


def _given(
    draft: Draft, case: TestCase | TimelineEntry, given: Mapping[str, Any], facts: Mapping[str, Kind]
) -> None:
    for name, value in given.items():
        if name not in facts:
            if draft.whole:
                draft.say(
                    case,
                    "given",
                    name,
                    code="unknown-fact",
                    message=f"there is no fact {quoted(name)}",
                    hint=known_or(name, facts, "declare it in a facts file"),
                    at_key=True,
                )
        elif wrong := misfit(value, facts[name]):
            draft.say(case, "given", name, code="wrong-type", message=wrong[0], hint=wrong[1])


def _event(draft: Draft, entry: object, event: str, properties: Mapping[str, Any]) -> None:
    declared = draft.catalog.event(event)
    for name, value in properties.items():
        if not declared:
            continue
        if name not in declared:
            draft.say(
                entry,
                name,
                code="unknown-property",
                message=f"{event} has no property {quoted(name)}",
                hint=known_or(name, declared, "declare it there"),
                at_key=True,
            )
        elif wrong := misfit(value, declared[name]):
            draft.say(entry, name, code="wrong-type", message=wrong[0], hint=wrong[1])


def _workflow(draft: Draft, thing: Any, case: TestCase) -> None:
    if not isinstance(thing, Workflow):
        return
    arms = {name for step in walk(thing.steps) if isinstance(step, Split) for name in step.arms}
    if case.arm is not None and case.arm not in arms:
        draft.unknown(
            case,
            "arm",
            noun="arm",
            name=case.arm,
            known=arms,
            otherwise="write a split in the workflow first",
        )
    for name, value in case.input.items():
        if name not in thing.needs:
            draft.say(
                case,
                "input",
                name,
                code="unknown-input",
                message=f"{thing.id} does not take {name}",
                hint=known_or(name, thing.needs, "name it under needs there"),
                at_key=True,
            )
        elif wrong := misfit(value, Kind(thing.needs[name].value)):
            draft.say(case, "input", name, code="wrong-type", message=wrong[0], hint=wrong[1])


def _expect(draft: Draft, thing: Any, case: TestCase | TimelineEntry, expect: Any) -> None:
    if expect is None or expect == "nothing":
        return
    if not isinstance(expect, dict):
        draft.say(
            case,
            "expect",
            code="wrong-type",
            message="what is expected is nothing, or a map",
            hint="write expect: {run: win-back}",
        )
        return
    for name, value in expect.items():
        if name not in EXPECTATIONS:
            draft.say(
                case,
                "expect",
                name,
                code="unknown-key",
                message=f"unknown key {name}",
                hint=known_or(name, EXPECTATIONS),
                at_key=True,
            )
        elif name == "run":
            for workflow in value if isinstance(value, list) else [value]:
                draft.refer(case, "expect", "run", kind="workflow", name=workflow)
        elif name == "decision" and value not in _OUTCOMES:
            draft.unknown(case, "expect", "decision", noun="decision", name=str(value), known=_OUTCOMES)
        elif name in ("did", "never") and draft.whole:
            for action in value if isinstance(value, list) else [value]:
                if isinstance(action, str) and action not in draft.actions and "." in action:
                    draft.unknown(case, "expect", name, noun="action", name=action, known=draft.actions)
