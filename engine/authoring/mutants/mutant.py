"""One mutant: where a file is changed, from what to what; and a file's tree with that change made."""

from __future__ import annotations

import msgspec

from engine.authoring.nodes import Entry, ListNode, MapNode, Node, Path, RefusedNode, ScalarNode

LONGEST_SHOWN = 100
"""What is left out is shown in a line, and cut after so many characters."""


class Change(msgspec.Struct, frozen=True):
    """One change inside an authored file: `node` stands in the place of what `path` leads to.

    `node` is None where that is taken out; `shown` is then None too. `before` and `shown` are what a
    person reads; `hint` says which test would notice.
    """

    path: Path
    node: Node | None
    line: int
    column: int
    before: str
    shown: str | None
    hint: str


class Mutant(msgspec.Struct, frozen=True):
    """A change of a thing, such as `rule usage-drop`."""

    file: str
    kind: str
    id: str
    change: Change

    @property
    def thing(self) -> str:
        """What is changed, by its kind and id."""
        return f"{self.kind} {self.id}"


def changed(root: Node, path: Path, node: Node | None) -> Node:
    """Give a tree in which `node` stands where `path` leads to, or nothing does."""
    if not path:
        return root if node is None else node
    key, rest = path[0], path[1:]
    if isinstance(root, MapNode):
        entries: list[Entry] = []
        for entry in root.entries:
            if entry.key.text != key:
                entries.append(entry)
            elif rest or node is not None:
                entries.append(Entry(entry.key, changed(entry.value, rest, node)))
        return MapNode(tuple(entries), root.line, root.column, root.flow)
    if isinstance(root, ListNode):
        items: list[Node] = []
        for position, item in enumerate(root.items):
            if position != key:
                items.append(item)
            elif rest or node is not None:
                items.append(changed(item, rest, node))
        return ListNode(tuple(items), root.line, root.column, root.flow)
    return root


def rewritten(node: ScalarNode, text: str) -> ScalarNode:
    """Give a scalar with another text, in the same place; with quotes where it had some."""
    return ScalarNode(text, node.line, node.column, "plain" if node.plain else "double", flow=node.flow)


def told(node: Node) -> str:
    """Give what a node holds, in a line that is cut where it is long."""
    text = _flow(node, outer=True)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _flow(node: Node, *, outer: bool = False) -> str:
    if isinstance(node, RefusedNode):
        return ""
    if isinstance(node, ScalarNode):
        return " ".join(node.text.split())
    if isinstance(node, ListNode):
        return f"[{', '.join(_flow(item) for item in node.items)}]"
    inside = ", ".join(f"{entry.key.text}: {_flow(entry.value)}" for entry in node.entries)
    return inside if outer else f"{{{inside}}}"
