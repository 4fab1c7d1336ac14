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

_BAR = 44
"""How tall a bar is with the line of text above it, in pixels."""

_TALL, _BELOW = 160, 24
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
    parts = []
    for index, bar in enumerate(found):
        top = index * _BAR
        # Text is not scaled with what is drawn, so that it can be read in a narrow place too: hence shares.
        parts.append(
            f'<text class="label" x="0" y="{top + 15}">{_short(bar.label)}</text>'
            f'<text class="value" x="100%" y="{top + 15}" text-anchor="end">{_said(bar.value)}</text>'
            f'<rect class="track" x="0" y="{top + 22}" width="100%" height="10" rx="3"/>'
            f'<rect class="bar" x="0" y="{top + 22}" width="{100 * bar.value / largest:.1f}%" '
            f'height="10" rx="3"/>'
        )
    most = max(found, key=lambda bar: bar.value, default=None)
    says = f"{title}: nothing yet." if most is None else f"{title}. Most: {most.label}, {_said(most.value)}."
    noted = any(bar.note for bar in found)
    return Chart(
        title,
        says,
        _svg(parts, len(found) * _BAR, says),
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

    def x(index: int) -> float:
        return 100 * index / max(1, len(places) - 1)

    def y(value: float) -> float:
        return 100 * (1 - (value - bottom) / span)

    drawn = [_line(one, x, y, _DASHES[index % len(_DASHES)]) for index, one in enumerate(series)]
    parts = [
        *_levels(bottom, top),
        # Stretched to its place, while its lines keep their width.
        f'<svg y="8" width="100%" height="{_TALL - 16}" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none" class="plot">{"".join(drawn)}</svg>',
        *_below(places),
    ]
    says = f"{title}. " + " ".join(_told(one, places) for one in series)
    return Chart(
        title,
        says,
        _svg(parts, _TALL + _BELOW, says, "chart lined"),
        (by, *(one.name for one in series)),
        tuple((place, *(_said(one.values[at]) for one in series)) for at, place in enumerate(places)),
    )


def _levels(bottom: float, top: float) -> list[str]:
    found = ((top, 8.0), ((bottom + top) / 2, _TALL / 2), (bottom, _TALL - 8.0))
    return [
        f'<line class="grid" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="tick" x="-8" y="{at + 4:.1f}" text-anchor="end">{_said(value)}</text>'
        for value, at in found
    ]


def _below(places: Sequence[str]) -> list[str]:
    """Name the first and the last place."""
    named = [(places[0], "0", "start"), (places[-1], "100%", "end")] if len(places) > 1 else []
    return [
        f'<text class="tick" x="{at}" y="{_TALL + 14}" text-anchor="{anchor}">{escape(place)}</text>'
        for place, at, anchor in named
    ]


def _line(one: Series, x: Any, y: Any, dash: str) -> str:
    points = [(x(at), y(value)) for at, value in enumerate(one.values) if value is not None]
    if not points:
        return ""
    path = " ".join(f"{'L' if at else 'M'}{left:.1f} {top:.1f}" for at, (left, top) in enumerate(points))
    drawn = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path class="line" d="{path}"{drawn} vector-effect="non-scaling-stroke"/>'


def _told(one: Series, places: Sequence[str]) -> str:
    found = [(place, value) for place, value in zip(places, one.values, strict=True) if value is not None]
    if not found:
        return f"{one.name}: nothing yet."
    (first, began), (last, ended) = found[0], found[-1]
    return f"{one.name}: {_said(began)} on {first}, {_said(ended)} on {last}."


def _said(value: float | None) -> str:
    return number(f"{value:.1f}".removesuffix(".0") if value is not None else None)


def _short(text: str, most: int = 40) -> str:
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def _svg(parts: Sequence[str], height: int, says: str, kind: str = "chart") -> Any:
    return minijinja.safe(
        f'<svg class="{kind}" role="img" width="100%" height="{max(height, 1)}" aria-label="{escape(says)}">'
        f"{''.join(parts)}</svg>"
    )
