"""Files to a workspace: the one way in for `check`, `plan`, the API and start-up alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from engine.authoring.checks import check
from engine.authoring.definitions import Definition, define
from engine.authoring.draft import Draft
from engine.authoring.folder import MOST_FILES, ROOMS, SETTINGS, read_folder
from engine.authoring.nodes import places
from engine.authoring.reading import Page
from engine.authoring.sheet import Origins
from engine.customers.catalog import Catalog, build_catalog
from engine.errors import AuthoringError, Finding
from engine.expressions import Kind
from engine.model.actions import SHIPPED, ActionSpec
from engine.model.facts import FactsFile
from engine.model.workspace import Settings, Source, Workspace

_DECLARING = ("facts", "score", "program", "lifecycle")
"""The kinds whose files give customers facts."""


class Loaded(msgspec.Struct, frozen=True):
    """What loading gave: the workspace unless there are errors, all findings, how many files."""

    workspace: Workspace | None
    findings: tuple[Finding, ...]
    files: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the workspace from loading."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that do not."""
        return tuple(finding for finding in self.findings if finding.severity != "error")


class Opened(msgspec.Struct, frozen=True):
    """A workspace's files, each read and bound, and the draft that was checked of them."""

    definitions: tuple[Definition, ...]
    draft: Draft


def load(files: Mapping[str, bytes], actions: Mapping[str, ActionSpec] = SHIPPED) -> Loaded:
    """Read, bind and check a workspace given as bytes by path; never raises for what is in it.

    `actions` are the tables of what `do:` may name, where plug-ins add to those that ship.
    """
    return load_opened(files, actions)[0]


def load_opened(
    files: Mapping[str, bytes], actions: Mapping[str, ActionSpec] = SHIPPED
) -> tuple[Loaded, Opened | None]:
    """Load a workspace, and give besides what it was made of; None where no file was opened."""
    refused = [finding for path in files if (finding := _misplaced(path)) is not None]
    if len(files) > MOST_FILES:
        refused.append(
            Finding(
                SETTINGS,
                1,
                1,
                "too-many-files",
                f"a workspace has at most {MOST_FILES} files",
                "take some out",
            )
        )
    if refused:
        return Loaded(None, tuple(sorted(refused)), len(files)), None
    origins = Origins()
    definitions = tuple(define(path, files[path], origins) for path in sorted(files))
    draft = _draft(definitions, origins, actions)
    check(draft)
    findings = tuple(finding for one in definitions for finding in _in_order(one.page))
    failed = any(finding.severity == "error" for finding in findings)
    workspace = None if failed else _finished(draft.workspace, definitions, files)
    return Loaded(workspace, findings, len(files)), Opened(definitions, draft)


def load_folder(path: Path, actions: Mapping[str, ActionSpec] = SHIPPED) -> Loaded:
    """Load the workspace in a folder; a folder that cannot be read is a finding too."""
    try:
        return load(read_folder(path), actions)
    except AuthoringError as error:
        return Loaded(None, error.findings, 0)


def require(loaded: Loaded) -> Workspace:
    """Give the workspace, or raise AuthoringError with every error."""
    if loaded.workspace is None:
        raise AuthoringError(loaded.errors)
    return loaded.workspace


def _misplaced(path: str) -> Finding | None:
    parts = path.split("/")
    plain = all(part and not part.startswith(".") and "\\" not in part for part in parts)
    yaml = path.endswith((".yaml", ".yml"))
    message = path.endswith(".md") and parts[:2] == ["workflows", "messages"]
    if path == SETTINGS or (plain and len(parts) > 1 and parts[0] in ROOMS and (yaml or message)):
        return None
    return Finding(
        path,
        1,
        1,
        "misplaced-file",
        "this file has no place in a workspace",
        "move it to rules/NAME.yaml, workflows/NAME.yaml, workflows/messages/NAME.md or hooks/NAME.yaml",
    )


def _in_order(page: Page) -> list[Finding]:
    found = sorted(dict.fromkeys(page.findings), key=lambda finding: (finding.line, finding.column))
    return [finding for finding in found if finding.code != "too-many-findings"] + [
        finding for finding in found if finding.code == "too-many-findings"
    ]


def _draft(definitions: Sequence[Definition], origins: Origins, actions: Mapping[str, ActionSpec]) -> Draft:
    """Put together what could be bound, and remember what is declared besides."""
    books: dict[str, dict[str, Any]] = {}
    broken: set[tuple[str, str]] = set()
    for one in definitions:
        if one.kind in ("facts", "policy", "settings"):
            continue
        if one.thing is None:
            broken.add((one.kind or "*", one.id))
        elif one.id in books.setdefault(one.kind or "", {}):
            first = origins.page(books[one.kind or ""][one.id])
            where = first.file if first else ""
            origins.say(
                one.thing,
                code="two-files",
                message=f"there are two files of {one.kind} {one.id}, the first is {where}",
                hint="give one of them another name, or take it out",
            )
        else:
            books[one.kind or ""][one.id] = one.thing
    facts, lost = _facts(definitions, origins)
    settings = next((one.thing for one in definitions if one.kind == "settings" and one.thing), Settings())
    workspace = Workspace(
        settings=settings,
        facts=facts,
        policy=_policy(definitions, origins),
        **cast(Any, {f"{kind}s": book for kind, book in books.items()}),
    )
    unread = any(
        one.page.root is None and one.thing is None and (one.kind in _DECLARING or one.kind is None)
        for one in definitions
        if one.kind not in ("message", "settings")
    )
    catalog = _with_broken(build_catalog(workspace), broken, lost)
    return Draft(workspace, catalog, origins, actions, broken=frozenset(broken), whole=not unread)


def _facts(definitions: Sequence[Definition], origins: Origins) -> tuple[FactsFile, set[str]]:
    """Join all facts files; give the names of facts that could not be bound besides."""
    joined: dict[str, dict[str, Any]] = {"facts": {}, "events": {}}
    single: dict[str, Any] = {"subscriptions": None, "rfm": None}
    lost: set[str] = set()
    owners: dict[tuple[str, str], FactsFile] = {}
    for one in definitions:
        if one.kind != "facts" or one.thing is None:
            continue
        file: FactsFile = one.thing
        for section, noun in (("facts", "fact"), ("events", "event")):
            for name, thing in getattr(file, section).items():
                if (section, name) in owners:
                    _twice(origins, file, section, name, f"{noun} {name}", owners[section, name])
                else:
                    owners[section, name] = file
                    joined[section][name] = thing
        for section in single:
            thing = getattr(file, section)
            if thing is not None and single[section] is not None:
                _twice(origins, file, section, None, section, owners[section, ""])
            elif thing is not None:
                single[section] = thing
                owners[section, ""] = file
        written = origins.node(file, "facts")
        names = {entry.key.text for entry in getattr(written, "entries", ())}
        lost |= names - set(file.facts)
    return FactsFile(facts=joined["facts"], events=joined["events"], **single), lost


def _twice(origins: Origins, file: object, section: str, name: str | None, noun: str, first: object) -> None:
    keys = (section,) if name is None else (section, name)
    node, page = origins.node(first, *keys), origins.page(first)
    where = f"{page.file}, line {node.line}" if page and node else "another file"
    origins.say(
        file,
        *keys,
        code="declared-twice",
        message=f"{noun} is declared twice, first in {where}",
        hint="take one of the two out",
        at_key=True,
    )


def _policy(definitions: Sequence[Definition], origins: Origins) -> Any:
    files = [one for one in definitions if one.kind == "policy" and one.thing is not None]
    for one in files[1:]:
        origins.say(
            one.thing,
            code="two-policies",
            message=f"a workspace has one policy file, and the first is {files[0].page.file}",
            hint="put both into one",
        )
    return files[0].thing.policy if files else Workspace().policy


def _with_broken(catalog: Catalog, broken: Iterable[tuple[str, str]], lost: Iterable[str]) -> Catalog:
    """Let expressions name what is declared and could not be bound, as values of any kind."""
    names = dict.fromkeys(lost, Kind.ANY)
    for kind, id in broken:
        snake = id.replace("-", "_")
        if kind == "score":
            names |= dict.fromkeys((snake, f"{snake}_band", f"{snake}_trend", f"{snake}_reasons"), Kind.ANY)
        elif kind == "lifecycle":
            names |= dict.fromkeys((f"{snake}_stage", f"{snake}_stage_for"), Kind.ANY)
        elif kind == "program":
            names |= dict.fromkeys(("tier", "points", f"{snake}_tier", f"{snake}_points"), Kind.ANY)
    return msgspec.structs.replace(
        catalog, person={**names, **catalog.person}, account={**names, **catalog.account}
    )


def _finished(
    workspace: Workspace, definitions: Sequence[Definition], files: Mapping[str, bytes]
) -> Workspace:
    """Add what says where everything came from."""
    sources = {
        one.page.file: Source(one.page.file, one.page.text, hashlib.sha256(files[one.page.file]).hexdigest())
        for one in definitions
    }
    digest = hashlib.sha256()
    for path, source in sources.items():
        digest.update(f"{path}\0{source.sha256}\n".encode())
    return msgspec.structs.replace(
        workspace,
        sources=sources,
        origins={(one.kind or "", one.id): one.page.file for one in definitions},
        places={one.page.file: dict(places(one.page.root)) for one in definitions if one.page.root},
        hash=digest.hexdigest(),
    )
