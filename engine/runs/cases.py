"""Cases as runs open them: the ladder's levels are told through effects of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.decisions.decision import identity
from engine.decisions.rules import compile_value
from engine.decisions.scopes import customer_scope
from engine.escalation import case as escalation
from engine.escalation.case import Case, Tell
from engine.expressions import Env
from engine.model.ladder import Calendar, Ladder
from engine.runs.run import Effect, Run
from engine.runs.stage import Stage

TELL = "case.tell"
"""The action that tells a person about a case; it goes out like e-mail, and waits for nobody."""


def open_(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Open a case, or find the open one with the same key; the first level is told at once."""
    wanted = arguments.get("key")
    for case in stage.member.standing.cases.values():
        if wanted is not None and case.open and case.key == str(wanted):
            return {"case": case.id}
    ladder, calendar = _ladder(stage, str(arguments["ladder"]))
    case, tell = escalation.open_case(
        ladder,
        calendar,
        id=identity("case", key),
        customer=stage.member.id,
        title=str(arguments["title"]),
        now=stage.now,
        key=str(wanted) if wanted is not None else None,
        priority=str(arguments.get("priority") or escalation.DEFAULT_PRIORITY),
        run=run.id if run else None,
    )
    _keep(stage, case)
    opened = {"case": case.id, "ladder": ladder.id, "title": case.title, "priority": case.priority}
    stage.emit("case_opened", opened, key, hops=stage.hops_of(run))
    _tell(stage, case, ladder, calendar, tell)
    return {"case": case.id}


def cancel(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Close the open cases with this id or key, or those that this run opened."""
    for case in list(stage.member.standing.cases.values()):
        named = arguments.get("case") == case.id or (
            arguments.get("key") is not None and case.key == str(arguments["key"])
        )
        own = "case" not in arguments and "key" not in arguments and run is not None and case.run == run.id
        if (named or own) and escalation.cancel(case, _text(arguments.get("reason")), stage.now):
            _keep(stage, case)
    return {}


def climb(stage: Stage, case: Case) -> None:
    """Tell the levels that are due because nobody took the case; it stands still where its ladder is gone."""
    if case.ladder not in stage.plans.workspace.ladders:
        case.next_due = None
        _keep(stage, case)
        return
    ladder, calendar = _ladder(stage, case.ladder)
    for tell in escalation.escalate(case, ladder, calendar, stage.now):
        _tell(stage, case, ladder, calendar, tell)
    _keep(stage, case)


def taken(stage: Stage, name: str, properties: Mapping[str, Any]) -> None:
    """Apply a case_acknowledged or case_resolved event to the case that it names."""
    case = stage.member.standing.cases.get(str(properties.get("case")))
    if case is None:
        return
    act = escalation.acknowledge if name == "case_acknowledged" else escalation.resolve
    if act(case, str(properties.get("by") or ""), stage.now):
        _keep(stage, case)


def _keep(stage: Stage, case: Case) -> None:
    stage.changes.cases[case.id] = case
    if case.open:
        stage.member.standing.cases[case.id] = case
    else:
        stage.member.standing.cases.pop(case.id, None)


def _ladder(stage: Stage, name: str) -> tuple[Ladder, Calendar | None]:
    workspace = stage.plans.workspace
    ladder = workspace.ladders[name]
    return ladder, workspace.calendars.get(ladder.hours) if ladder.hours else None


def _tell(stage: Stage, case: Case, ladder: Ladder, calendar: Calendar | None, tell: Tell) -> None:
    """Put telling one level on its way; where there is nobody to tell, the next level is."""
    scope = customer_scope(stage.member.kind, stage.plans.catalog, stage.plans.workspace.settings.timezone)
    current: Tell | None = tell
    while current is not None:
        who = compile_value(current.who, scope).value(Env(stage.view(), None, None, None, stage.clock))
        if who:
            stage.changes.effects.append(_effect(stage, case, current, str(who)))
            return
        current = escalation.pass_over(case, ladder, calendar, stage.now)
    stage.changes.cases[case.id] = case


def _effect(stage: Stage, case: Case, tell: Tell, who: str) -> Effect:
    return Effect(
        key=f"{case.id}:{tell.loop}.{tell.level}:0",
        run="",
        workflow=f"ladder {case.ladder}",
        customer=stage.member.id,
        path=f"{tell.loop}.{tell.level}",
        action=TELL,
        arguments={
            "to": who, "case": case.id, "title": case.title, "priority": case.priority,
            "ladder": case.ladder, "level": tell.level, "loop": tell.loop,
        },
        created_at=stage.now,
        due=stage.now,
        first_due=stage.now,
    )  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
