"""Intervals: a value and how far it may be off, one under the other, on one axis with a line at zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import msgspec

from api.console.charts import Chart, Say, picture, said

_ROW, _AXIS = 48, 24


class Between(msgspec.Struct, frozen=True):
    """A value and the ends of its interval, under a label; None where nothing can be said."""

    label: str
    value: float | None
    low: float | None
    high: float | None


def intervals(title: str, found: Sequence[Between], *, of: str = "Value", say: Say = said) -> Chart:
    """Give each value as a point on its interval. Who holds zero has proven nothing."""
    ends = [abs(end) for one in found for end in (one.low, one.high, one.value) if end is not None]
    reach = 1.05 * max(ends, default=0.0) or 1.0

    def x(value: float) -> float:
        return 50 + 50 * value / reach

    height = len(found) * _ROW + _AXIS
    parts = [
        f'<line class="zero" x1="50%" x2="50%" y1="4" y2="{height - _AXIS + 4}"/>',
        *(part for at, one in enumerate(found) for part in _row(one, at * _ROW, x, say)),
        *(
            f'<text class="tick" x="{place}%" y="{height - 4}" text-anchor="{anchor}">{escape(name)}</text>'
            for place, anchor, name in (
                (0, "start", say(-reach)),
                (50, "middle", "0"),
                (100, "end", say(reach)),
            )
        ),
    ]
    says = f"{title}. " + " ".join(_told(one, say) for one in found)
    return Chart(
        title,
        says,
        picture(parts, height, says),
        ("Compared", of, "From", "To"),
        tuple((one.label, say(one.value), say(one.low), say(one.high)) for one in found),
    )


def _row(one: Between, top: int, at: Callable[[float], float], say: Say) -> list[str]:
    drawn = [f'<text class="label" x="0" y="{top + 15}">{escape(one.label)}</text>']
    if one.value is None or one.low is None or one.high is None:
        return [*drawn, f'<text class="tick" x="0" y="{top + 34}">too early to say</text>']
    return [
        *drawn,
        f'<text class="value" x="100%" y="{top + 15}" text-anchor="end">{escape(say(one.value))}</text>',
        *(
            f'<line class="reach" x1="{at(first):.2f}%" x2="{at(last):.2f}%" y1="{high}" y2="{low}"/>'
            for first, last, high, low in (
                (one.low, one.high, top + 30, top + 30),
                (one.low, one.low, top + 25, top + 35),
                (one.high, one.high, top + 25, top + 35),
            )
        ),
        f'<circle class="point" cx="{at(one.value):.2f}%" cy="{top + 30}" r="5"/>',
    ]


def _told(one: Between, say: Say) -> str:
    if one.value is None or one.low is None or one.high is None:
        return f"{one.label}: too early to say."
    return f"{one.label}: {say(one.value)}, between {say(one.low)} and {say(one.high)}."
