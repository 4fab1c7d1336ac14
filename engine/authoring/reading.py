"""From the bytes of a file to its tree: limits first, then one pass over the C parser's events.

PyYAML's `compose` would recurse into half a million `[`; events come one by one, so depth and
size are known before anything is built, and the tree is built of them in the same pass.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from engine.authoring.nodes import Entry, ListNode, MapNode, Node, RefusedNode, ScalarNode, Style
from engine.authoring.torn import DOUBLE_QUOTES, explain
from engine.errors import Finding

LARGEST_FILE = 1_048_576
DEEPEST = 32
MOST_NODES = 50_000
MOST_FINDINGS = 50
"""A file with more findings than this is told so, instead of a wall of lines."""

LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_TAB = re.compile("\t")
_CUT = re.compile(r"[ ]+#(?P<after>.?)")
_STYLES: dict[str, Style] = {"'": "single", '"': "double", "|": "block", ">": "block"}


class Page(msgspec.Struct):
    """One file being read: its text, its tree as far as there is one, and what is wrong in it."""

    file: str
    text: str = ""
    root: Node | None = None
    findings: list[Finding] = []
    lines: list[str] = []

    def say(
        self, line: int, column: int, code: str, message: str, hint: str = "", severity: str = "error"
    ) -> None:
        """Record a finding; after fifty only that there are more."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(self.file, line, column, code, message, hint, severity))
        elif len(self.findings) == MOST_FINDINGS:
            text = f"there is more than these {MOST_FINDINGS}"
            hint = "mend them, and check again"
            self.findings.append(Finding(self.file, line, column, "too-many-findings", text, hint))

    @property
    def full(self) -> bool:
        """Tell whether there is no use in looking further."""
        return len(self.findings) > MOST_FINDINGS


def read_text(file: str, data: bytes) -> Page:
    """Decode a file; what cannot be text of ours is found here, and `lines` stays empty."""
    page = Page(file)
    if len(data) > LARGEST_FILE:
        page.say(1, 1, "file-too-large", f"the file has {len(data)} bytes", "split it; 1 MiB is the most")
        return page
    try:
        page.text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = LINE_END.split(data[: error.start].decode("utf-8"))
        page.say(len(before), len(before[-1]) + 1, "not-utf-8", "this is not UTF-8", "save the file as UTF-8")
        return page
    lines = LINE_END.split(page.text)
    if _CONTROL.search(page.text):
        _point_out(
            page, lines, _CONTROL, "control-character", "this is no character of a text", "take it out"
        )
    else:
        page.lines = lines
    return page


def read_yaml(file: str, data: bytes) -> Page:
    """Read a YAML file into a tree; every refusal is a finding."""
    page = read_text(file, data)
    if "\t" in page.text:
        _point_out(page, page.lines, _TAB, "tab", "this is a tab", "write spaces")
    if not page.findings:
        read_tree(page)
    return page


def _point_out(
    page: Page, lines: list[str], what: re.Pattern[str], code: str, message: str, hint: str
) -> None:
    """Say the same of every line that has such a character."""
    for number, line in enumerate(lines, 1):
        if page.full:
            return
        if match := what.search(line):
            page.say(number, match.start() + 1, code, message, hint)


def read_tree(page: Page) -> None:
    """Build the tree of a decoded page from the parser's events, as far as they are allowed."""
    loader = yaml.CSafeLoader(page.text)
    builder = _Builder(page)
    try:
        while not builder.done and (event := loader.get_event()) is not None:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        page.say(*explain(error, page.lines))
    finally:
        loader.dispose()
    page.root = builder.root


class _Frame(msgspec.Struct):
    """A list or map that is still open."""

    line: int
    column: int
    flow: bool
    is_map: bool
    items: list[Node] = []
    entries: list[Entry] = []
    seen: dict[str, ScalarNode] = {}
    key: Node | None = None


class _Builder:
    """Puts nodes together from events; holds the limits on depth, count and documents.

    An event is Any here: the stubs do not know that those of the C parser always have their marks.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Node | None = None
        self.done = False
        self.open: list[_Frame] = []
        self.nodes = 0
        self.documents = 0

    def take(self, event: Any) -> None:
        start = event.start_mark
        line, column = start.line + 1, start.column + 1
        kind = type(event)
        if kind is yaml.ScalarEvent:
            tagged = self._properties(event, line, column)
            self._add(RefusedNode(line, column) if tagged else self._scalar(event, line, column))
        elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
            self._properties(event, line, column)
            self._begin(event, line, column)
        elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event, line, column)
        elif kind is yaml.DocumentStartEvent:
            self._document(event, line, column)

    def _alias(self, event: Any, line: int, column: int) -> None:
        hint = f"write the value out; an expression that begins with * {DOUBLE_QUOTES}"
        self._refuse(line, column, "alias", f"*{event.anchor} is an alias of YAML", hint)
        self._add(RefusedNode(line, column))

    def _refuse(self, line: int, column: int, code: str, message: str, hint: str) -> None:
        self.page.say(line, column, code, message, hint)
        self.done = self.done or self.page.full

    def _stop(self, line: int, column: int, code: str, message: str, hint: str) -> None:
        self._refuse(line, column, code, message, hint)
        self.root, self.done = None, True

    def _document(self, event: Any, line: int, column: int) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(
                line,
                column,
                "several-documents",
                "a second document begins here",
                "put it into a file of its own",
            )
            self.done = True
        elif event.version or event.tags:
            self._refuse(
                line, column, "directive", "a line that begins with % is a directive of YAML", "take it out"
            )

    def _properties(self, event: Any, line: int, column: int) -> bool:
        if event.anchor is not None:
            self._refuse(
                line,
                column,
                "anchor",
                f"&{event.anchor} is an anchor of YAML",
                f"write the value out where it is needed; a text that begins with & {DOUBLE_QUOTES}",
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            own = tag.startswith("!")
            negation = own and isinstance(event, yaml.ScalarEvent)
            shown = tag if own else f"!!{tag.rpartition(':')[2]}"
            self._refuse(
                line,
                column,
                "tag",
                f"{shown} is a tag of YAML",
                "write not instead of !" if negation else "take it out",
            )
        return tag is not None

    def _count(self, line: int, column: int) -> bool:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self._stop(
                line, column, "too-many-nodes", f"the file has more than {MOST_NODES} values", "split it"
            )
        return not self.done

    def _scalar(self, event: Any, line: int, column: int) -> ScalarNode:
        style = _STYLES.get(event.style or "", "plain")
        flow = bool(self.open) and self.open[-1].flow
        start, end = event.start_mark, event.end_mark
        if style != "plain":
            raw = self.page.text[start.index : end.index] if start.line == end.line else "\n"
            return ScalarNode(event.value, line, column, style, raw, flow=flow)
        # What ends with the file may end behind its last line.
        last = self.page.lines[end.line] if end.line < len(self.page.lines) else ""
        rest = _CUT.match(last, end.column)
        if rest and rest["after"].strip() not in ("", "#", "!") and " " in event.value and not self._at_key():
            self._refuse(
                end.line + 1,
                end.column + 1,
                "cut-text",
                "a # after a space begins a comment and cuts this text",
                f"a text with # {DOUBLE_QUOTES}; a comment has a space after its #",
            )
        several = "\n" if start.line != end.line else ""
        return ScalarNode(event.value, line, column, "plain", several, cut=rest is not None, flow=flow)

    def _at_key(self) -> bool:
        return bool(self.open) and self.open[-1].is_map and self.open[-1].key is None

    def _begin(self, event: Any, line: int, column: int) -> None:
        if not self._count(line, column):
            return
        if len(self.open) >= DEEPEST:
            self._stop(
                line, column, "too-deep", f"this is nested over {DEEPEST} levels deep", "write it flatter"
            )
            return
        is_map = isinstance(event, yaml.MappingStartEvent)
        self.open.append(_Frame(line, column, bool(event.flow_style), is_map))

    def _end(self) -> None:
        frame = self.open.pop()
        node: Node = (
            MapNode(tuple(frame.entries), frame.line, frame.column, frame.flow)
            if frame.is_map
            else ListNode(tuple(frame.items), frame.line, frame.column, frame.flow)
        )
        self._put(node)

    def _add(self, node: Node) -> None:
        if self._count(node.line, node.column):
            self._put(node)

    def _put(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        frame = self.open[-1]
        if not frame.is_map:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = node
        else:
            key, frame.key = frame.key, None
            self._enter(frame, key, node)

    def _enter(self, frame: _Frame, key: Node, value: Node) -> None:
        if not isinstance(key, ScalarNode):
            if not isinstance(key, RefusedNode):
                kind = "list" if isinstance(key, ListNode) else "map"
                self._refuse(
                    key.line,
                    key.column,
                    "key-not-text",
                    f"a key is a text, and this one is a {kind}",
                    f"an expression that begins with [ or {{ {DOUBLE_QUOTES}",
                )
        elif key.plain and key.text == "<<":
            self._refuse(key.line, key.column, "merge-key", "<< is a merge of YAML", "write those keys here")
        elif (first := frame.seen.get(key.text)) is not None:
            self._refuse(
                key.line,
                key.column,
                "duplicate-key",
                f"{key.text} appears twice, first at line {first.line}, column {first.column}",
                "take one of the two out",
            )
        else:
            frame.seen[key.text] = key
            frame.entries.append(Entry(key, value))
