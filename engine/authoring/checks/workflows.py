"""Workflows: what each class must say, and steps in the order in which their answers exist."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.authoring.checks import actions
from engine.authoring.checks.expressions import MOMENTS, condition, judge, key, values
from engine.authoring.checks.rules import properties
from engine.authoring.draft import KEBAB, SNAKE, Draft
from engine.authoring.wording import either, quoted
from engine.expressions import Kind, Scope
from engine.model.actions import ActionSpec
from engine.model.values import Formula, Percent
from engine.model.workflow import (
    AskStep,
    Do,
    If,
    RunChild,
    Split,
    Step,
    Until,
    Wait,
    WaitFor,
    Workflow,
)
from engine.runs.program import answers_of, awaited_scope, walk, workflow_scope

MOST_STEPS = 500

Answers = dict[str, Mapping[str, Kind] | None]


def check(draft: Draft) -> None:
    """Check every workflow."""
    for workflow in draft.workspace.workflows.values():
        _header(draft, workflow)
        _reached(draft, workflow)
        if not workflow.steps:
            draft.say(
                workflow,
                "steps",
                code="empty-list",
                message="the workflow does nothing",
                hint="write a step, such as wait: 1d",
            )
        if sum(1 for _ in walk(workflow.steps)) > MOST_STEPS:
            draft.say(
                workflow,
                "steps",
                code="too-many-steps",
                message=f"a workflow has at most {MOST_STEPS} steps",
                hint="put some into a child workflow",
            )
        scope = workflow_scope(workflow, draft.catalog, draft.zone, draft.actions)
        nothing = "no step before this one has a name; write as: and a name beside one"
        scope = msgspec.structs.replace(scope, run=None, refusals={**scope.refusals, "run": nothing})
        _outside(draft, workflow, scope)
        _Walk(draft, workflow, scope).steps(workflow.steps, {})


def _header(draft: Draft, workflow: Workflow) -> None:
    marketing = workflow.class_ == "marketing"
    if marketing and workflow.holdout is None:
        draft.say(
            workflow,
            "holdout",
            code="missing-key",
            message="needs `holdout:`",
            hint="marketing is measured against who gets nothing: write 10%, or 0%",
        )
    if not marketing and workflow.holdout is not None:
        draft.say(
            workflow,
            "holdout",
            code="holdout-refused",
            message=f"a {workflow.class_} workflow holds nobody out",
            hint="take holdout out",
            at_key=True,
        )
    order = draft.workspace.policy.order
    if workflow.rank is not None and workflow.rank not in order and ("policy", "") not in draft.broken:
        draft.unknown(
            workflow,
            "rank",
            noun="rank",
            name=workflow.rank,
            known=order,
            otherwise="add it to order in the policy",
        )
    for name in workflow.needs:
        if not SNAKE.fullmatch(name):
            draft.say(
                workflow,
                "needs",
                name,
                code="bad-name",
                message=f"{quoted(name)} cannot be written in an expression",
                hint="write small letters, digits and _",
                at_key=True,
            )


def _reached(draft: Draft, workflow: Workflow) -> None:
    """An account has no address of its own: somebody must be named."""
    if workflow.on != "account" or workflow.contact is not None:
        return
    for step in walk(workflow.steps):
        spec = draft.actions.get(step.do) if isinstance(step, Do) else None
        if isinstance(step, Do) and spec is not None and spec.channel is not None and "to" not in step.with_:
            draft.say(
                step,
                "do",
                code="no-contact",
                message="an account has no address of its own",
                hint="write contact: =customer.owner in the workflow, or to: here",
            )


def _outside(draft: Draft, workflow: Workflow, scope: Scope) -> None:
    """Check what stands outside the steps: key, contact, exits, goal."""
    judge(draft, workflow.key, scope)
    values(draft, workflow.contact, scope)
    actions.who(draft, workflow, "contact", value=workflow.contact)
    for position, entry in enumerate(workflow.stop_when):
        if isinstance(entry, str):
            draft.event(workflow, "stop_when", position, name=entry)
            continue
        draft.event(entry, "event", name=entry.event)
        judge(draft, entry.where, awaited_scope(entry.event, scope, draft.catalog))
        key(draft, entry.match, scope)
        properties(draft, entry, "match", entry.match, None, entry.event)
    if workflow.goal is not None:
        draft.event(workflow.goal, "event", name=workflow.goal.event)
        judge(draft, workflow.goal.where, awaited_scope(workflow.goal.event, scope, draft.catalog))


class _Walk:
    """Goes through the steps with what has been answered so far; names and splits are unique."""

    def __init__(self, draft: Draft, workflow: Workflow, scope: Scope) -> None:
        self.draft = draft
        self.workflow = workflow
        self.scope = scope
        self.named: dict[str, Step] = {}
        self.splits: set[str] = set()

    def steps(self, steps: tuple[Step, ...], before: Answers) -> Answers:
        """Check steps that follow each other; gives the answers that exist after them."""
        answers = dict(before)
        for step in steps:
            scope = msgspec.structs.replace(self.scope, run=answers or None)
            inner = self._step(step, scope, answers)
            answers = {**answers, **inner}
            if step.as_ is not None:
                self._name(step, step.as_)
                answers[step.as_] = _answers(step, self.draft.actions)
        return answers

    def _name(self, step: Step, name: str) -> None:
        if not SNAKE.fullmatch(name):
            self.draft.say(
                step,
                "as",
                code="bad-name",
                message=f"{quoted(name)} cannot be written in an expression",
                hint="write small letters, digits and _",
            )
        elif name in self.named:
            self.draft.say(
                step,
                "as",
                code="name-taken",
                message=f"another step is {name} already",
                hint="choose another name",
            )
        self.named.setdefault(name, step)

    def _step(self, step: Step, scope: Scope, answers: Answers) -> Answers:
        draft = self.draft
        match step:
            case Do():
                values(draft, step.with_, scope)
                actions.action(draft, step)
            case RunChild():
                values(draft, step.with_, scope)
                actions.run(draft, step, self.workflow.on)
            case Wait(wait=Until(until=until)):
                if isinstance(until, Formula):
                    judge(draft, until, scope, MOMENTS)
            case WaitFor():
                draft.event(step, "wait_for", name=step.wait_for)
                judge(draft, step.where, awaited_scope(step.wait_for, scope, draft.catalog))
                key(draft, step.match, scope)
                properties(draft, step, "match", step.match, None, step.wait_for)
            case AskStep():
                self._ask(step, scope)
            case If():
                condition(draft, step.if_, scope)
                if not step.then:
                    draft.say(
                        step,
                        "then",
                        code="empty-list",
                        message="nothing is done here",
                        hint="write a step, or turn the condition round",
                    )
                return {**self.steps(step.then, answers), **self.steps(step.else_, answers)}
            case Split():
                return self._split(step, answers)
            case _:
                pass
        return {}

    def _ask(self, step: AskStep, scope: Scope) -> None:
        ask = step.ask
        values(self.draft, ask.who, scope)
        if isinstance(ask.who, (list, tuple)):
            for position, one in enumerate(ask.who):
                actions.who(self.draft, ask, "who", position, value=one)
        else:
            actions.who(self.draft, ask, "who", value=ask.who)
        values(self.draft, ask.worth, scope)
        actions.worth(self.draft, ask, "worth", value=ask.worth)
        for position, choice in enumerate(ask.grants):
            if choice not in ask.choices:
                self.draft.say(
                    ask,
                    "grants",
                    position,
                    code="not-a-choice",
                    message=f"{quoted(choice)} is not one of the choices",
                    hint=f"write {either(ask.choices)}",
                )
        if ask.grants and ask.worth is None:
            self.draft.say(
                ask,
                "grants",
                code="unused",
                message="nothing says what is granted",
                hint=f"write worth: 25.00 {self.draft.workspace.settings.currency}",
            )
        if len(ask.choices) < 2:
            self.draft.say(
                ask,
                "choices",
                code="too-few",
                message="a question has two choices or more",
                hint="write [call, leave]",
            )
        if len(set(ask.choices)) < len(ask.choices):
            self.draft.say(
                ask, "choices", code="twice", message="a choice stands here twice", hint="write each once"
            )
        if ask.choices and ask.else_ not in ask.choices:
            self.draft.say(
                ask,
                "else",
                code="not-a-choice",
                message=f"{quoted(ask.else_)} is not one of the choices",
                hint=f"write {either(ask.choices)}",
            )

    def _split(self, step: Split, answers: Answers) -> Answers:
        draft = self.draft
        if not KEBAB.fullmatch(step.split):
            draft.say(
                step,
                "split",
                code="bad-id",
                message=f"{quoted(step.split)} is no name of a split",
                hint="write it as offer-test",
            )
        elif step.split in self.splits:
            draft.say(
                step,
                "split",
                code="name-taken",
                message=f"another split is {step.split} already",
                hint="choose another name",
            )
        self.splits.add(step.split)
        if len(step.arms) < 2:
            draft.say(
                step,
                "arms",
                code="too-few",
                message="a split has two arms or more",
                hint="write a second one",
            )
        total = sum((arm.share.share for arm in step.arms.values()), start=Percent.parse("0%").share)
        if step.arms and total != 1:
            names = either(step.arms, "and")
            draft.say(
                step,
                "arms",
                code="shares-sum",
                message=f"{names} add up to {Percent(total)}, not 100%",
                hint="make them 100%",
            )
        after: Answers = {}
        for arm in step.arms.values():
            after |= self.steps(arm.then, answers)
        return after


def _answers(step: Step, known: Mapping[str, ActionSpec]) -> Mapping[str, Kind] | None:
    """Give what a step answers; of an action whose table is not open, nothing else."""
    if isinstance(step, WaitFor):
        return {"timed_out": Kind.BOOLEAN, "event": Kind.ANY}
    return answers_of(step, known)
