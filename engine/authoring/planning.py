"""Planning: what a set of files would change of the live ones, before anybody makes it so."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from engine.errors import Finding, RequestError
from engine.model.actions import CONTRACT_EVENTS, BuiltInEvent
from engine.model.rule import OnEvent, OnMissing, Rule
from engine.model.workspace import Workspace
from engine.timeline.ruleset import Ruleset

CONTEXT = 2
"""Lines shown around each change."""

Done = Literal["added", "changed", "removed"]


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A file that would be another: what it is about, and its lines as `diff -u` writes them."""

    change: Done
    kind: str
    id: str
    file: str
    diff: str


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers of the sample meet a rule's conditions, or are in a segment: now, and then.

    Null where there is no such rule or segment, or where `why` says that it cannot be counted.
    """

    kind: Literal["rule", "segment"]
    id: str
    before: int | None
    after: int | None
    of: int
    why: Literal["needs_event", "needs_events_of_members"] | None = None


class InFlight(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that changes or goes while runs of it are open, and what becomes of them."""

    workflow: str
    open_runs: int
    becomes: Literal["finish_on_old", "stop", "move"]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that the release itself gives cause: for so many it would be held back, or fire."""

    rule: str
    held_back: int
    fires: int


class FactsChange(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that change. With `rebuild` those of every customer are made anew from the stored events."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rebuild: bool = False
    customers: int = 0


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be done, and is seldom meant."""

    code: Literal["never_fires", "nobody_now", "fires_for_many", "expensive", "held_back", "fires_at_release"]
    thing: str
    message: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found, and where; lines and columns count from 1."""

    severity: str
    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """How the workspace's own tests went; `of` is how many there are, of which time allowed these."""

    passed: int
    failed: int
    of: int
    failures: tuple[str, ...] = ()


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What counting over customers gave: over `sampled` of `customers`."""

    customers: int = 0
    sampled: int = 0
    matching: tuple[Matching, ...] = ()
    held: tuple[Held, ...] = ()
    warnings: tuple[Warned, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What files would change. `token` is the hash of their content and of what it was planned against.

    It is null, and nothing is counted, where a file has an error.
    """

    token: str | None
    base: int
    against: int
    changes: tuple[FileChange, ...] = ()
    facts: FactsChange = FactsChange()
    matching: tuple[Matching, ...] = ()
    runs: tuple[InFlight, ...] = ()
    held: tuple[Held, ...] = ()
    warnings: tuple[Warned, ...] = ()
    findings: tuple[Place, ...] = ()
    customers: int = 0
    sampled: int = 0
    tests: Tested | None = None


def merged(live: Mapping[str, bytes], asked: Mapping[str, str | None], *, whole: bool) -> dict[str, bytes]:
    """Give the files as they would be: those asked for over the live ones, or alone; null takes one away.

    Raises `RequestError` for taking away what is not there.
    """
    files = {} if whole else dict(live)
    for path, text in asked.items():
        if text is not None:
            files[path] = text.encode()
        elif path in live:
            files.pop(path, None)
        else:
            raise RequestError(
                f"{path} is not live, so that it cannot be taken away",
                code="no_such_file",
                errors=((f"/files/{path}", "no_such_file", "this file is not live"),),
            )
    return files


def token_of(hashes: Mapping[str, str], base: int, base_hash: str) -> str:
    """Give the SHA-256 over every file's path and hash, and over the release that was live then."""
    digest = hashlib.sha256(f"plan\x1f{base}\x1f{base_hash}\n".encode())
    for path in sorted(hashes):
        digest.update(f"{path}\0{hashes[path]}\n".encode())
    return digest.hexdigest()


def changes_between(old: Workspace, new: Workspace) -> tuple[FileChange, ...]:
    """Give the files that differ, in the order of their paths."""
    found = []
    for path in sorted(old.sources.keys() | new.sources.keys()):
        before, after = old.sources.get(path), new.sources.get(path)
        if before is not None and after is not None and before.sha256 == after.sha256:
            continue
        change: Done = "added" if before is None else "removed" if after is None else "changed"
        kind, id = _about(new if after is not None else old, path)
        lines = difflib.unified_diff(
            before.text.splitlines() if before is not None else [],
            after.text.splitlines() if after is not None else [],
            lineterm="",
            n=CONTEXT,
        )
        # The two lines that name the files say nothing here.
        diff = "\n".join(list(lines)[2:])
        found.append(FileChange(change=change, kind=kind, id=id, file=path, diff=diff))
    return tuple(found)


def _about(workspace: Workspace, path: str) -> tuple[str, str]:
    return next((what for what, file in workspace.origins.items() if file == path), ("file", path))


def touched(changes: Sequence[FileChange], kind: str) -> frozenset[str]:
    """Give the ids of one kind whose files differ."""
    return frozenset(change.id for change in changes if change.kind == kind)


def facts_between(old: Ruleset, new: Ruleset, customers: int) -> FactsChange:
    """Give the facts that differ, and whether customers' facts have to be made anew for it."""
    before, after = old.workspace.facts.facts, new.workspace.facts.facts
    rebuild = old.facts.hash != new.facts.hash
    return FactsChange(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
        removed=tuple(sorted(before.keys() - after.keys())),
        rebuild=rebuild,
        customers=customers if rebuild else 0,
    )


def runs_between(old: Ruleset, new: Ruleset, open_runs: Mapping[str, int]) -> tuple[InFlight, ...]:
    """Give the workflows with open runs that differ, in themselves or in what they use."""
    found = []
    for name, program in sorted(old.workflows.items()):
        after = new.workflows.get(name)
        if name not in open_runs or (after is not None and after.hash == program.hash):
            continue
        becomes = "finish_on_old" if after is None else after.workflow.on_change
        found.append(InFlight(workflow=name, open_runs=open_runs[name], becomes=becomes))
    return tuple(found)


def never_heard(new: Workspace, changes: Sequence[FileChange], heard: frozenset[str]) -> tuple[Warned, ...]:
    """Warn of rules that wait for an event which nobody has ever sent."""
    own = {each.value for each in BuiltInEvent} | set(CONTRACT_EVENTS)
    found = []
    for id in sorted(touched(changes, "rule")):
        rule = new.rules.get(id)
        missing = sorted(set(_events(rule)) - heard - own) if rule is not None else []
        if rule is not None and missing and len(missing) == len(rule.triggers):
            message = f"nobody has ever sent {' or '.join(missing)}, which it waits for"
            found.append(Warned(code="never_fires", thing=id, message=message))
    return tuple(found)


def _events(rule: Rule) -> list[str]:
    return [each.event for each in rule.triggers if isinstance(each, (OnEvent, OnMissing))]


def places(findings: Sequence[Finding]) -> tuple[Place, ...]:
    """Give findings as a plan tells them."""
    return tuple(
        Place(
            severity=each.severity,
            file=each.file,
            line=each.line,
            column=each.column,
            code=each.code,
            message=each.message,
            hint=each.hint,
        )
        for each in findings
    )
