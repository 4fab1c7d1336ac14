"""Workflows, compiled: every step under its path, with where to go next, ready to be carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from engine.customers.catalog import Catalog
from engine.decisions.rules import (
    CompiledValue,
    Matcher,
    compile_condition,
    compile_matcher,
    compile_value,
)  # fmt: skip
from engine.expressions import Condition, Expression, Kind, Scope, compile_expression
from engine.model.actions import SHIPPED, ActionSpec
from engine.model.facts import FactType
from engine.model.message import Message
from engine.model.values import Formula
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
)  # fmt: skip
from engine.model.workspace import Workspace

END = "end"
"""The path behind the last step."""


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """A step at its path: its compiled parts and the path of the step after it.

    `branches` are the first steps of `then` and `else`, or of each arm.
    """

    path: str
    step: Step
    next: str
    arguments: Mapping[str, CompiledValue] = {}
    condition: Condition | None = None
    until: Expression | None = None
    where: Expression | None = None
    matcher: Matcher = Matcher()
    branches: Mapping[str, str] = {}


class Exit(msgspec.Struct, frozen=True):
    """An event that ends a run."""

    event: str
    where: Expression | None
    matcher: Matcher


class CompiledWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow ready to run. `hash` names the closure of what it uses, by content.

    `ways` are how its messages reach the customer: channels, each with the purposes of the messages.
    """

    workflow: Workflow
    hash: str
    instructions: Mapping[str, Instruction]
    first: str
    exits: tuple[Exit, ...]
    key: Expression | None
    key_name: str | None
    contact: CompiledValue
    goal_where: Expression | None
    awaited: frozenset[str]
    ways: tuple[tuple[str, str | None], ...]

    @property
    def id(self) -> str:
        """The workflow's id."""
        return self.workflow.id


def closure(workspace: Workspace, workflow: str) -> tuple[str, ...]:
    """Give the files a workflow stands on: itself, its children, messages, ladders, all facts."""
    found: dict[str, None] = {}
    todo = [workflow]
    seen: set[str] = set()
    while todo:
        current = todo.pop()
        if current in seen or current not in workspace.workflows:
            continue
        seen.add(current)
        found[workspace.origins.get(("workflow", current), current)] = None
        for step in walk(workspace.workflows[current].steps):
            if isinstance(step, RunChild):
                todo.append(step.run)
            elif isinstance(step, Do):
                for kind, name in _named(step, workspace):
                    if (kind, name) in workspace.origins:
                        found[workspace.origins[kind, name]] = None
    for (kind, _), path in workspace.origins.items():
        if kind == "facts":
            found[path] = None
    return tuple(sorted(found))


def _named(step: Do, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Give the message with its variants, and the ladder, that a step names."""
    for kind in ("message", "ladder"):
        name = step.with_.get(kind)
        if isinstance(name, str):
            yield kind, name
            message = workspace.messages.get(name) if kind == "message" else None
            for other in message.variants.values() if message is not None else ():
                yield "message", other


def closure_hash(workspace: Workspace, workflow: str) -> str:
    """Give the hash of a workflow's closure, over paths and contents."""
    digest = hashlib.sha256()
    for path in closure(workspace, workflow):
        source = workspace.sources.get(path)
        digest.update(f"{path}\x1f{source.sha256 if source else ''}\x1e".encode())
    return digest.hexdigest()[:32]


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Give every step, those of branches and arms too."""
    for step in steps:
        yield step
        if isinstance(step, If):
            yield from walk(step.then)
            yield from walk(step.else_)
        elif isinstance(step, Split):
            for arm in step.arms.values():
                yield from walk(arm.then)


def answers_of(step: Step, actions: Mapping[str, ActionSpec]) -> Mapping[str, Kind] | None:
    """Give what a step answers under its `as:` name; None where an action may answer anything."""
    if isinstance(step, Do):
        spec = actions.get(step.do)
        if spec is None or spec.open:
            return None
        return {"outcome": Kind.TEXT, **{key: Kind(kind.value) for key, kind in spec.answers.items()}}
    if isinstance(step, WaitFor):
        return None
    if isinstance(step, AskStep):
        return {"choice": Kind.TEXT, "by": Kind.TEXT}
    if isinstance(step, RunChild):
        return {"outcome": Kind.TEXT, "reason": Kind.TEXT}
    if isinstance(step, Split):
        return {"arm": Kind.TEXT}
    return {}


def workflow_scope(
    workflow: Workflow, catalog: Catalog, zone: str, actions: Mapping[str, ActionSpec] = SHIPPED
) -> Scope:
    """Give the scope of a workflow's expressions: facts, whatever event began it, input, answers."""
    return Scope(
        customer=catalog.customer(workflow.on),
        event={},
        event_open=True,
        input={name: _kind(kind) for name, kind in workflow.needs.items()},
        run={step.as_: answers_of(step, actions) for step in walk(workflow.steps) if step.as_},
        zone=zone,
    )


def _kind(kind: FactType) -> Kind:
    return Kind(kind.value)


def awaited_scope(event: str, scope: Scope, catalog: Catalog) -> Scope:
    """Give the scope of a `where` over an awaited event: that event, and what the run knows."""
    declared = catalog.event(event)
    return msgspec.structs.replace(scope, event=declared or {}, event_open=declared is None)


def compile_workflow(
    workflow: Workflow,
    workspace: Workspace,
    catalog: Catalog,
    actions: Mapping[str, ActionSpec] = SHIPPED,
) -> CompiledWorkflow:
    """Compile a workflow against the names that are declared."""
    zone = workspace.settings.timezone
    scope = workflow_scope(workflow, catalog, zone, actions)
    instructions: dict[str, Instruction] = {}
    compiler = _Compiler(scope, catalog, instructions)
    first = compiler.lay(workflow.steps, "", END)
    key = compile_expression(workflow.key.text, scope) if workflow.key else None
    goal = workflow.goal
    return CompiledWorkflow(
        workflow=workflow,
        hash=closure_hash(workspace, workflow.id),
        instructions=instructions,
        first=first,
        exits=tuple(
            Exit(
                exit_.event,
                compile_expression(exit_.where.text, awaited_scope(exit_.event, scope, catalog))
                if exit_.where
                else None,
                compile_matcher(exit_.match, scope),
            )
            for exit_ in workflow.exits
        ),
        key=key,
        key_name=_key_name(key),
        contact=compile_value(workflow.contact, scope),
        goal_where=(
            compile_expression(goal.where.text, awaited_scope(goal.event, scope, catalog))
            if goal and goal.where
            else None
        ),
        awaited=frozenset(step.wait_for for step in walk(workflow.steps) if isinstance(step, WaitFor)),
        ways=_ways(workflow, workspace, actions),
    )


def _ways(
    workflow: Workflow, workspace: Workspace, actions: Mapping[str, ActionSpec]
) -> tuple[tuple[str, str | None], ...]:
    """Give the channels and purposes of a workflow's messages to the customer, those of variants too."""
    found: set[tuple[str, str | None]] = set()
    for step in walk(workflow.steps):
        spec = actions.get(step.do) if isinstance(step, Do) and "to" not in step.with_ else None
        if not isinstance(step, Do) or spec is None or spec.channel is None:
            continue
        message = workspace.messages.get(str(step.with_.get("message")))
        found.add((spec.channel, purpose_of(workflow, message)))
        for channel, name in message.variants.items() if message is not None else ():
            found.add((channel, purpose_of(workflow, workspace.messages.get(name))))
    return tuple(sorted(found, key=lambda way: (way[0], way[1] or "")))


def purpose_of(workflow: Workflow, message: Message | None) -> str | None:
    """Give what a message is for: its own purpose, else its workflow's."""
    return message.purpose if message is not None and message.purpose is not None else workflow.purpose


def _key_name(key: Expression | None) -> str | None:
    """Give the property a key is taken from, where it is one: `event.cart_id` is `cart_id`."""
    if key is None or len(key.names) != 1:
        return None
    root, _, name = key.names[0].partition(".")
    return name if root in ("event", "input") and key.text.strip() == key.names[0] else None


class _Compiler:
    """Lays steps out under their paths."""

    def __init__(self, scope: Scope, catalog: Catalog, instructions: dict[str, Instruction]) -> None:
        self.scope = scope
        self.catalog = catalog
        self.instructions = instructions

    def lay(self, steps: tuple[Step, ...], prefix: str, after: str) -> str:
        """Lay out steps of one level; give the path of the first, or `after` where there is none."""
        paths = [f"{prefix}{index}" for index in range(len(steps))]
        if not paths:
            return after
        for path, step, following in zip(paths, steps, [*paths[1:], after], strict=True):
            self.instructions[path] = self.compile(path, step, following)
        return paths[0]

    def compile(self, path: str, step: Step, following: str) -> Instruction:
        """Compile one step and what is inside it."""
        if isinstance(step, (Do, RunChild)):
            arguments = {key: compile_value(value, self.scope) for key, value in step.with_.items()}
            return Instruction(path=path, step=step, next=following, arguments=arguments)
        if isinstance(step, AskStep):
            asked = {key: compile_value(getattr(step.ask, key), self.scope) for key in ("who", "worth")}
            return Instruction(path=path, step=step, next=following, arguments=asked)
        if isinstance(step, If):
            return Instruction(
                path=path,
                step=step,
                next=following,
                condition=compile_condition(step.if_, self.scope),
                branches={
                    "then": self.lay(step.then, f"{path}.then.", following),
                    "else": self.lay(step.else_, f"{path}.else.", following),
                },
            )
        if isinstance(step, Split):
            branches = {
                name: self.lay(arm.then, f"{path}.arms.{name}.", following) for name, arm in step.arms.items()
            }
            return Instruction(path=path, step=step, next=following, branches=branches)
        return self._waiting(path, step, following)

    def _waiting(self, path: str, step: Step, following: str) -> Instruction:
        if isinstance(step, Wait) and isinstance(step.wait, Until):
            moment = step.wait.until
            until = compile_expression(moment.text, self.scope) if isinstance(moment, Formula) else None
            return Instruction(path=path, step=step, next=following, until=until)
        if isinstance(step, WaitFor):
            scope = awaited_scope(step.wait_for, self.scope, self.catalog)
            return Instruction(
                path=path,
                step=step,
                next=following,
                where=compile_expression(step.where.text, scope) if step.where else None,
                matcher=compile_matcher(step.match, self.scope),
            )
        return Instruction(path=path, step=step, next=following)
