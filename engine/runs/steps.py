"""A step taken: what is written of it, and where the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.kinds import sent_form
from engine.model.reasons import StepOutcome
from engine.runs.program import Instruction
from engine.runs.run import Run, StepAttempt
from engine.runs.stage import Stage

_encode = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode


def inputs_hash(values: Mapping[str, Any]) -> str:
    """Give what names the values that a step was given: 32 hex digits of the SHA-256 of their JSON.

    Keys are sorted, numbers are exact and times ISO 8601, as the API shows the values.
    """
    return hashlib.sha256(_encode(sent_form(values))).hexdigest()[:32]


def attempt(stage: Stage, run: Run, verb: str, outcome: StepOutcome, **rest: object) -> StepAttempt:
    """Append one attempt at the step that a run stands at."""
    run.attempts += 1
    row = StepAttempt(
        run=run.id,
        seq=run.seq,
        attempt=run.attempts,
        path=run.path,
        verb=verb,
        at=stage.now,
        outcome=outcome,
        **rest,  # type: ignore[arg-type]
    )
    stage.changes.attempts.append(row)
    stage.changes.runs[run.id] = run
    return row


def proceed(run: Run, instruction: Instruction, answers: Mapping[str, Any] | None = None) -> None:
    """Go on to the next step, keeping what this one answered under its name."""
    turn(run, instruction, instruction.next, answers)


def turn(run: Run, instruction: Instruction, path: str, answers: Mapping[str, Any] | None = None) -> None:
    """Go on at a path, keeping what the step answered under its name."""
    name = instruction.step.as_
    if name is not None and answers is not None:
        run.answers = {**run.answers, name: dict(answers)}
    run.seq += 1
    run.path = path
