"""Crossings: the rules that look because a segment was entered or left, or a band has become another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.decisions.decide import Occasion
from engine.decisions.rules import Pair
from engine.model.values import Micros
from engine.timeline.ruleset import Desk, band_of


class Crossing(msgspec.Struct, frozen=True):
    """What was crossed: the rules that look at it are at `place` of `by_name`; `shown` is their `event`."""

    kind: str
    place: str
    by_name: Mapping[str, tuple[Pair, ...]]
    shown: dict[str, Any]

    def occasion(self, pair: Pair, *, ref: str, from_at: Micros, hops: int = 0) -> Occasion:
        """Give a rule's occasion; `ref` names what happened."""
        rule, compiled = pair
        return Occasion(
            rule=rule, kind=self.kind, cause=f"{compiled.index}/{ref}", event=self.shown,
            from_at=from_at, ref=ref, hops=hops,
        )  # fmt: skip


def crossing_of(desk: Desk, name: str, properties: Mapping[str, Any]) -> Crossing | None:
    """Give what segment_entered, segment_left or band_changed tells of; None where no rule is to look."""
    if name in ("segment_entered", "segment_left"):
        by_name = desk.entering if name == "segment_entered" else desk.leaving
        segment = properties.get("segment")
        return Crossing(name, str(segment), by_name, {"segment": segment})
    if name == "band_changed" and properties.get("fires"):
        place = band_of(str(properties.get("score")), str(properties.get("band")))
        shown = {name: properties.get(name) for name in ("band", "from", "value", "score")}
        return Crossing(name, place, desk.bands, shown)
    return None


def crossings(
    desk: Desk, name: str, properties: Mapping[str, Any], *, ref: str, from_at: Micros
) -> Iterator[Occasion]:
    """Give what a crossing that is no event gives rules cause for; `ref` names it."""
    crossing = crossing_of(desk, name, properties)
    if crossing is not None:
        for pair in crossing.by_name.get(crossing.place, ()):
            yield crossing.occasion(pair, ref=ref, from_at=from_at)
