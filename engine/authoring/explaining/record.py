"""Record: what there is to play a customer from, as it was known at an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.authoring.simulate import Figures
from engine.customers.event import Event
from engine.model.values import Micros
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Outage


class Release(msgspec.Struct, frozen=True):
    """A ruleset, and the instant from which it was live."""

    at: Micros
    ruleset: Ruleset


class Record(msgspec.Struct, frozen=True):
    """What there is to play a customer from.

    `releases` in the order of time, `events` of the customer (and, for an account, of its members) in the
    order (received, seq), the base's `figures`, and when nothing ran. `learnt` tells by its seq when an event
    of imported history, which was received earlier, was accepted.
    """

    releases: Sequence[Release]
    events: Sequence[Event]
    figures: Figures
    outages: Sequence[Outage] = ()
    learnt: Mapping[int, Micros] = {}

    def until(self, at: Micros) -> Record:
        """Give what there was up to an instant, in the order in which it came.

        Before the first release nothing ran: that one is taken to be live, and history to have come when it
        was received.
        """
        live = [release for release in self.releases if release.at <= at]
        known = msgspec.structs.replace(
            self, releases=live or self.releases[:1], learnt=self.learnt if live else {}
        )
        events = [event for event in self.events if known.came(event) <= at]
        if known.learnt:
            events.sort(key=lambda event: (known.came(event), event.seq))
        return msgspec.structs.replace(known, events=events)

    def came(self, event: Event) -> Micros:
        """Give when an event came to be known."""
        return self.learnt.get(event.seq, event.received_at)
