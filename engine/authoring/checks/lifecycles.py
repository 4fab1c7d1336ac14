"""Lifecycles: stages in an order in which each can be reached, and the last takes the rest."""

from __future__ import annotations

from engine.authoring.checks.expressions import condition, customer
from engine.authoring.draft import SNAKE, Draft
from engine.authoring.wording import quoted
from engine.model.lifecycle import Lifecycle, Stage


def check(draft: Draft) -> None:
    """Check every lifecycle."""
    for lifecycle in draft.workspace.lifecycles.values():
        _lifecycle(draft, lifecycle)


def _lifecycle(draft: Draft, lifecycle: Lifecycle) -> None:
    if len(lifecycle.stages) < 2:
        draft.say(
            lifecycle,
            "stages",
            code="too-few",
            message="a lifecycle has two stages or more",
            hint="write prospect: {if: customer.orders == 0} and active: {}",
        )
    scope = customer(draft, lifecycle.on)
    names = list(lifecycle.stages)
    for name, stage in lifecycle.stages.items():
        if not SNAKE.fullmatch(name):
            draft.say(
                lifecycle,
                "stages",
                name,
                code="bad-name",
                message=f"{quoted(name)} is no name of a stage",
                hint="write small letters, digits and _",
                at_key=True,
            )
        condition(draft, stage.if_, scope)
        _quiet(draft, stage)
        if stage.open and name != names[-1]:
            following = names[names.index(name) + 1]
            draft.say(
                lifecycle,
                "stages",
                name,
                code="never-reached",
                message=f"{name} takes everybody, so that nobody is ever in {following}",
                hint="give it a condition, or move it to the end",
                at_key=True,
            )
    if names and not lifecycle.stages[names[-1]].open:
        draft.say(
            lifecycle,
            "stages",
            names[-1],
            code="nobody's-stage",
            message="a customer whom no stage takes would be in none",
            hint="end with one for the rest, such as active: {}",
            at_key=True,
        )


def _quiet(draft: Draft, stage: Stage) -> None:
    if stage.quiet is None:
        for key, written in (("of", stage.of != "any"), ("until_known", stage.until_known is not None)):
            if written:
                draft.say(
                    stage,
                    key,
                    code="bad-option",
                    message=f"{key} belongs to quiet",
                    hint="write quiet: p90 beside it",
                    at_key=True,
                )
        return
    draft.event(stage, "of", name=stage.of, any_too=True)
    if stage.until_known is not None and (stage.quiet != "p90" or stage.until_known.days is None):
        draft.say(
            stage,
            "until_known",
            code="bad-option",
            message="until_known stands in for p90, in whole days",
            hint="write quiet: p90 and until_known: 90d",
        )
