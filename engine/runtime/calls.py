"""Calls: rules that somebody calls, decided in the order in which they came, many in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from engine.authoring.wording import known_or
from engine.decisions.decision import Decision, identity
from engine.decisions.rules import CompiledRule
from engine.errors import ConflictError, HoldfastError, NotFoundError, RequestError, StoreError
from engine.model.rule import OnCall
from engine.runtime.repeating import Once, answered, keep
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn
from engine.timeline.play import call_rule


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is called for a customer; `key` makes the call one of a kind.

    `once` is how its request is known, where its answer is to be kept.
    """

    rule: str
    customer: str
    event: Mapping[str, Any]
    key: str
    once: Once | None = None


Called: TypeAlias = Decision | HoldfastError
"""What a call comes to: its decision, or what it is refused with."""


def decide_calls(shell: Shell, calls: Sequence[Call]) -> list[Called]:
    """Decide calls in one transaction; a refusal changes nothing and costs no other call anything."""
    with open_turn(shell) as turn:
        # All of them at once, so that two processes never wait for each other.
        held = turn.hold([call.customer for call in calls if not turn.is_erased(call.customer)])
        sitting = _Sitting(turn, held)
        return [sitting.decide(call) for call in calls]


class _Sitting:
    """Calls that are decided one after the other in a turn, which has `held` whom they are about.

    What a call has brought about is accepted with the turn, or before the next call of the same customer.
    """

    def __init__(self, turn: Turn, held: Mapping[str, str]) -> None:
        self._turn = turn
        self._held = held
        self._last = turn.writer.last_seq()
        self._made: set[str] = set()
        self._about: set[str] = set()

    def decide(self, call: Call) -> Called:
        """Decide one, or give what it is refused with."""
        turn = self._turn
        try:
            if call.once is not None:
                answered(turn.writer, call.once)
            rule = _called(turn, call.rule)
            customer = self._held.get(call.customer) or turn.customer(call.customer)
            id = identity(rule.id, customer, "call", call.key)
            if id in self._made or turn.writer.decision(id) is not None:
                raise ConflictError(
                    f"this call of {rule.id} was made before; send another Idempotency-Key for another call"
                )
        except StoreError:
            raise
        except HoldfastError as refusal:
            return refusal
        if customer in self._about:
            # What the call before it has brought about is accepted before this one.
            turn.flush()
            self._last = turn.writer.last_seq()
            self._about.clear()
        decision = call_rule(
            turn.world, turn.cast, turn.changes, rule.id, customer, call.event, turn.now, call.key,
            after=(self._last, len(self._made)),
        )  # fmt: skip
        self._made.add(id)
        self._about.add(customer)
        if call.once is not None:
            keep(turn.writer, call.once, decision, turn.now)
        return decision


def _called(turn: Turn, rule: str) -> CompiledRule:
    compiled = turn.ruleset.rule(rule)
    if compiled is None:
        raise NotFoundError(f"there is no live rule {rule}; {known_or(rule, turn.ruleset.workspace.rules)}")
    if not any(isinstance(each.trigger, OnCall) for each in compiled.triggers):
        raise RequestError(
            f"{rule} has no `when: {{call: yes}}`; send `dry_run: true`, or write `call: yes` in its file"
        )
    return compiled
