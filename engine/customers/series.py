"""Series: what is kept of one event's stream so that facts can be computed from it.

Facts that read the same event, property and `where` share one series; each only asks it to keep a
little more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.buckets import Entry, key_of
from engine.customers.event import CONTROL_EVENTS, Event
from engine.customers.kinds import keep
from engine.customers.windows import Grain
from engine.expressions import Env, Expression, Kind, Outcome
from engine.model.actions import BUILT_IN_EVENTS
from engine.model.facts import Subject
from engine.model.values import Micros

ANY = "any"


class Form(msgspec.Struct, frozen=True):
    """What tells one series from another."""

    subject: Subject
    event: str
    measure: str | None = None
    where: str | None = None
    per: str | None = None
    satisfied: str | None = None
    grain: Grain = "all"


class Series(msgspec.Struct, frozen=True):
    """One series: its form, what it needs to keep (bits of `buckets`), and how far back.

    `reach` counts grains (days for the grain day), None for ever.
    """

    index: int
    form: Form
    needs: int
    reach: int | None
    revises: str | None
    kind: Kind
    where: Expression | None
    satisfied: Expression | None

    @property
    def keyed(self) -> bool:
        """Whether single entries are kept, because a later one may take an earlier one's place."""
        return self.form.per is not None or self.revises is not None

    def entry(self, event: Event, view: Mapping[str, Any]) -> Entry | None:
        """Give what an event says to this series, None where it says nothing.

        `view` is the event's properties as expressions see them.
        """
        passes = self.where is None or self.where.outcome(Env(event=view)) is Outcome.MET
        if not passes and not self.keyed:
            return None
        properties, form = event.properties, self.form
        per = revises = None
        if form.per is not None:
            if properties.get(form.per) is None:
                return None
            per = key_of(properties[form.per])
        if self.revises is not None and properties.get(self.revises) is not None:
            revises = key_of(properties[self.revises])
        return Entry(
            event.occurred_at,
            event.seq,
            None if form.measure is None else keep(self.kind, properties.get(form.measure)),
            self._met(view),
            passes,
            per,
            revises,
        )

    def _met(self, view: Mapping[str, Any]) -> bool | None:
        if self.satisfied is None:
            return None
        outcome = self.satisfied.outcome(Env(event=view))
        return {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)


def counts_for_any(event: Event) -> bool:
    """Tell whether an event counts for `any`: what was sent does, the engine's own notes do not."""
    return event.cause != "engine" and event.name not in BUILT_IN_EVENTS and event.name not in CONTROL_EVENTS


class Last(msgspec.Struct, frozen=True, array_like=True):
    """The newest event of a series: when it occurred, its place in the order, who sent it."""

    at: Micros
    seq: int
    source: str
