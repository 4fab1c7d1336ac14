"""Blocks: what a rule's or a workflow's file says, step by step in its own order and its own words."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.authoring.nodes import ListNode, MapNode, Node, ScalarNode
from engine.authoring.reading import read_yaml

VERBS = ("do", "run", "wait", "wait_for", "if", "split", "ask", "stop")
"""What a step may do; each step has one of them."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A step: what it does, what the file says of it, and the branches that begin at it.

    `path` is its place in the file, as runs have it: `2.then.0`. It is empty for what is no step.
    """

    path: str = ""
    verb: str
    says: str = ""
    notes: tuple[str, ...] = ()
    line: int = 0
    branches: tuple[Branch, ...] = ()


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A way that begins at a step: `then`, `else`, or an arm with its share."""

    name: str
    blocks: tuple[Block, ...] = ()


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it reads: what begins it, its steps, and what ends it before its last one."""

    kind: str
    id: str
    begins: Block
    blocks: tuple[Block, ...]
    ends: tuple[str, ...] = ()

    def walk(self) -> Iterator[tuple[int, str, Block]]:
        """Give every step in the order of the file, with how deep it stands and the way it stands in."""
        yield from _walk(self.blocks, 0, "")


def _walk(blocks: tuple[Block, ...], depth: int, way: str) -> Iterator[tuple[int, str, Block]]:
    for block in blocks:
        yield depth, way, block
        for branch in block.branches:
            yield from _walk(branch.blocks, depth + 1, branch.name)


def read_workflow(source: str) -> Written | None:
    """Read a workflow's file; None where it is none that can be read."""
    root = _root(source)
    if root is None or root.entry("workflow") is None:
        return None
    head = [
        f"{_spoken(name)}: {said}"
        for name in ("needs", "key", "reentry", "holdout", "goal")
        if (said := _said(root, name)) is not None
    ]
    begins = Block(verb="starts", says=_said(root, "workflow") or "", notes=tuple(head))
    return Written(
        kind="workflow",
        id=begins.says,
        begins=begins,
        blocks=_steps(_value(root, "steps"), ""),
        ends=tuple(_each(_value(root, "stop_when"))),
    )


def read_rule(source: str) -> Written | None:
    """Read a rule's file; None where it is none that can be read."""
    root = _root(source)
    if root is None or root.entry("rule") is None:
        return None
    blocks = []
    if (when := _value(root, "when")) is not None:
        first, *others = _each(when) or ["nothing"]
        notes = tuple(f"or {other}" for other in others)
        blocks.append(Block(verb="when", says=first, notes=notes, line=when.line))
    if (condition := _value(root, "if")) is not None:
        says, notes = _condition(condition)
        blocks.append(Block(verb="if", says=says, notes=notes, line=condition.line))
    if (at_most := _value(root, "at_most")) is not None:
        blocks.append(Block(verb="at most", says=_text(at_most), line=at_most.line))
    then = _value(root, "then")
    blocks.extend(_step(each, "") for each in (then.items if isinstance(then, ListNode) else ()))
    name = _said(root, "rule") or ""
    return Written(kind="rule", id=name, begins=Block(verb="rule", says=name), blocks=tuple(blocks))


def _root(source: str) -> MapNode | None:
    page = read_yaml("", source.encode())
    return page.root if isinstance(page.root, MapNode) and not page.findings else None


def _steps(node: Node | None, prefix: str) -> tuple[Block, ...]:
    items = node.items if isinstance(node, ListNode) else ()
    return tuple(_step(each, f"{prefix}{place}") for place, each in enumerate(items))


def _step(node: Node, path: str) -> Block:
    verb = next((verb for verb in VERBS if isinstance(node, MapNode) and node.entry(verb)), "")
    if not isinstance(node, MapNode) or not verb:
        return Block(path=path, verb="?", says=_text(node), line=node.line)
    value = _value(node, verb)
    assert value is not None
    says, notes = _text(value), tuple[str, ...]()
    branches: tuple[Branch, ...] = ()
    if verb == "if":
        says, notes = _condition(value)
        branches = tuple(
            Branch(name=way, blocks=_steps(_value(node, way), f"{path}.{way}."))
            for way in ("then", "else")
            if node.entry(way)
        )
    elif verb == "split":
        branches = tuple(_arms(_value(node, "arms"), path))
    elif verb == "ask" and isinstance(value, MapNode):
        says = _said(value, "question") or ""
        notes = tuple(
            f"{_spoken(entry.key.text)}: {_text(entry.value)}"
            for entry in value.entries
            if entry.key.text != "question"
        )
    notes += tuple(
        f"{_spoken(entry.key.text)}: {_text(entry.value)}"
        for entry in node.entries
        if entry.key.text not in (verb, "then", "else", "arms")
    )
    return Block(path=path, verb=_spoken(verb), says=says, notes=notes, line=node.line, branches=branches)


def _arms(node: Node | None, path: str) -> Iterator[Branch]:
    for entry in node.entries if isinstance(node, MapNode) else ():
        arm, name = entry.value, entry.key.text
        share = _said(arm, "share") if isinstance(arm, MapNode) else None
        steps = _value(arm, "then") if isinstance(arm, MapNode) else None
        yield Branch(
            name=name if share is None else f"{name}, {share}",
            blocks=_steps(steps, f"{path}.arms.{name}."),
        )


def _condition(node: Node) -> tuple[str, tuple[str, ...]]:
    """Give the first line of a condition, and the others each with the word that ties it to them."""
    lines: list[str] = []
    for entry in node.items if isinstance(node, ListNode) else (node,):
        some = _value(entry, "any") if isinstance(entry, MapNode) else None
        lines.append(_text(entry) if some is None else " or ".join(_each(some)))
    return (lines[0], tuple(f"and {line}" for line in lines[1:])) if lines else ("", ())


def _value(node: MapNode, key: str) -> Node | None:
    entry = node.entry(key)
    return None if entry is None else entry.value


def _said(node: MapNode, key: str) -> str | None:
    value = _value(node, key)
    return None if value is None else _text(value)


def _each(node: Node | None) -> list[str]:
    if node is None:
        return []
    return [_text(each) for each in node.items] if isinstance(node, ListNode) else [_text(node)]


def _text(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return " ".join(node.text.split())
    if isinstance(node, ListNode):
        return ", ".join(map(_text, node.items))
    if isinstance(node, MapNode):
        return ", ".join(f"{_spoken(each.key.text)} {_text(each.value)}" for each in node.entries)
    return ""


def _spoken(key: str) -> str:
    return key.replace("_", " ")
