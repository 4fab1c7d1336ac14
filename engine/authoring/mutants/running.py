"""Runs a thing's own tests on each of its mutants, and tells which of them nothing notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from engine.authoring.binding import FAILED, bind
from engine.authoring.checks import check
from engine.authoring.definitions import KINDS, Definition
from engine.authoring.draft import Draft
from engine.authoring.loader import Opened
from engine.authoring.mutants.making import changes
from engine.authoring.mutants.mutant import Mutant, changed
from engine.authoring.reading import Page
from engine.authoring.sheet import Origins, Sheet
from engine.authoring.tester import BOOKS, ruleset_for, run_case
from engine.customers.catalog import build_catalog
from engine.errors import HoldfastError
from engine.model.rule import StartRun
from engine.model.testcase import TestCase
from engine.model.workspace import Workspace

MUTATED = ("rule", "segment", "score", "lifecycle", "workflow", "program", "ladder")
"""The kinds whose tests are held against mutants: those that do something by themselves."""

Verdict = Literal["caught", "refused", "survived", "same"]
"""What becomes of a mutant; `same` is no mutant: what was left out is what holds without it too."""

Progress = Callable[[int, int], None]

_EMPTIED = frozenset(("empty-list", "empty-map"))
"""Findings that do not refuse a mutant: a list whose only entry was left out is played empty."""


class MutantReport(msgspec.Struct, frozen=True):
    """What became of every mutant: noticed by a test, refused by `check`, or neither."""

    caught: int
    refused: int
    survived: tuple[Mutant, ...]

    @property
    def mutants(self) -> int:
        """How many there were."""
        return self.caught + self.refused + len(self.survived)


def run_mutants(
    workspace: Workspace, opened: Opened, match: str | None = None, progress: Progress | None = None
) -> MutantReport:
    """Run the tests of every thing whose kind and id (`rule usage-drop`) contain `match` on its mutants.

    `opened` is what the workspace was made of. `progress` is told after each mutant how many of how
    many are done.
    """
    made = [
        (definition, mutant)
        for definition in opened.definitions
        for mutant in mutants_of(definition, opened)
        if match is None or match.lower() in mutant.thing.lower()
    ]
    verdicts: dict[Verdict, int] = dict.fromkeys(get_args(Verdict), 0)
    survived: list[Mutant] = []
    bench = _Bench(workspace, opened)
    for number, (definition, mutant) in enumerate(made, 1):
        verdict = bench.verdict(definition, mutant)
        verdicts[verdict] += 1
        if verdict == "survived":
            survived.append(mutant)
        if progress is not None:
            progress(number, len(made))
    return MutantReport(verdicts["caught"], verdicts["refused"], tuple(survived))


def mutants_of(definition: Definition, opened: Opened) -> Iterator[Mutant]:
    """Give the mutants of a file, in its order; none of a kind that does nothing by itself."""
    kind = definition.kind
    if kind in MUTATED:
        for change in changes(definition.page, opened.draft.origins):
            yield Mutant(definition.page.file, kind, definition.id, change)


class _Bench:
    """A workspace on which one thing after another is changed; remembers which test noticed last."""

    def __init__(self, workspace: Workspace, opened: Opened) -> None:
        self.workspace = workspace
        self.opened = opened
        self.origins = opened.draft.origins.branch()
        self.bare = _without_tests(workspace, self.origins)
        self.pages = [one.page for one in opened.definitions]
        self.sharp: dict[tuple[str, str], TestCase] = {}

    def verdict(self, definition: Definition, mutant: Mutant) -> Verdict:
        """Tell what becomes of a mutant."""
        workspace = self._with(definition, mutant)
        if workspace is None:
            return "refused"
        if _thing(workspace, mutant) == _thing(self.workspace, mutant):
            return "same"
        for kind, id in self._judges(mutant):
            if self._noticed(workspace, kind, id):
                return "caught"
        return "survived"

    def _with(self, definition: Definition, mutant: Mutant) -> Workspace | None:
        """Give the workspace with a mutant in it; None where `check` refuses it."""
        kind, base = mutant.kind, definition.page
        if base.root is None:
            return None
        root = changed(base.root, mutant.change.path, mutant.change.node)
        page = Page(base.file, base.text, root, [], base.lines)
        origins = self.origins.branch()
        thing = bind(root, KINDS[kind], Sheet(page, origins))
        if thing is FAILED:
            return None
        workspace = _replaced(self.bare, kind, mutant.id, thing)
        for other in self.pages:
            other.findings.clear()
        check(Draft(workspace, build_catalog(workspace), origins, self.opened.draft.actions))
        found = [finding for one in (page, *self.pages) for finding in one.findings]
        refused = any(one.severity == "error" and one.code not in _EMPTIED for one in found)
        return None if refused else _replaced(self.workspace, kind, mutant.id, thing)

    def _judges(self, mutant: Mutant) -> list[tuple[str, str]]:
        """Give the things whose tests judge: its own; of what only a start shows, its rules' too."""
        own = [(mutant.kind, mutant.id)]
        if mutant.kind != "workflow" or mutant.change.path not in (("reentry",), ("key",)):
            return own
        return own + [
            ("rule", rule.id)
            for rule in self.workspace.rules.values()
            if any(isinstance(action, StartRun) and action.run == mutant.id for action in rule.then)
        ]

    def _noticed(self, workspace: Workspace, kind: str, id: str) -> bool:
        thing = getattr(workspace, BOOKS[kind])[id]
        sharp = self.sharp.get((kind, id))
        # Whoever noticed the mutant before most often notices this one too.
        cases = sorted(thing.tests, key=lambda case: sharp is None or case.it != sharp.it)
        try:
            ruleset = ruleset_for(workspace, kind, id, self.opened.draft.actions)
        except HoldfastError:
            return True
        for case in cases:
            try:
                noticed = bool(run_case(ruleset, kind, id, case))
            except Exception:  # the tester calls it an error of the test, and that is red too
                noticed = True
            if noticed:
                self.sharp[kind, id] = case
                return True
        return False


def _without_tests(workspace: Workspace, origins: Origins) -> Workspace:
    """Give the workspace without its tests: those of what is not changed need no second look."""
    books: dict[str, Any] = {}
    for book in BOOKS.values():
        things: Mapping[str, Any] = getattr(workspace, book)
        books[book] = {id: _bare(thing, origins) for id, thing in things.items()}
    return msgspec.structs.replace(workspace, **books)


def _bare(thing: Any, origins: Origins) -> Any:
    node, page = origins.node(thing), origins.page(thing)
    bare = msgspec.structs.replace(thing, tests=())
    return bare if node is None or page is None else origins.keep(bare, node, page)


def _thing(workspace: Workspace, mutant: Mutant) -> Any:
    return getattr(workspace, BOOKS[mutant.kind])[mutant.id]


def _replaced(workspace: Workspace, kind: str, id: str, thing: Any) -> Workspace:
    book: Mapping[str, Any] = getattr(workspace, BOOKS[kind])
    return msgspec.structs.replace(workspace, **{BOOKS[kind]: {**book, id: thing}})
