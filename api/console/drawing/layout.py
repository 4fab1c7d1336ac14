"""Layout: blocks become boxes one under the other, in the order of the file, branches set in as there.

A line runs down beside each row of steps. A branch leaves it to the right, under its name, and comes back
to it from the left of its last step, unless it ends there.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import msgspec

from api.console.drawing.blocks import Block, Branch, Written

WIDE, INDENT, GAP, LINE, PAD = 400, 44, 26, 18, 10
"""Units of a box's width, of a branch's indent, between boxes, of a line of text, and around the text."""
EDGE, SPINE, ASIDE, NAME = 12, 18, 110, 22
"""Units around everything, from a box's left to its line, for what stands beside, and of a name's height."""
LETTERS = 50
"""So many letters of a line go into a box."""
LINES_SHOWN = 8
"""So many lines a box shows; the list beside the picture has all."""

ENDS = frozenset(("stop",))


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A box with its lines of text; `path` is the step's, empty for what is none."""

    path: str
    verb: str
    lines: tuple[str, ...]
    x: int
    y: int
    width: int
    height: int


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a branch."""

    text: str
    x: int
    y: int
    width: int
    height: int


class Wire(msgspec.Struct, frozen=True):
    """A line along points, with a head at its end where it leads somewhere."""

    points: tuple[tuple[int, int], ...]
    head: bool = True


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """A picture: boxes, names and lines, and how much room they take."""

    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    wires: tuple[Wire, ...]
    width: int
    height: int


def lay_out(written: Written) -> Laid:
    """Lay a file out."""
    layer = _Layer()
    last = layer.row((written.begins, *written.blocks), 0, EDGE)
    if written.kind == "workflow" and not _ended(written.blocks):
        end = Block(verb="ends", says="completed")
        layer.join(0, last, last + GAP)
        last = layer.box(end, 0, last + GAP)
    if written.ends:
        whenever = Block(
            verb="stops at any step on",
            says=written.ends[0],
            notes=tuple(f"or {one}" for one in written.ends[1:]),
        )
        last = layer.box(whenever, 0, last + GAP)
    deepest = max(box.x + box.width for box in layer.boxes)
    return Laid(
        boxes=tuple(layer.boxes),
        labels=tuple(layer.labels),
        wires=tuple(layer.wires),
        width=deepest + ASIDE + EDGE,
        height=last + EDGE,
    )


class _Layer:
    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.labels: list[Label] = []
        self.wires: list[Wire] = []

    def row(self, blocks: Sequence[Block], depth: int, top: int) -> int:
        """Lay steps of one level under one another from `top` on; give where the last of them ends."""
        bottom = top
        for place, block in enumerate(blocks):
            if place:
                self.join(depth, bottom, top)
            bottom = last = self.box(block, depth, top)
            for branch in block.branches:
                last = self.branch(branch, depth, last)
            if block.branches and place == len(blocks) - 1 and not _ended((block,)):
                # The line goes on to where the level above takes it up.
                self.join(depth, bottom, last, head=False)
                bottom = last
            top = last + GAP
        return max(bottom, top - GAP)

    def branch(self, branch: Branch, depth: int, above: int) -> int:
        """Lay a branch out under its name; give where it ends."""
        spine, inner = _spine(depth), _left(depth + 1)
        top = above + GAP // 2
        text = branch.name if branch.blocks else f"{branch.name}: nothing"
        label = Label(text=_cut(text), x=inner, y=top, width=WIDE, height=NAME)
        self.labels.append(label)
        middle = top + NAME // 2
        self.wires.append(Wire(((spine, above), (spine, middle), (inner - 4, middle))))
        if not branch.blocks:
            return top + NAME
        start = top + NAME + GAP // 2
        self.join(depth + 1, top + NAME, start)
        last = self.row(branch.blocks, depth + 1, start)
        if _ended(branch.blocks):
            return last
        back = last + GAP // 2
        self.wires.append(Wire(((_spine(depth + 1), last), (_spine(depth + 1), back), (spine + 1, back))))
        return back

    def box(self, block: Block, depth: int, top: int) -> int:
        """Put a box down; give its lower edge."""
        lines = _lines(block)
        height = 2 * PAD + LINE * len(lines)
        self.boxes.append(
            Box(
                path=block.path,
                verb=block.verb,
                lines=lines,
                x=_left(depth),
                y=top,
                width=WIDE,
                height=height,
            )
        )
        return top + height

    def join(self, depth: int, above: int, below: int, *, head: bool = True) -> None:
        """Draw the line of a level from one place down to another."""
        spine = _spine(depth)
        self.wires.append(Wire(((spine, above), (spine, below)), head))


def _left(depth: int) -> int:
    return EDGE + depth * INDENT


def _spine(depth: int) -> int:
    return _left(depth) + SPINE


def _ended(blocks: Sequence[Block]) -> bool:
    """Tell whether nothing comes after these steps, whichever way is taken."""
    if not blocks:
        return False
    last = blocks[-1]
    if last.verb in ENDS:
        return True
    names = {branch.name for branch in last.branches}
    whole = bool(names) and (names != {"then"} if last.verb == "if" else True)
    return whole and all(_ended(branch.blocks) for branch in last.branches)


def _lines(block: Block) -> tuple[str, ...]:
    said = [line for text in (f"{block.verb} {block.says}", *block.notes) for line in _wrapped(text)]
    return tuple(said) if len(said) <= LINES_SHOWN else (*said[: LINES_SHOWN - 1], "…")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, LETTERS, break_on_hyphens=False) or [""]


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
