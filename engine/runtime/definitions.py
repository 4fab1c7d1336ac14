"""Definitions that runs are pinned to: the live ones, and older ones out of past releases."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from engine.authoring.loader import load
from engine.errors import ExpressionError
from engine.model.actions import ActionSpec
from engine.model.message import Message
from engine.runs.program import CompiledWorkflow, closure_hash
from engine.store.interface import Reader, Store
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset, compile_ruleset

_MOST = 16


class Definitions:
    """Finds a workflow by the hash of its closure, and the messages that belong to it."""

    def __init__(self, store: Store, live: Ruleset, actions: Mapping[str, ActionSpec]) -> None:
        self._store = store
        self._actions = actions
        self._live = live
        self._rulesets: OrderedDict[str, Ruleset | None] = OrderedDict()
        self._found: dict[tuple[str, str], Ruleset | None] = {}

    def workflow(self, name: str, definition: str) -> CompiledWorkflow | None:
        """Give the compiled workflow, None where no release ever had it."""
        ruleset = self._ruleset(name, definition)
        return None if ruleset is None else ruleset.workflow(name, definition)

    def messages(self, name: str, definition: str) -> Mapping[str, Message]:
        """Give the messages as they were written when the definition was live."""
        ruleset = self._ruleset(name, definition)
        return {} if ruleset is None else ruleset.workspace.messages

    def _ruleset(self, name: str, definition: str) -> Ruleset | None:
        if self._live.workflow(name, definition) is not None:
            return self._live
        wanted = (name, definition)
        if wanted not in self._found:
            self._found[wanted] = self._search(name, definition)
        return self._found[wanted]

    def _search(self, name: str, definition: str) -> Ruleset | None:
        with self._store.reader() as reader:
            for release in reversed(reader.releases()):
                ruleset = self._compiled(reader, release)
                if ruleset is not None and closure_hash(ruleset.workspace, name) == definition:
                    return ruleset if name in ruleset.workflows else None
        return None

    def _compiled(self, reader: Reader, release: ReleaseRow) -> Ruleset | None:
        if release.hash not in self._rulesets:
            self._rulesets[release.hash] = compile_release(reader, release, self._actions)
            while len(self._rulesets) > _MOST:
                self._rulesets.popitem(last=False)
        return self._rulesets[release.hash]


def compile_release(reader: Reader, release: ReleaseRow, actions: Mapping[str, ActionSpec]) -> Ruleset | None:
    """Give a past release as it was live, None where it can no longer be read."""
    texts = {path: reader.definition(sha256) for path, sha256 in release.files.items()}
    workspace = load(
        {path: text.encode() for path, text in texts.items() if text is not None}, actions
    ).workspace
    try:
        return None if workspace is None else compile_ruleset(workspace, actions)
    except ExpressionError:
        return None
