"""One file each: which kind it is, what it is called, and its Struct."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from engine.authoring import forms
from engine.authoring.binding import FAILED, bind, struct
from engine.authoring.draft import KEBAB
from engine.authoring.folder import SETTINGS
from engine.authoring.nodes import MapNode, Node, ScalarNode
from engine.authoring.reading import Page, read_text, read_tree, read_yaml
from engine.authoring.sheet import Origins, Sheet
from engine.authoring.wording import either, nearest
from engine.model.facts import FactsFile
from engine.model.goal import Goal
from engine.model.hook import HookMap
from engine.model.ladder import Calendar, Ladder
from engine.model.lifecycle import Lifecycle
from engine.model.message import Message
from engine.model.policy import PolicyFile
from engine.model.program import Program
from engine.model.rule import Rule
from engine.model.score import Score
from engine.model.segment import Segment
from engine.model.workflow import Workflow
from engine.model.workspace import Settings

KINDS: Mapping[str, type[msgspec.Struct]] = {
    "rule": Rule,
    "segment": Segment,
    "score": Score,
    "workflow": Workflow,
    "program": Program,
    "ladder": Ladder,
    "calendar": Calendar,
    "goal": Goal,
    "lifecycle": Lifecycle,
    "hook": HookMap,
    "policy": PolicyFile,
    "facts": FactsFile,
    "events": FactsFile,
    "subscriptions": FactsFile,
    "rfm": FactsFile,
}
"""The first key of a file, and what the file then is."""

SECTIONS = ("events", "subscriptions", "rfm")
"""First keys of a facts file other than `facts`."""

_FACTS = ("facts", *SECTIONS)
_UNNAMED = (*_FACTS, "policy")
_MESSAGE = re.compile(rf"{KEBAB.pattern}(?:\.[a-z]{{2}}(?:-[a-z]{{2}})?)?")
_FIRST_KEY = re.compile(r"^([a-z]+)\s*:", re.MULTILINE)


class Definition(msgspec.Struct, frozen=True):
    """A file that was read. `kind` is None where it could not be told, `thing` where it failed."""

    page: Page
    kind: str | None
    id: str
    thing: Any = None


def define(file: str, data: bytes, origins: Origins) -> Definition:
    """Read and bind one file of a workspace."""
    path = PurePosixPath(file)
    if path.suffix == ".md":
        return _message(file, path.stem, data, origins)
    if path.suffix == ".yml":
        page = Page(file)
        page.say(1, 1, "wrong-suffix", "this file would be overlooked", f"rename it to {path.stem}.yaml")
        return Definition(page, None, path.stem)
    page = read_yaml(file, data)
    if file == SETTINGS:
        return _settings(page, origins)
    if page.root is None:
        if not page.findings:
            page.say(
                1, 1, "empty-file", "the file is empty", "begin it with what it is, such as rule: my-rule"
            )
        return Definition(page, _guess(page.text), path.stem)
    kind = _kind(page.root, page)
    if kind is None:
        return Definition(page, None, path.stem)
    _room(page, page.root, kind)
    thing = bind(page.root, KINDS[kind], Sheet(page, origins))
    named = "facts" if kind in _FACTS else kind
    if kind not in _UNNAMED:
        _named(page, page.root, kind, path.stem)
    id = file if kind in _UNNAMED else path.stem
    return Definition(page, named, id, None if thing is FAILED else thing)


def _guess(text: str) -> str | None:
    """Give the kind of a file that YAML could not read, from the first key at its margin."""
    found = _FIRST_KEY.search(text)
    kind = found[1] if found else ""
    return "facts" if kind in _FACTS else kind if kind in KINDS else None


def _kind(root: Node, page: Page) -> str | None:
    if not isinstance(root, MapNode) or not root.entries:
        page.say(root.line, root.column, "no-kind", "a file begins with what it is", "write rule: my-rule")
        return None
    first = root.entries[0].key
    if first.text in KINDS:
        return first.text
    close = nearest(first.text, KINDS)
    later = [entry.key.text for entry in root.entries[1:] if entry.key.text in KINDS]
    if later:
        hint = f"move {later[0]}: to the top"
    elif close:
        hint = f"did you mean {close}?"
    else:
        hint = f"write one of {either(KINDS)} first"
    page.say(
        first.line, first.column, "no-kind", f"a file begins with what it is, not with {first.text}", hint
    )
    return None


def _room(page: Page, root: Node, kind: str) -> None:
    room = {"workflow": "workflows", "hook": "hooks"}.get(kind, "rules")
    if not page.file.startswith(f"{room}/"):
        noun = "an" if kind in ("events",) else "a"
        message = f"{noun} {kind} file does not belong here"
        page.say(root.line, root.column, "wrong-folder", message, f"move it into {room}/")


def _named(page: Page, root: Node, kind: str, stem: str) -> None:
    entry = root.entry(kind) if isinstance(root, MapNode) else None
    if entry is None or not isinstance(entry.value, ScalarNode) or not entry.value.text.strip():
        return
    node = entry.value
    if not KEBAB.fullmatch(node.text) or len(node.text) > 64:
        hint = "write small letters, digits and single dashes, as win-back"
        page.say(node.line, node.column, "bad-id", f"{node.text[:80]!r} is no id", hint)
    elif node.text != stem:
        message = f"this is {node.text}, and its file is {stem}.yaml"
        page.say(node.line, node.column, "id-not-file-name", message, "give both the same name")


def _settings(page: Page, origins: Origins) -> Definition:
    sheet = Sheet(page, origins)
    root = page.root
    if root is None or (isinstance(root, ScalarNode) and root.text == ""):
        empty = MapNode((), 1, 1)
        return Definition(page, "settings", "", sheet.keep(Settings(), empty))
    thing = bind(root, Settings, sheet)
    return Definition(page, "settings", "", None if thing is FAILED else thing)


def _message(file: str, stem: str, data: bytes, origins: Origins) -> Definition:
    """Read a message: a header between two lines of `---`, then the template."""
    page = read_text(file, data)
    failed = Definition(page, "message", stem)
    if page.findings:
        return failed
    if not _MESSAGE.fullmatch(stem):
        page.say(
            1,
            1,
            "bad-id",
            f"{stem[:80]!r} is no id",
            "name the file as cart-reminder.md or cart-reminder.de.md",
        )
        return failed
    lines = page.lines
    ends = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if lines[0].rstrip() != "---" or ends is None:
        page.say(
            1,
            1,
            "no-header",
            "a message begins with a header between two lines of ---",
            "write subject: and channel: there",
        )
        return failed
    header = Page(file, "\n".join(["", *lines[1:ends]]), None, page.findings, ["", *lines[1:ends]])
    read_tree(header)
    sheet = Sheet(page, origins)
    root = header.root
    if page.findings:
        return failed
    if root is None or (isinstance(root, ScalarNode) and root.text == ""):
        root = MapNode((), 2, 1)
    given = {"id": stem, "body": "\n".join(lines[ends + 1 :]).lstrip("\n")}
    for own in ("id", "body"):
        entry = root.entry(own) if isinstance(root, MapNode) else None
        if entry:
            page.say(
                entry.key.line,
                entry.key.column,
                "unknown-key",
                f"unknown key {own}",
                "write subject, channel, locale, owner or description",
            )
    thing = struct(root, Message, sheet, given)
    return Definition(page, "message", stem, None if thing is FAILED else thing)


def body_line(message_lines: list[str]) -> int:
    """Give the line on which a message's template begins, its first line that is not empty."""
    fences = [number for number, line in enumerate(message_lines) if line.rstrip() == "---"]
    after = fences[1] + 1
    return after + 1 + next((skip for skip, line in enumerate(message_lines[after:]) if line.strip()), 0)


# Imported for what it registers.
_ = forms
