"""Asking: who is asked what a run wants to know, within what each may be asked and may grant.

What a person's limits have taken is counted as budgets are: `people/NAME/asks` has one period, which is
always open, and `people/NAME/grants` those of `may_grant`. Both are held while a question is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.contact.budgets import period_of
from engine.model.policy import Budget
from engine.model.reasons import RunStatus, SkipReason, StepOutcome
from engine.model.values import Day, Money
from engine.model.workflow import Ask, AskStep
from engine.model.workspace import Person, Settings
from engine.runs import waiting
from engine.runs.effects import worth_of
from engine.runs.program import Instruction
from engine.runs.run import AskItem, Run
from engine.runs.run import Wait as Pause
from engine.runs.stage import Stage
from engine.runs.steps import attempt, inputs_hash, proceed

Held = list[tuple[str, str, str]]

OPEN = "open"
"""The one period of how many questions wait for a person."""


def periods_of(settings: Settings, day: Day) -> Iterator[tuple[str, str]]:
    """Give the counters of people's limits that may be asked for on a day."""
    for name, person in settings.people.items():
        if person.asks_at_most is not None:
            yield _asks(name), OPEN
        if person.may_grant is not None:
            yield _grants(name), _period(person, day)


def ask(stage: Stage, run: Run, instruction: Instruction, step: AskStep) -> None:
    """Ask the first person who has room for it; where nobody has, the run goes on with `else`."""
    until = waiting.later(stage, stage.now, step.ask.up_to)
    token = f"{run.id}:{run.path}:0"
    held: Held = []
    if run.arm == "held_out":
        attempt(stage, run, "ask", StepOutcome.HELD_OUT, until=until)
    else:
        env = stage.env(run)
        worth = worth_of({"worth": instruction.arguments["worth"].value(env)})
        who, refused = _choose(stage, run, _listed(instruction.arguments["who"].value(env)), worth, step.ask)
        if refused is not None:
            answered(stage, run, instruction, None, reason=refused.value)
            return
        held = _holding(stage, who, worth)
        _put(stage, run, step.ask, token, who, worth)
    run.status = RunStatus.WAITING
    run.wait = Pause(kind="ask", due=until, since=stage.now, token=token, held=held)


def answered(
    stage: Stage,
    run: Run,
    instruction: Instruction,
    answer: tuple[str, str] | None,
    *,
    reason: str | None = "timed_out",
) -> None:
    """Go on with an answer and who gave it, or with `else` where there is none, for a reason."""
    step = instruction.step
    if not isinstance(step, AskStep):
        return
    choice, by = answer if answer is not None else (step.ask.else_, "")
    told = None if answer is not None else reason
    attempt(stage, run, "ask", StepOutcome.EXECUTED, reason=told, answers={"choice": choice, "by": by})
    proceed(run, instruction, {"choice": choice, "by": by})


def give_back(stage: Stage, wait: Pause, *, granted: bool = False) -> None:
    """Give a person's limits back what an open question held; what was `granted` stays taken."""
    for budget, period, amount in wait.held:
        if not (granted and budget.endswith(_GRANTS)):
            stage.take(budget, period, -Decimal(amount))


def _choose(
    stage: Stage, run: Run, people: list[str], worth: Money | None, asked: Ask
) -> tuple[str, SkipReason | None]:
    """Give the first who may be asked, or why the last of all may not; each who may not is recorded.

    Where there is nobody to ask, the question waits for whoever answers it.
    """
    refused: SkipReason | None = None
    for who in people:
        refused = _refusal(stage, who, worth)
        if refused is None:
            return who, None
        attempt(
            stage, run, "ask", StepOutcome.SKIPPED,
            reason=refused.value, detail={"who": who, "question": asked.question},
        )  # fmt: skip
    return "", refused


def _refusal(stage: Stage, who: str, worth: Money | None) -> SkipReason | None:
    person = stage.plans.workspace.settings.people.get(who)
    if person is None:
        return None
    if person.asks_at_most is not None:
        if _taken(stage, _asks(who), OPEN) >= person.asks_at_most.number:
            return SkipReason.ASKS_FULL
    if person.may_grant is not None and worth is not None:
        limit = person.may_grant.money
        taken = _taken(stage, _grants(who), _period(person, stage.day))
        if worth.currency != limit.currency or taken + worth.amount > limit.amount:
            return SkipReason.OVER_GRANT
    return None


def _holding(stage: Stage, who: str, worth: Money | None) -> Held:
    """Take of a person's limits what a question holds, and give what that is."""
    person = stage.plans.workspace.settings.people.get(who)
    held: Held = []
    if person is not None and person.asks_at_most is not None:
        held.append((_asks(who), OPEN, "1"))
    if person is not None and person.may_grant is not None and worth is not None:
        held.append((_grants(who), _period(person, stage.day), str(worth.amount)))
    for budget, period, amount in held:
        stage.take(budget, period, Decimal(amount))
    return held


def _put(stage: Stage, run: Run, asked: Ask, token: str, who: str, worth: Money | None) -> None:
    until = waiting.later(stage, stage.now, asked.up_to)
    told = {"who": who, "question": asked.question, "choices": asked.choices}
    attempt(
        stage, run, "ask", StepOutcome.EXECUTED,
        until=until, inputs=inputs_hash(told), detail={"who": who},
    )  # fmt: skip
    stage.changes.asks.append(
        AskItem(
            id=token,
            run=run.id,
            customer=run.customer,
            who=who,
            question=asked.question,
            choices=asked.choices,
            asked_at=stage.now,
            due=until,
            worth=None if worth is None else str(worth),
        )
    )


def _listed(who: Any) -> list[str]:
    people = who if isinstance(who, (list, tuple)) else [who]
    return [str(one) for one in people if one]


def _taken(stage: Stage, budget: str, period: str) -> Decimal:
    return stage.budgets.taken((budget, period))


_GRANTS = "/grants"


def _asks(who: str) -> str:
    return f"people/{who}/asks"


def _grants(who: str) -> str:
    return f"people/{who}{_GRANTS}"


def _period(person: Person, day: Day) -> str:
    if person.may_grant is None:
        raise AssertionError("only a limit has periods")
    return period_of(Budget(of="ask", at_most=person.may_grant), day)
