"""What people do about dead letters and failed runs, each in one transaction that says who it was."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.audit.leaves import ChangeLeaf
from engine.errors import ConflictError, NotFoundError
from engine.model.reasons import StepOutcome
from engine.runs.changes import Settled
from engine.runs.doing import effect_key
from engine.runs.run import Effect, Run
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn
from engine.store.records import PARKED, OutboxRow
from engine.timeline import deliver, mending


def retry_run(shell: Shell, id: str, by: str) -> Run:
    """Let a failed run go on at its failed step."""
    with open_turn(shell) as turn:
        run = turn.writer.run(id)
        if run is None:
            raise NotFoundError(f"there is no run {id}; look it up in the list of runs")
        turn.customer(run.customer)
        run = _held(turn, run.id)
        if run is None or not mending.has_failed(run):
            raise ConflictError(f"the run {id} has not failed, and there is nothing to retry")
        _go_on(turn, run, by)
        turn.flush()
        _record(turn, "run_retried", f"run:{id}", run.customer, by)
        turn.result = again = turn.writer.run(id) or run
        return again


def _go_on(turn: Turn, run: Run, by: str) -> None:
    other = mending.rival(turn.cast, run)
    if other is not None:
        raise ConflictError(
            f"the run {other} of the same workflow and key is under way; cancel it first, or let it end"
        )
    # What its step puts again may not be settled.
    turn.writer.revive_effect(effect_key(run), PARKED)
    mending.retry(turn.world, turn.cast, turn.changes, run, by, turn.now)


def replay(shell: Shell, key: str, by: str) -> OutboxRow:
    """Send a dead letter again, under its own key.

    A run that stopped because of it goes on there; one that has gone on, or has ended otherwise, stays
    as it is, and the effect is sent by itself, after the checks of every message.
    """
    with open_turn(shell) as turn:
        effect = _dead(turn, key)
        unsure = _row(turn, key).outcome == StepOutcome.UNCERTAIN.value
        run = _held(turn, effect.run)
        stopped = run is not None and mending.has_failed(run) and effect_key(run) == key
        if run is not None and stopped:
            _go_on(turn, run, by)
        else:
            waits = run is not None and run.wait is not None and run.wait.token == key
            turn.writer.revive_effect(key, turn.now)
            again = msgspec.structs.replace(
                effect,
                attempt=0,
                due=turn.now,
                slot=None,
                unsure=unsure,
                apart=bool(effect.run) and not waits,
            )
            turn.changes.effects.append(again)
            if run is not None:
                failed, why = StepOutcome.FAILED, mending.AGAIN
                mending.record(turn.changes, run, effect.path, key, failed, why, {"by": by}, turn.now)
        turn.flush()
        _record(turn, "effect_replayed", f"effect:{key}", effect.customer, by)
        turn.result = row = _row(turn, key)
        return row


def settle(
    shell: Shell, key: str, outcome: Literal["executed", "failed"], note: str | None, by: str
) -> OutboxRow:
    """Write down what a person has found out about a dead letter; it is one no more.

    A run that still waits for it goes on by that; one that has gone on, or has ended, stays as it is.
    """
    with open_turn(shell) as turn:
        effect = _dead(turn, key)
        run = _held(turn, effect.run)
        told = {"action": effect.action, "by": by, **({"note": note} if note else {})}
        turn.writer.close_dead_letter(Settled(key, outcome, "operator", turn.now))
        if run is not None and run.wait is not None and run.wait.token == key:
            result = deliver.Result(outcome, detail=told)
            deliver.settle(turn.world, turn.cast, turn.changes, effect, result, turn.now)
        elif run is not None:
            step = StepOutcome(outcome)
            mending.record(turn.changes, run, effect.path, key, step, "operator", told, turn.now)
            if outcome == "executed":
                mending.count(turn.world, turn.cast, turn.changes, effect, turn.now)
        else:
            step = StepOutcome(outcome)
            deliver.settle_gift(turn.world, turn.cast, turn.changes, effect, step, turn.now)
        turn.flush()
        _record(turn, "effect_settled", f"effect:{key}", effect.customer, by, outcome)
        turn.result = row = _row(turn, key)
        return row


def _record(turn: Turn, what: str, ref: str, customer: str, by: str, detail: str | None = None) -> None:
    """Put into the audit record who did it; a run may be let go on more than once."""
    leaf = ChangeLeaf(what=what, ref=f"{ref}:{turn.now}", at=turn.now, who=by, detail=detail)
    turn.writer.record(leaf, customer)


def _dead(turn: Turn, key: str) -> Effect:
    """Give a dead letter whose customer this turn holds."""
    row = turn.writer.effect(key)
    if row is None:
        raise NotFoundError(f"there is no effect {key}; look it up in the list of dead letters")
    customer = turn.customer(row.effect.customer)
    row = _row(turn, key)
    if not row.dead:
        raise ConflictError(f"the effect {key} is no dead letter; look it up in the list of dead letters")
    return msgspec.structs.replace(row.effect, customer=customer)


def _row(turn: Turn, key: str) -> OutboxRow:
    row = turn.writer.effect(key)
    if row is None:
        raise NotFoundError(f"there is no effect {key}; look it up in the list of dead letters")
    return row


def _held(turn: Turn, id: str) -> Run | None:
    """Give a run of a customer that this turn holds: as it is in the cast, or as it ended."""
    run = turn.writer.run(id) if id else None
    if run is None:
        return None
    customer = turn.customer(run.customer)
    return turn.cast.get(customer).runs.get(id) or msgspec.structs.replace(run, customer=customer)
