"""Movements: bars that stand on a line or hang from it, a part upon the other, one place after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import minijinja
import msgspec

from api.console.charts import Chart, Say, grid, margin, picture, said

_TALL, _BELOW, _ABOVE = 220, 24, 8
_APART = 16
"""How far one level of the axis is from another at least, in pixels."""

_NAMED = 3
"""So many places are named below: they hold in a narrow window too."""

_PATTERNS = (
    "",
    '<path class="hatch" d="M-1 1l2-2M0 6l6-6M5 7l2-2"/>',
    '<circle class="dot" cx="3" cy="3" r="1.4"/>',
)
"""How the parts of one side differ, from the line outwards: full, hatched, dotted."""


class Moved(msgspec.Struct, frozen=True):
    """A part: its name, an amount of 0 or more for each place (None where none is known), and its side."""

    name: str
    values: Sequence[float | None]
    down: bool = False


def movements(
    title: str, places: Sequence[str], parts: Sequence[Moved], *, by: str = "Month", say: Say = said
) -> Chart:
    """Give bars up for what came and down for what went; the table has the losses with a minus."""
    top, bottom = (_most(parts, len(places), down) for down in (False, True))
    span = (top + bottom) or 1
    tall = _TALL - 2 * _ABOVE

    def y(value: float) -> float:
        return tall * (top - value) / span

    # The ends of an axis are named where their names have room beside the line's.
    ends = [value for value in (top, -bottom) if abs(y(value) - y(0)) > _APART]
    levels = [(value, _ABOVE + y(value)) for value in (0.0, *ends)]
    left = margin([say(value) for value, _ in levels])
    drawn = [bar for at in range(len(places)) for bar in _bars(places, parts, at, y, say)]
    says = f"{title}. " + " ".join(_told(one, say) for one in parts)
    return Chart(
        title,
        says,
        picture(
            [
                f"<defs>{''.join(_pattern(one, parts) for one in parts)}</defs>",
                *grid(levels, say),
                f'<svg y="{_ABOVE}" width="100%" height="{tall + _ABOVE + _BELOW}" class="plot">'
                f"{''.join([*drawn, *_names(places, tall)])}</svg>",
            ],
            _TALL + _BELOW,
            says,
            left,
        ),
        (by, *(one.name for one in parts)),
        tuple((place, *(say(_signed(one, at)) for one in parts)) for at, place in enumerate(places)),
        legend=_legend(parts),
    )


def _most(parts: Sequence[Moved], places: int, down: bool) -> float:
    """Give the length of the longest bar of a side."""
    sides = [[one.values[at] or 0 for one in parts if one.down == down] for at in range(places)]
    return max((sum(side) for side in sides), default=0)


def _signed(one: Moved, at: int) -> float | None:
    value = one.values[at]
    return -value if one.down and value else value


def _bars(
    places: Sequence[str], parts: Sequence[Moved], at: int, y: Callable[[float], float], say: Say
) -> list[str]:
    wide = 100 / len(places)
    ends = {False: 0.0, True: 0.0}
    drawn = []
    for one in parts:
        value = _signed(one, at)
        if not value:
            continue
        began, ends[one.down] = ends[one.down], ends[one.down] + value
        low, high = sorted((y(began), y(ends[one.down])))
        drawn.append(
            f'<rect class="{_side(one)}" fill="{_fill(one, parts)}" x="{wide * (at + 0.2):.2f}%" '
            f'y="{low:.1f}" width="{wide * 0.6:.2f}%" height="{max(high - low, 1):.1f}">'
            f"<title>{escape(f'{one.name}, {places[at]}: {say(value)}')}</title></rect>"
        )
    return drawn


def _names(places: Sequence[str], tall: int) -> list[str]:
    """Name some of the places, below their bars."""
    step = -(-len(places) // _NAMED)
    wide = 100 / max(1, len(places))
    return [
        f'<text class="tick" x="{wide * (at + 0.5):.2f}%" y="{tall + 26}" text-anchor="middle">'
        f"{escape(place)}</text>"
        for at, place in enumerate(places)
        if at % step == 0
    ]


def _side(one: Moved) -> str:
    return "down" if one.down else "up"


def _place(one: Moved, parts: Sequence[Moved]) -> int:
    """Give which of its side's parts it is, counted from the line."""
    return [each.name for each in parts if each.down == one.down].index(one.name) % len(_PATTERNS)


def _fill(one: Moved, parts: Sequence[Moved]) -> str:
    return f"url(#{_side(one)}-{_place(one, parts)})"


def _pattern(one: Moved, parts: Sequence[Moved]) -> str:
    place = _place(one, parts)
    ground = "ground" if _PATTERNS[place] else "full"
    return (
        f'<pattern id="{_side(one)}-{place}" class="{_side(one)}" width="6" height="6" '
        f'patternUnits="userSpaceOnUse"><rect class="{ground}" width="6" height="6"/>'
        f"{_PATTERNS[place]}</pattern>"
    )


def _legend(parts: Sequence[Moved]) -> Any:
    rows = [
        f'<li><svg class="swatch" width="14" height="14" aria-hidden="true"><rect class="{_side(one)}" '
        f'fill="{_fill(one, parts)}" x="1" y="1" width="12" height="12"/></svg> {escape(one.name)} '
        f'<span class="quiet">{"down" if one.down else "up"}</span></li>'
        for one in parts
    ]
    return minijinja.safe(f'<ul class="legend">{"".join(rows)}</ul>')


def _told(one: Moved, say: Say) -> str:
    known = [value for value in one.values if value is not None]
    return f"{one.name}: {say(sum(known))} in all." if known else f"{one.name}: nothing yet."
