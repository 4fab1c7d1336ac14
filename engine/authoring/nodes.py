"""The tree of an authored file: scalars, lists and maps, each with the place where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec

Style = Literal["plain", "single", "double", "block"]


class ScalarNode(msgspec.Struct, frozen=True, gc=False):
    """One piece of text. `raw` is how it stands in the file where that differs from `text`.

    `cut` tells that a plain text is followed by a comment on its line, `flow` that it stands
    inside `[...]` or `{...}`.
    """

    text: str
    line: int
    column: int
    style: Style = "plain"
    raw: str = ""
    cut: bool = False
    flow: bool = False

    @property
    def plain(self) -> bool:
        """Tell whether it was written without quotes, so that it may be a number, yes or no."""
        return self.style == "plain"

    def place_of(self, offset: int | None) -> tuple[int, int]:
        """Give the line and column of a character of `text`; of the start where lines were folded."""
        if offset is None or self.style == "block" or "\n" in self.text or "\n" in self.raw:
            return self.line, self.column
        if self.style == "plain":
            return self.line, self.column + offset
        return self.line, self.column + 1 + _written_length(self.raw[1:-1], self.style, offset)


class ListNode(msgspec.Struct, frozen=True, gc=False):
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int
    flow: bool = False


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One key of a map, and its value."""

    key: ScalarNode
    value: Node


class MapNode(msgspec.Struct, frozen=True, gc=False):
    """A map; the keys are different."""

    entries: tuple[Entry, ...]
    line: int
    column: int
    flow: bool = False

    def entry(self, key: str) -> Entry | None:
        """Give the entry of that key."""
        return next((entry for entry in self.entries if entry.key.text == key), None)


class RefusedNode(msgspec.Struct, frozen=True):
    """Something that YAML allows and we do not (an alias); it has had its sentence already."""

    line: int
    column: int


Node: TypeAlias = ScalarNode | ListNode | MapNode | RefusedNode

Path: TypeAlias = tuple[Any, ...]

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")


def _written_length(raw: str, style: Style, characters: int) -> int:
    """Tell how many characters of a quoted text's source stand for its first `characters`."""
    at = 0
    for _ in range(characters):
        if style == "single" and raw.startswith("''", at):
            at += 2
        elif style == "double" and (escape := _ESCAPE.match(raw, at)):
            at = escape.end()
        else:
            at += 1
    return at


def places(node: Node, path: Path = ()) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Give the line and column of every value of a tree, by its path of keys and positions."""
    yield path, (node.line, node.column)
    if isinstance(node, MapNode):
        for entry in node.entries:
            yield from places(entry.value, (*path, entry.key.text))
    elif isinstance(node, ListNode):
        for position, item in enumerate(node.items):
            yield from places(item, (*path, position))
