"""What has been decided about a customer: memberships, bands, timers, terms, what was sent.

Facts are what happened and can be rebuilt from events; the standing is what the engine made of it
and is kept. Both live in the customer's hot row.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from engine.contact.budgets import Share
from engine.contact.coupons import Held
from engine.contact.log import ContactLog
from engine.customers.packing import pack, unpack
from engine.escalation.case import Case
from engine.loyalty.ledger import Ledger
from engine.model.values import Micros
from engine.scores.band import ScoreState
from engine.segments.membership import Membership
from engine.segments.stage import StageState


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """Something a rule waits for: due at an instant, unless it is called off.

    `ref` names what it hangs on (the first event's message id, or a term's step), `since` when
    that occurred, `event` what `event` will be in the rule's expressions; `late`: it came too late to act.
    """

    kind: Literal["missing", "date", "quiet"]
    rule: str
    trigger: int
    key: str = ""
    due: Micros
    since: Micros
    ref: str
    event: dict[str, Any] = {}
    late: bool = False


class Term(msgspec.Struct, kw_only=True):
    """What a date rule counts once.

    It begins when the date is first set, when the `without` event occurs, when the date changes after
    it has passed, or when the `term` expression changes. `done` are the steps executed in it, `tried`
    those that had their turn for the present date, `spent` the date that a renewal used up, `moved` when
    the date was last changed, `moves` how often it was changed in this term: a date that comes back after
    another one is looked at anew, and each look is one of a kind.
    """

    number: int = 1
    anchor: Micros | None = None
    value: str | None = None
    done: list[str] = []
    tried: list[str] = []
    spent: Micros | None = None
    moved: Micros | None = None
    moves: int = 0

    @property
    def key(self) -> str:
        """What tells the steps of this date in this term from all others."""
        return f"{self.number}.{self.moves}" if self.moves else str(self.number)

    def begin(self) -> None:
        """Begin the next one."""
        self.number += 1
        self.moves = 0
        self.done = []


class Recent(msgspec.Struct, frozen=True):
    """An awaited event that came by, for a first event that arrives after it."""

    occurred_at: Micros
    received_at: Micros
    properties: dict[str, Any]


class GoalWatch(msgspec.Struct, frozen=True):
    """The goal of a run that has ended: still reached by this event until then.

    Where the goal has a condition, `definition` names the workflow that it is of, and `known` holds
    what it reads of the run: `input` and `run`.
    """

    run: str
    workflow: str
    event: str
    since: Micros
    until: Micros
    definition: str | None = None
    known: dict[str, Any] = {}


class Standing(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything decided about one customer. `played_to` is the instant all due work is done up to.

    `fired` holds the instants at which a rule fired, `starts` the last start of a workflow and
    key, `recents` the latest awaited events by name, `failed` the facts whose source failed, and when,
    `goals` those of ended runs that may still be reached. `coupons` are by code; `reserved` is what
    effects on their way hold of budgets, by effect key; `own_spending` what the customer's own counters
    took, by budget and period; `stages` where the customer is in each lifecycle.
    """

    played_to: Micros = 0
    memberships: dict[str, Membership] = {}
    scores: dict[str, ScoreState] = {}
    contact: ContactLog = msgspec.field(default_factory=ContactLog)
    fired: dict[str, list[Micros]] = {}
    timers: dict[str, Timer] = {}
    terms: dict[str, Term] = {}
    recents: dict[str, list[Recent]] = {}
    starts: dict[str, Micros] = {}
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    cases: dict[str, Case] = {}
    failed: dict[str, Micros] = {}
    goals: list[GoalWatch] = []
    coupons: dict[str, Held] = {}
    reserved: dict[str, tuple[Share, ...]] = {}
    own_spending: dict[str, dict[str, Decimal]] = {}
    stages: dict[str, StageState] = {}

    @property
    def segments(self) -> list[str]:
        """The segments the customer is in, sorted."""
        return sorted([name for name, member in self.memberships.items() if member.inside])


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Standing, ext_hook=unpack)


def encode(standing: Standing) -> bytes:
    """Give the standing's bytes; exact numbers among what events said stay what they are."""
    return _encoder.encode(
        msgspec.structs.replace(
            standing,
            timers={
                name: msgspec.structs.replace(timer, event=pack(timer.event)) if timer.event else timer
                for name, timer in standing.timers.items()
            },
            recents={
                name: [
                    msgspec.structs.replace(recent, properties=pack(recent.properties)) for recent in recents
                ]
                for name, recents in standing.recents.items()
            },
            cases={
                name: msgspec.structs.replace(case, context=pack(case.context))
                for name, case in standing.cases.items()
            },
            goals=[msgspec.structs.replace(goal, known=pack(goal.known)) for goal in standing.goals],
        )
    )


def decode(data: bytes) -> Standing:
    """Read a standing from its bytes."""
    return _decoder.decode(data)
