"""A row: one thing measured, and what it is measured against in the same run."""

from __future__ import annotations

import json
from typing import Any

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. `more_is_better` tells a rate from a cost; `detail` is what else to tell."""

    name: str
    value: float
    unit: str
    against: dict[str, float] = {}
    more_is_better: bool = True
    detail: dict[str, Any] = {}

    @property
    def ratio(self) -> dict[str, float]:
        """How many times better than each peer."""
        return {
            peer: round(self.value / theirs if self.more_is_better else theirs / self.value, 3)
            for peer, theirs in self.against.items()
            if theirs and self.value
        }

    def line(self, machine: str) -> str:
        """Give the row as one line of JSON."""
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 3),
                "unit": self.unit,
                "against": {peer: round(theirs, 3) for peer, theirs in self.against.items()},
                "ratio": self.ratio,
                "more_is_better": self.more_is_better,
                "detail": self.detail,
                "machine": machine,
            }
        )
