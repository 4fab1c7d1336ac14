"""Definitions that runs are pinned to: the live ones, and older ones out of past releases.

A release keeps the closure hash of each of its workflows. So the release of an old run is found without
reading any other, however many there have been.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from threading import Lock

import msgspec

from engine.authoring.loader import load
from engine.customers.catalog import build_catalog
from engine.errors import ExpressionError
from engine.model.actions import ActionSpec
from engine.model.message import Message
from engine.model.workspace import Workspace
from engine.runs.program import CompiledWorkflow, closure_hash, compile_workflow
from engine.store.interface import Reader, Store
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset, compile_ruleset

PROGRAMS = 512
"""Old definitions that are kept compiled."""

WORKSPACES = 8
"""Old releases that are kept loaded: their workflows tend to be asked for one after the other."""

Wanted = tuple[str, str]
"""A workflow, and the hash of its closure."""


class _Old(msgspec.Struct, frozen=True):
    """A definition that is not live, with the messages of its release."""

    program: CompiledWorkflow
    messages: Mapping[str, Message]


class Definitions:
    """Finds a workflow by the hash of its closure, and the messages that belong to it."""

    def __init__(self, store: Store, live: Ruleset, actions: Mapping[str, ActionSpec]) -> None:
        self._store = store
        self._actions = actions
        self._live = live
        self._old: OrderedDict[Wanted, _Old | None] = OrderedDict()
        self._workspaces: OrderedDict[str, Workspace | None] = OrderedDict()
        self._releases: dict[Wanted, int] | None = None
        # The writer and whoever looks at runs both ask.
        self._lock = Lock()

    def workflow(self, name: str, definition: str) -> CompiledWorkflow | None:
        """Give the compiled workflow, None where no release ever had it."""
        live = self._live.workflow(name, definition)
        if live is not None:
            return live
        old = self._find((name, definition))
        return None if old is None else old.program

    def messages(self, name: str, definition: str) -> Mapping[str, Message]:
        """Give the messages as they were written when the definition was live."""
        if self._live.workflow(name, definition) is not None:
            return self._live.workspace.messages
        old = self._find((name, definition))
        return {} if old is None else old.messages

    def _find(self, wanted: Wanted) -> _Old | None:
        with self._lock:
            if wanted not in self._old:
                self._old[wanted] = self._compiled(wanted)
                while len(self._old) > PROGRAMS:
                    self._old.popitem(last=False)
            self._old.move_to_end(wanted)
            return self._old[wanted]

    def _compiled(self, wanted: Wanted) -> _Old | None:
        name, definition = wanted
        with self._store.reader() as reader:
            for release in self._candidates(reader, wanted):
                workspace = self._loaded(reader, release)
                if workspace is None or name not in workspace.workflows:
                    continue
                if closure_hash(workspace, name) != definition:
                    continue
                try:
                    catalog = build_catalog(workspace)
                    program = compile_workflow(workspace.workflows[name], workspace, catalog, self._actions)
                except ExpressionError:
                    continue
                return _Old(program, workspace.messages)
        return None

    def _candidates(self, reader: Reader, wanted: Wanted) -> Iterator[ReleaseRow]:
        """Give the release that has a definition, or those that do not say which they have."""
        if self._releases is None:
            self._releases = {
                (name, definition): row.number
                for row in reader.releases()
                for name, definition in row.closures.items()
            }
        number = self._releases.get(wanted)
        if number is not None:
            release = reader.release(number)
            if release is not None:
                yield release
            return
        yield from (row for row in reversed(reader.releases()) if not row.closures)

    def _loaded(self, reader: Reader, release: ReleaseRow) -> Workspace | None:
        if release.hash not in self._workspaces:
            self._workspaces[release.hash] = load(texts_of(reader, release), self._actions).workspace
            while len(self._workspaces) > WORKSPACES:
                self._workspaces.popitem(last=False)
        return self._workspaces[release.hash]


def texts_of(reader: Reader, release: ReleaseRow) -> dict[str, bytes]:
    """Give the files of a release by their paths."""
    texts = {path: reader.definition(sha256) for path, sha256 in release.files.items()}
    return {path: text.encode() for path, text in texts.items() if text is not None}


def compile_release(reader: Reader, release: ReleaseRow, actions: Mapping[str, ActionSpec]) -> Ruleset | None:
    """Give a past release as it was live, None where it can no longer be read."""
    workspace = load(texts_of(reader, release), actions).workspace
    try:
        return None if workspace is None else compile_ruleset(workspace, actions)
    except ExpressionError:
        return None
