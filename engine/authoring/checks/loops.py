"""Rings of cause and effect: child workflows, and rules that bring about their own trigger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from engine.authoring.draft import Draft
from engine.authoring.rings import first_ring, rings
from engine.authoring.wording import either
from engine.model.rule import DoNow, OnBand, OnChange, OnEnter, OnEvent, OnLeave, OnMissing, Rule, StartRun
from engine.model.workflow import Do, RunChild, Workflow
from engine.runs.program import walk

Cause: TypeAlias = tuple[str, str]
"""Something that happens or runs: (event | trait | segment | rule | workflow, name)."""

_EFFECTS = {
    "email.send": "message_sent",
    "sms.send": "message_sent",
    "coupon.issue": "coupon_issued",
    "case.open": "case_opened",
    "case.cancel": "case_cancelled",
    "survey.send": "survey_sent",
}
"""The engine's own event that an action brings about."""


def check(draft: Draft) -> None:
    """Refuse rings of child workflows and of `event.emit`; warn of the others."""
    _children(draft)
    refused: set[Cause] = set()
    for ring in rings(_graph(draft, emits_only=True)):
        if _has_rule(ring):
            refused.update(ring)
            _say(draft, ring, "event-loop", "error", "send another event, or watch another one")
    for ring in rings(_graph(draft, emits_only=False)):
        if _has_rule(ring) and refused.isdisjoint(cause for cause in ring if cause[0] == "event"):
            _say(
                draft,
                ring,
                "trigger-loop",
                "warning",
                "end it with at_most in the rule, or reentry in the workflow",
            )


def _has_rule(ring: list[Cause]) -> bool:
    """Tell a ring of causes from one of child workflows, which has its own sentence."""
    return any(kind == "rule" for kind, _ in ring)


def _children(draft: Draft) -> None:
    workflows = draft.workspace.workflows
    runs = {id: [step.run for step in _runs(workflow)] for id, workflow in workflows.items()}
    ring = first_ring(runs)
    if ring:
        step = next(
            step for step in _runs(workflows[ring[0]]) if step.run == (ring[1] if len(ring) > 1 else ring[0])
        )
        shown = " -> ".join((*ring, ring[0]))
        draft.say(
            step,
            "run",
            code="workflow-loop",
            message=f"these workflows start each other: {shown}",
            hint="take one run: out, and start that workflow by a rule on an event",
        )


def _runs(workflow: Workflow) -> Iterator[RunChild]:
    for step in walk(workflow.steps):
        if isinstance(step, RunChild):
            yield step


def _graph(draft: Draft, emits_only: bool) -> dict[Cause, list[Cause]]:
    """Give what leads to what: triggers to rules, rules to workflows, those to what they bring about."""
    graph: dict[Cause, list[Cause]] = {}
    for rule in draft.workspace.rules.values():
        for trigger in _triggers(rule, emits_only):
            graph.setdefault(trigger, []).append(("rule", rule.id))
        graph["rule", rule.id] = [effect for action in rule.then for effect in _effects(action, emits_only)]
    for id, workflow in draft.workspace.workflows.items():
        steps = (step for step in walk(workflow.steps) if isinstance(step, (Do, RunChild)))
        graph["workflow", id] = [effect for step in steps for effect in _effects(step, emits_only)]
        if not emits_only:
            graph["workflow", id].append(("event", "run_ended"))
    return graph


def _triggers(rule: Rule, emits_only: bool) -> Iterator[Cause]:
    for trigger in rule.triggers:
        match trigger:
            case OnEvent() | OnMissing():
                yield "event", trigger.event
            case OnChange() if not emits_only:
                yield "trait", trigger.changes.text.strip().removeprefix("customer.")
            case OnEnter(enters=segment) | OnLeave(leaves=segment) if not emits_only:
                yield ("segment", segment)
            case OnBand() if not emits_only:
                yield "score", trigger.score
            case _:
                pass


def _effects(step: StartRun | DoNow | Do | RunChild, emits_only: bool) -> Iterator[Cause]:
    if isinstance(step, (StartRun, RunChild)):
        yield "workflow", step.run
        return
    named = step.with_.get("event" if step.do == "event.emit" else "segment")
    if step.do == "event.emit" and isinstance(named, str):
        # Sent to another customer it ends with the last one; the hop limit holds that.
        if "customer" not in step.with_ or not emits_only:
            yield "event", named
    elif emits_only:
        return
    elif step.do == "customer.set":
        for trait in step.with_:
            yield "trait", trait
    elif step.do in ("segment.add", "segment.remove") and isinstance(named, str):
        yield "segment", named
    elif step.do in _EFFECTS:
        yield "event", _EFFECTS[step.do]


def _say(draft: Draft, ring: list[Cause], code: str, severity: str, hint: str) -> None:
    """Say it at the rule of the ring, beginning with what it waits for."""
    start = next(place for place, (kind, _) in enumerate(ring) if kind == "rule") - 1
    turned = [*ring[start:], *ring[:start]] if start >= 0 else [ring[-1], *ring[:-1]]
    shown = " -> ".join(name for _, name in (*turned, turned[0]))
    rule = draft.workspace.rules[next(name for kind, name in ring if kind == "rule")]
    steps = either([f"{kind} {name}" for kind, name in turned[:1]])
    draft.say(
        rule, "when", code=code, message=f"{steps} leads to itself: {shown}", hint=hint, severity=severity
    )
