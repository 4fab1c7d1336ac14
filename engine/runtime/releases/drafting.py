"""Drafting: files that somebody sends become a plan, with the store's help."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from engine.authoring.loader import load
from engine.authoring.planning import (
    Plan,
    Tested,
    changes_between,
    facts_between,
    merged,
    never_heard,
    places,
    runs_between,
    token_of,
)
from engine.authoring.tester import run_tests
from engine.errors import ConflictError, StoreError
from engine.model.actions import ActionSpec
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.definitions import compile_release, texts_of
from engine.runtime.releases.counting import count
from engine.runtime.releases.standing import sound
from engine.runtime.shell import Shell
from engine.store.proposing import PlanRow
from engine.timeline.ruleset import compile_ruleset

TESTING = 60.0
"""Seconds that a plan gives the workspace's own tests."""

MOST_TOLD = 20
"""So many failures of tests are told."""


class _Enough(Exception):
    """The time for tests is over."""


def draft(
    shell: Shell, asked: Mapping[str, str | None], *, whole: bool, by: str, now: Micros
) -> tuple[Plan, PlanRow | None]:
    """Plan files against what is live; the row is None where a file has an error or nothing changes.

    What changes is told against the last release that somebody approved: an emergency is not left out.
    """
    known = shell.equip.known
    with shell.store.reader() as reader:
        if reader.marks().releasing is not None:
            raise ConflictError("another release is going live just now; plan again", code="going_live")
        releases = reader.releases()
        if not releases:
            raise StoreError("nothing is live in this database yet")
        live, against = releases[-1], sound(releases) or releases[-1]
        texts = texts_of(reader, live)
        files = merged(texts, asked, whole=whole)
        loaded = load(files, known)
        findings = places(loaded.findings)
        if loaded.workspace is None:
            return Plan(token=None, base=live.number, against=against.number, findings=findings), None
        workspace = loaded.workspace
        old = compile_release(reader, against, known)
        if old is None:
            raise StoreError(f"release {against.number} cannot be read any more")
        standing = old if against.number == live.number else compile_release(reader, live, known)
        if standing is None:
            raise StoreError(f"release {live.number} cannot be read any more")
        new = compile_ruleset(workspace, known)
        changes = changes_between(old.workspace, workspace)
        hashes = {path: source.sha256 for path, source in workspace.sources.items()}
        token = token_of(hashes, live.number, live.hash)
        if hashes == live.files:
            return Plan(token=token, base=live.number, against=against.number, findings=findings), None
        counted = count(shell, reader, standing, new, changes, now)
        plan = Plan(
            token=token,
            base=live.number,
            against=against.number,
            changes=changes,
            facts=facts_between(standing, new, counted.customers),
            matching=counted.matching,
            runs=runs_between(standing, new, reader.open_runs()),
            held=counted.held,
            warnings=never_heard(workspace, changes, frozenset(reader.event_names())) + counted.warnings,
            findings=findings,
            customers=counted.customers,
            sampled=counted.sampled,
            tests=_tested(workspace, known),
        )
    row = PlanRow(
        token=token,
        at=now,
        by=by,
        base=live.number,
        files=hashes,
        texts={
            path: source.text
            for path, source in workspace.sources.items()
            if live.files.get(path) != source.sha256
        },
        report=msgspec.json.encode(plan),
    )
    return plan, row


def _tested(workspace: Workspace, known: Mapping[str, ActionSpec]) -> Tested:
    """Run the workspace's own tests, as long as there is time."""
    until, total = time.monotonic() + TESTING, 0

    def look(done: int, of: int) -> None:
        nonlocal total
        total = of
        if time.monotonic() > until:
            raise _Enough

    try:
        report = run_tests(workspace, progress=look, actions=known)
    except _Enough:
        return Tested(passed=0, failed=0, of=total)
    return Tested(
        passed=report.passed,
        failed=report.failed + report.errors,
        of=len(report.cases),
        failures=tuple(
            f"{each.file}:{each.line}: {each.test}: expected {each.expected}, got {each.got}"
            for each in report.failures[:MOST_TOLD]
        ),
    )
