"""SVG of what is laid out: no style of its own, read without colour, everything of the file escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from api.console.drawing.blocks import Written
from api.console.drawing.layout import LINE, PAD, Box, Label, Wire, lay_out

ROUND = {"starts": 18, "ends": 18, "stop": 18, "rule": 18, "ask": 12}
"""How round the corners of a box are; other boxes' are hardly so."""
CUT = frozenset(("if", "split"))
"""Boxes where the ways part have their corners cut off."""
HEAD = 5


def draw(written: Written, here: Mapping[str, int], id: str) -> str:
    """Give the picture as SVG; `here` is how many customers stand at a step, by its path.

    `id` begins the ids in it, of which a page may have each once.
    """
    laid = lay_out(written)
    parts = [
        f'<svg class="flow" role="img" viewBox="0 0 {laid.width} {laid.height}" width="{laid.width}" '
        f'height="{laid.height}" aria-labelledby="{escape(id)}-title {escape(id)}-desc" '
        f'xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{escape(id)}-title">{escape(f"{written.kind} {written.id}")}</title>',
        f'<desc id="{escape(id)}-desc">{escape(_told(written, here))}</desc>',
        *map(_wire, laid.wires),
        *map(_label, laid.labels),
        *(_box(box, here.get(box.path, 0) if box.path else 0) for box in laid.boxes),
        "</svg>",
    ]
    return "".join(parts)


def _told(written: Written, here: Mapping[str, int]) -> str:
    steps = sum(1 for _ in written.walk())
    told = f"{steps} {'part' if steps == 1 else 'parts'} from top to bottom, in the order of the file."
    standing = sum(here.values())
    if written.kind == "workflow":
        told += f" {standing:,} {'run stands' if standing == 1 else 'runs stand'} at them now."
    return f"{told} The same follows as a list."


def _wire(wire: Wire) -> str:
    path = " ".join(f"{'L' if place else 'M'}{x} {y}" for place, (x, y) in enumerate(wire.points))
    drawn = f'<path class="wire" d="{path}"/>'
    if not wire.head:
        return drawn
    (from_x, _), (x, y) = wire.points[-2:]
    if from_x == x:
        corners = ((x - HEAD, y - HEAD), (x + HEAD, y - HEAD))
    else:
        back = -HEAD if from_x < x else HEAD
        corners = ((x + back, y - HEAD), (x + back, y + HEAD))
    (one_x, one_y), (two_x, two_y) = corners
    return f'{drawn}<path class="head" d="M{x} {y} L{one_x} {one_y} L{two_x} {two_y} Z"/>'


def _label(label: Label) -> str:
    return f'<text class="way" x="{label.x}" y="{label.y + 15}">{escape(label.text)}</text>'


def _box(box: Box, here: int) -> str:
    kind = box.verb.split(" ")[0] if box.verb != "?" else "unknown"
    first = box.lines[0]
    said = first[len(box.verb) :] if first.startswith(box.verb) else f" {first}"
    texts = [
        f'<text x="{box.x + 2 * PAD}" y="{box.y + PAD + 13}"><tspan class="verb">{escape(box.verb)}</tspan>'
        f"{escape(said)}</text>",
        *(
            f'<text class="note" x="{box.x + 2 * PAD}" y="{box.y + PAD + 13 + LINE * place}">'
            f"{escape(line)}</text>"
            for place, line in enumerate(box.lines[1:], 1)
        ),
    ]
    badge = (
        f'<text class="here" x="{box.x + box.width + 10}" y="{box.y + PAD + 13}">{here:,} here</text>'
        if here
        else ""
    )
    return f'<g class="{escape(kind)}{" standing" if here else ""}">{_shape(box)}{"".join(texts)}{badge}</g>'


def _shape(box: Box) -> str:
    x, y, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    if box.verb in CUT:
        return (
            f'<path class="box" d="M{x + 12} {y} L{right - 12} {y} L{right} {y + 12} L{right} {bottom - 12} '
            f'L{right - 12} {bottom} L{x + 12} {bottom} L{x} {bottom - 12} L{x} {y + 12} Z"/>'
        )
    corner = min(ROUND.get(box.verb, 3), box.height // 2)
    drawn = f'<rect class="box" x="{x}" y="{y}" width="{box.width}" height="{box.height}" rx="{corner}"/>'
    if box.verb in ("wait", "wait for"):
        # A second edge tells a wait from what is done at once.
        drawn += f'<path class="edge" d="M{x + 6} {y + 4} L{x + 6} {bottom - 4}"/>'
    return drawn
