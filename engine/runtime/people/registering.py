"""Registering: who was erased comes in again only as somebody new, whom a person registers."""

from __future__ import annotations

import secrets

from engine.audit.leaves import ChangeLeaf
from engine.customers.event import Event
from engine.errors import QuarantineError
from engine.model.reasons import QuarantineReason
from engine.runtime.shell import Turn

VERSION = "erasures"
"""The mark that changes whenever erasures do."""


def changed(turn: Turn) -> None:
    """Let every process learn that erasures have changed."""
    turn.writer.mark(VERSION, secrets.token_hex(8))


def admit(turn: Turn, event: Event, registers: str | None) -> None:
    """Let an event in, unless it is about somebody who was erased.

    Where somebody `registers` them by it, the id is a new customer's from now on. Raises
    `QuarantineError`.
    """
    names = [name for name in (event.customer, event.anonymous_id) if name is not None]
    erased = [name for name in names if turn.is_erased(name)]
    if not erased:
        return
    if registers is None or any(name != event.customer for name in erased):
        raise QuarantineError(
            QuarantineReason.ERASED.value,
            "this customer was erased; send PUT /v1/customers/{id} as an operator to register them anew",
        )
    turn.registered.update(erased)
    turn.writer.lift_erasures([turn.shell.erasures.mark(name) for name in erased], turn.now)
    ref = f"registered:{secrets.token_hex(12)}"
    turn.writer.record(
        ChangeLeaf(what="customer_registered", ref=ref, at=turn.now, who=registers), event.customer
    )
    changed(turn)
