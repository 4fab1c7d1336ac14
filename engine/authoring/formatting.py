"""Formatting: a YAML file in the form that all share, with its comments, and with the same meaning.

The key that says what a file is comes first and its tests last; what stands between keeps its order,
and what somebody has aligned by hand stays aligned. Nothing is done that would change a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from engine.authoring.definitions import KINDS
from engine.authoring.nodes import ListNode, MapNode, Node, RefusedNode, ScalarNode
from engine.authoring.reading import read_yaml
from engine.errors import AuthoringError, Finding

LAST = "tests"


def format_yaml(file: str, data: bytes) -> bytes:
    """Give a file's bytes in the common form; the same again gives the same.

    Raises AuthoringError where it is no YAML that could be loaded.
    """
    page = read_yaml(file, data)
    if page.findings or page.root is None:
        raise AuthoringError(page.findings or [_lost(file)])
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    ordered = "\n".join(_ordered(_spaced(text), page.root))
    formatted = "\n".join(_spaced(ordered)).encode() + b"\n"
    again = read_yaml(file, formatted)
    if (
        again.findings
        or _content(again.root) != _content(page.root)
        or _comments(formatted) != _comments(data)
    ):
        raise AuthoringError([_lost(file)])
    return formatted


def _lost(file: str) -> Finding:
    return Finding(file, 1, 1, "unformatted", "this file cannot be put into form", "leave it as it is")


def _inside_of_texts(text: str) -> set[int]:
    """Give the lines (from 0) that lie inside a text of several lines, where spaces mean something."""
    found: set[int] = set()
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.ScalarToken) and token.end_mark.line > token.start_mark.line:
            found.update(range(token.start_mark.line, token.end_mark.line))
            if token.end_mark.column:
                found.add(token.end_mark.line)
    return found


def _spaced(text: str) -> list[str]:
    """Take away spaces at the ends of lines, and empty lines beyond one in a row and at both ends."""
    kept = _inside_of_texts(text)
    found: list[str] = []
    for number, line in enumerate(text.split("\n")):
        plain = line if number in kept else line.rstrip(" ")
        if not plain and number not in kept and (not found or not found[-1]):
            continue
        found.append(plain)
    while found and not found[-1]:
        found.pop()
    return found


def _ordered(lines: list[str], tree: Node) -> list[str]:
    """Put the block of the key that says what the file is first, and that of its tests last."""
    if not isinstance(tree, MapNode) or tree.flow:
        return lines
    keys = [entry.key.text for entry in tree.entries]
    kind = next((key for key in keys if key in KINDS), None)
    wanted = [key for key in keys if key not in (kind, LAST)]
    wanted = [*([kind] if kind else []), *wanted, *([LAST] if LAST in keys else [])]
    if wanted == keys:
        return lines
    head, blocks = _blocks(lines, keys)
    found = list(head)
    for key in wanted:
        found += blocks[key]
    return found


def _blocks(lines: list[str], keys: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Cut a file into what stands above its first key, and a block a key with the comments above it."""
    starts: list[tuple[int, str]] = []
    left = list(keys)
    for number, line in enumerate(lines):
        if left and line.split(":", 1)[0].strip().strip("'\"") == left[0] and not line.startswith((" ", "#")):
            starts.append((number, left.pop(0)))
    begins: list[tuple[int, str]] = []
    for number, key in starts:
        at = number
        while at and begins and lines[at - 1].startswith("#") and at - 1 > begins[-1][0]:
            at -= 1
        begins.append((at, key))
    ends = [at for at, _ in begins[1:]] + [len(lines)]
    blocks = {key: lines[at:end] for (at, key), end in zip(begins, ends, strict=True)}
    return lines[: begins[0][0]] if begins else lines, blocks


def _content(node: Node | None) -> Any:
    """Give what a file says, without where it stands and in which order its keys are."""
    match node:
        case ScalarNode():
            return node.text, node.plain
        case ListNode():
            return tuple(_content(item) for item in node.items)
        case MapNode():
            return frozenset((entry.key.text, _content(entry.value)) for entry in node.entries)
        case RefusedNode() | None:
            return None


def _comments(data: bytes) -> list[str]:
    """Give every line's comment, sorted: what is in a text counts too, and must not be lost either."""
    lines = data.decode("utf-8-sig").replace("\r", "\n").split("\n")
    return sorted(line.partition("#")[2].strip() for line in lines if "#" in line)
