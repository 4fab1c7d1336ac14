"""An event as the engine keeps it: normalised once at the door, never changed."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.model.values import Micros

Cause = Literal["sent", "import", "history", "run", "engine", "operator"]
"""Who caused an event: a client, an import (live or as history), a run's step, the engine's own
derivation (a segment change), or a person."""

FROM_OUTSIDE: frozenset[Cause] = frozenset(("sent", "import", "history"))
"""The causes of events in which somebody named the customer; the engine calls everybody by an id."""

IDENTIFY = "identify"
GROUP = "group"
ALIAS = "alias"
MERGE = "merge"
"""`identify` carries traits of the customer, `group` ties a person to an account and carries the
account's traits, `alias` binds an anonymous id, `merge` is an operator's joining of two customers."""

CONTROL_EVENTS = frozenset((IDENTIFY, GROUP, ALIAS, MERGE))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one customer.

    `occurred_at` is corrected for clock skew and clamped; `received_at` is given by intake and
    never decreases for a customer. `given_at` is the time as it was sent, before correction, None
    where none was. `seq` orders acceptance in the whole workspace and breaks ties.
    Property values are JSON values whose numbers are int or Decimal.
    """

    source: str
    message_id: str
    customer: str
    name: str
    occurred_at: Micros
    received_at: Micros
    seq: int = 0
    sent_at: Micros | None = None
    given_at: Micros | None = None
    account: str | None = None
    anonymous_id: str | None = None
    properties: dict[str, Any] = {}
    flags: tuple[str, ...] = ()
    cause: Cause = "sent"
