"""Crossings: the rules that look because a segment was entered or left, or a band has become another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.decisions.decide import Occasion
from engine.model.rule import OnBand
from engine.model.values import Micros
from engine.timeline.ruleset import Desk, Pair


def crossings(
    desk: Desk, name: str, properties: Mapping[str, Any], *, ref: str, from_at: Micros, hops: int = 0
) -> Iterator[Occasion]:
    """Give what segment_entered, segment_left or band_changed gives rules cause for; `ref` names it."""
    found: tuple[Pair, ...] = ()
    shown: dict[str, Any] = {}
    if name in ("segment_entered", "segment_left"):
        index = desk.entering if name == "segment_entered" else desk.leaving
        found, shown = index.get(str(properties.get("segment")), ()), {"segment": properties.get("segment")}
    elif name == "band_changed" and properties.get("fires"):
        found = tuple(
            pair
            for pair in desk.bands.get(str(properties.get("score")), ())
            if isinstance(pair[1].trigger, OnBand) and pair[1].trigger.becomes == properties.get("band")
        )
        shown = {name: properties.get(name) for name in ("band", "from", "value", "score")}
    for rule, compiled in found:
        yield Occasion(
            rule=rule, kind=name, cause=f"{compiled.index}/{ref}", event=shown,
            from_at=from_at, ref=ref, hops=hops,
        )  # fmt: skip
