"""Charts: SVG drawn by the server, which is read without colour, with the numbers as a table beside it.

What is drawn has no style of its own: its classes are in the stylesheet, for light and dark. Kinds differ by
position, by a label in words, and by the dash of their line; never by colour alone.

A template shows a chart with `{{ chart(found) }}` of `parts.html`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import minijinja
import msgspec

from api.console.words import number

WIDTH = 640
"""The width of what is drawn, in its own units: it is shown as wide as there is room."""

_ROW, _LABEL, _VALUE = 28, 190, 70
_LINE_HEIGHT, _LEFT, _BELOW = 180, 44, 26
_DASHES = ("", "6 4", "2 3", "10 4 2 4")


class Chart(msgspec.Struct, frozen=True):
    """A chart: what it says in a sentence, the picture, and the very numbers as a table."""

    title: str
    says: str
    svg: Any
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Bar(msgspec.Struct, frozen=True):
    """A bar: its label, its number, and what is said of it beside the number."""

    label: str
    value: float
    note: str = ""


class Series(msgspec.Struct, frozen=True):
    """A line: its name, and a number for each of the chart's places, None where there is none."""

    name: str
    values: Sequence[float | None]


def bars(title: str, found: Sequence[Bar], *, of: str = "Number", by: str = "") -> Chart:
    """Give horizontal bars, the label before each and the number after it; `of` names the numbers."""
    largest = max((bar.value for bar in found), default=0) or 1
    room = WIDTH - _LABEL - _VALUE
    parts = []
    for index, bar in enumerate(found):
        top = index * _ROW
        wide = max(2.0, room * bar.value / largest) if bar.value else 0
        parts.append(
            f'<text class="label" x="{_LABEL - 10}" y="{top + 18}" text-anchor="end">'
            f"{_short(bar.label)}</text>"
            f'<rect class="bar" x="{_LABEL}" y="{top + 5}" width="{wide:.1f}" height="18" rx="2"/>'
            f'<text class="value" x="{_LABEL + wide + 8:.1f}" y="{top + 18}">{_said(bar.value)}</text>'
        )
    most = max(found, key=lambda bar: bar.value, default=None)
    says = f"{title}: nothing yet." if most is None else f"{title}. Most: {most.label}, {_said(most.value)}."
    noted = any(bar.note for bar in found)
    return Chart(
        title,
        says,
        _svg(parts, len(found) * _ROW, says),
        (by or "Name", of, *(("",) if noted else ())),
        tuple((bar.label, _said(bar.value), *((bar.note,) if noted else ())) for bar in found),
    )


def lines(
    title: str, places: Sequence[str], series: Sequence[Series], *, low: float | None = None,
    high: float | None = None, by: str = "Day",
) -> Chart:  # fmt: skip
    """Give lines over the same places; between `low` and `high`, or what the numbers need."""
    known = [value for one in series for value in one.values if value is not None]
    bottom = min(known, default=0.0) if low is None else low
    top = max(known, default=1.0) if high is None else high
    span = (top - bottom) or 1
    wide = WIDTH - _LEFT - 90

    def x(index: int) -> float:
        return _LEFT + wide * index / max(1, len(places) - 1)

    def y(value: float) -> float:
        return 10 + (_LINE_HEIGHT - 20) * (1 - (value - bottom) / span)

    parts = [_grid(bottom, top, y, wide), *_below(places, x)]
    for index, one in enumerate(series):
        parts.append(_line(one, x, y, _DASHES[index % len(_DASHES)]))
    says = f"{title}. " + " ".join(_told(one, places) for one in series)
    return Chart(
        title,
        says,
        _svg(parts, _LINE_HEIGHT + _BELOW, says),
        (by, *(one.name for one in series)),
        tuple((place, *(_said(one.values[at]) for one in series)) for at, place in enumerate(places)),
    )


def _grid(bottom: float, top: float, y: Any, wide: float) -> str:
    levels = (bottom, (bottom + top) / 2, top)
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y(at):.1f}" y2="{y(at):.1f}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{y(at) + 4:.1f}" text-anchor="end">{_said(at)}</text>'
        for at in levels
    )


def _below(places: Sequence[str], x: Any) -> list[str]:
    every = max(1, -(-len(places) // 6))
    return [
        f'<text class="tick" x="{x(at):.1f}" y="{_LINE_HEIGHT + 16}" text-anchor="middle">'
        f"{escape(place)}</text>"
        for at, place in enumerate(places)
        if at % every == 0
    ]


def _line(one: Series, x: Any, y: Any, dash: str) -> str:
    points = [(x(at), y(value)) for at, value in enumerate(one.values) if value is not None]
    if not points:
        return ""
    path = " ".join(f"{'L' if at else 'M'}{left:.1f} {top:.1f}" for at, (left, top) in enumerate(points))
    drawn = f' stroke-dasharray="{dash}"' if dash else ""
    (left, top) = points[-1]
    return (
        f'<path class="line" d="{path}"{drawn}/><circle class="dot" cx="{left:.1f}" cy="{top:.1f}" r="3"/>'
        f'<text class="label" x="{left + 8:.1f}" y="{top + 4:.1f}">{_short(one.name, 12)}</text>'
    )


def _told(one: Series, places: Sequence[str]) -> str:
    found = [(place, value) for place, value in zip(places, one.values, strict=True) if value is not None]
    if not found:
        return f"{one.name}: nothing yet."
    (first, began), (last, ended) = found[0], found[-1]
    return f"{one.name}: {_said(began)} on {first}, {_said(ended)} on {last}."


def _said(value: float | None) -> str:
    return number(f"{value:.1f}".removesuffix(".0") if value is not None else None)


def _short(text: str, most: int = 26) -> str:
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def _svg(parts: Sequence[str], height: int, says: str) -> Any:
    tall = max(height, 1)
    return minijinja.safe(
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {tall}" width="{WIDTH}" height="{tall}" '
        f'aria-label="{escape(says)}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
