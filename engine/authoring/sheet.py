"""Where every bound thing was written, so that a check can point at the exact key or value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from engine.authoring.nodes import ListNode, MapNode, Node, ScalarNode
from engine.authoring.reading import Page

WHOLE = "*"
Bound = TypeVar("Bound")


class Origins:
    """Remembers the node and page of every Struct that was bound, and what failed to be bound.

    Structs are told apart by identity: two equal durations stand in two places.
    """

    def __init__(self) -> None:
        self._bound: dict[int, tuple[object, Node, Page]] = {}
        self._failed: dict[tuple[int, str | None], Node] = {}

    def branch(self) -> Origins:
        """Give another that knows what this one knows; what it learns besides, this one does not."""
        other = Origins()
        other._bound = dict(self._bound)
        other._failed = dict(self._failed)
        return other

    def things(self, page: Page) -> Iterator[tuple[object, Node]]:
        """Give every Struct that was bound from a page, with its node."""
        for thing, node, home in self._bound.values():
            if home is page:
                yield thing, node

    def keep(self, thing: Bound, node: Node, page: Page) -> Bound:
        """Note that a Struct was bound from a node; gives the Struct."""
        self._bound[id(thing)] = (thing, node, page)
        return thing

    def fail(self, node: Node, key: str | None = None) -> None:
        """Note that a node, or a key missing from it, has had its sentence."""
        self._failed[id(node), key] = node

    def fail_in(self, node: Node, key: str | None = None) -> None:
        """Note that something inside a map or list failed: nothing is said of it as a whole."""
        self._failed[id(node), WHOLE] = node
        if key is not None:
            self._failed[id(node), key] = node

    def failed(self, thing: object, key: str) -> bool:
        """Tell whether that key of a Struct has had its sentence."""
        node = self.node(thing)
        return (id(node), key) in self._failed

    def page(self, thing: object) -> Page | None:
        """Give the page on which a Struct was written."""
        found = self._bound.get(id(thing))
        return found[2] if found else None

    def node(self, thing: object, *keys: str | int) -> Node | None:
        """Give the node of a Struct, or of what stands under these keys in it."""
        found = self._bound.get(id(thing))
        node = found[1] if found else None
        for key in keys:
            node = _child(node, key)
        return node

    def say(
        self,
        thing: object,
        *keys: str | int,
        code: str,
        message: str,
        hint: str = "",
        severity: str = "error",
        offset: int | None = None,
        at_key: bool = False,
    ) -> None:
        """Record a finding at a Struct, or at the deepest of `keys` that is written in it.

        Nothing is said of what could not be bound: that has had its sentence. `offset` counts
        characters of the scalar there, `at_key` points at the last key instead of its value.
        """
        found = self._bound.get(id(thing))
        if found is None:
            raise LookupError(f"{type(thing).__name__} was not read from a file")
        node, page = found[1], found[2]
        place = (node.line, node.column)
        for position, key in enumerate(keys):
            if (id(node), None) in self._failed or (id(node), str(key)) in self._failed:
                return
            child = _child(node, key)
            if child is None:
                break
            last = position == len(keys) - 1
            entry = node.entry(str(key)) if isinstance(node, MapNode) and (at_key and last) else None
            node = child
            place = (entry.key.line, entry.key.column) if entry else (child.line, child.column)
        if (id(node), None) in self._failed or ((id(node), WHOLE) in self._failed and not at_key):
            return
        if offset is not None and isinstance(node, ScalarNode):
            place = node.place_of(offset)
        page.say(*place, code, message, hint, severity)


def _child(node: Node | None, key: str | int) -> Node | None:
    if isinstance(node, MapNode) and isinstance(key, str):
        entry = node.entry(key)
        return entry.value if entry else None
    if isinstance(node, ListNode) and isinstance(key, int) and key < len(node.items):
        return node.items[key]
    return None


class Sheet(msgspec.Struct, frozen=True):
    """A page that is being bound, with the place to note what came from where."""

    page: Page
    origins: Origins

    def refuse(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Record an error at a node, and that it is not to be spoken of again."""
        self.page.say(node.line, node.column, code, message, hint)
        self.origins.fail(node)

    def keep(self, thing: Any, node: Node) -> Any:
        """Note where a Struct came from; gives the Struct."""
        return self.origins.keep(thing, node, self.page)
