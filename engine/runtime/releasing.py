"""Releasing: what the files say goes live, and every process of the engine comes to work by it."""

from __future__ import annotations

import msgspec
import structlog

from engine.authoring.loader import load, require
from engine.errors import StoreError
from engine.model.workspace import Workspace
from engine.runtime.crashpoint import crashpoint
from engine.runtime.definitions import Definitions, texts_of
from engine.runtime.past import finish_import
from engine.runtime.rebuild import Progress, settle_all, silently
from engine.runtime.shell import Equip, Shell
from engine.store.interface import Reader
from engine.store.records import Marks, ReleaseRow
from engine.timeline.ruleset import compile_ruleset

_log = structlog.get_logger("holdfast.releasing")


def release(shell: Shell, workspace: Workspace, progress: Progress = silently) -> None:
    """Let a workspace go live whose files this process already works by, where they are not live yet.

    Nobody else decides anything meanwhile. Interrupted anywhere, the next process to look goes on
    with it. Where several processes share the database, files that were live before are left alone:
    they are those of a process that has not been brought up to date, not the wish to go back.
    """
    with shell.store.alone():
        # One that was not finished comes first.
        _finish(shell, progress)
        with shell.store.reader() as reader:
            releases = reader.releases()
        if shell.store.shared and any(workspace.hash == each.hash for each in releases[:-1]):
            _log.warning("older_files", live=releases[-1].number)
            follow(shell, progress)
            return
        _adopt(shell, workspace)
        if releases and releases[-1].hash == workspace.hash:
            shell.release = releases[-1].number
            return
        made = ReleaseRow(
            number=len(releases) + 1,
            hash=workspace.hash,
            at=shell.instants.take(),
            files={path: source.sha256 for path, source in workspace.sources.items()},
            facts_hash=shell.ruleset.facts.hash,
            cause="start",
            closures={name: program.hash for name, program in shell.ruleset.workflows.items()},
        )
        with shell.store.begin() as writer:
            for source in workspace.sources.values():
                writer.save_definition(source.sha256, source.text)
            writer.mark("releasing", msgspec.json.encode(made).decode())
        crashpoint("release_marked")
        _settle(shell, made, progress)


def follow(shell: Shell, progress: Progress = silently) -> None:
    """Work by the release that is live; one that its process did not finish is finished first."""
    _finish(shell, progress)
    with shell.store.reader() as reader:
        releases = reader.releases()
        if releases and releases[-1].number != shell.release:
            live = releases[-1]
            _adopt(shell, _workspace(reader, live, shell.equip))
            shell.release = live.number
            _log.info("following", number=live.number)


def _finish(shell: Shell, progress: Progress) -> None:
    """Settle a release that its process did not finish."""
    with shell.store.reader() as reader:
        if reader.marks().releasing is None:
            return
    with shell.store.alone():
        with shell.store.reader() as reader:
            unfinished = _unfinished(reader.marks())
            workspace = None if unfinished is None else _workspace(reader, unfinished, shell.equip)
        if unfinished is not None and workspace is not None:
            _adopt(shell, workspace)
            _settle(shell, unfinished, progress)


def catch_up(shell: Shell) -> None:
    """Do what stands between this process and its next transaction: follow a release, finish an import."""
    follow(shell)
    finish_import(shell)


def live_workspace(reader: Reader, equip: Equip) -> Workspace:
    """Give the files that are live, out of the database; a `StoreError` where nothing is yet."""
    releases = reader.releases()
    row = _unfinished(reader.marks()) or (releases[-1] if releases else None)
    if row is None:
        raise StoreError("nothing is live in this database yet; start `holdfast serve` on it first")
    return _workspace(reader, row, equip)


def _unfinished(marks: Marks) -> ReleaseRow | None:
    return None if marks.releasing is None else msgspec.json.decode(marks.releasing, type=ReleaseRow)


def _workspace(reader: Reader, row: ReleaseRow, equip: Equip) -> Workspace:
    return require(load(texts_of(reader, row), equip.known))


def _adopt(shell: Shell, workspace: Workspace) -> None:
    equip = shell.equip
    if workspace.hash == shell.ruleset.workspace.hash:
        return
    ruleset = compile_ruleset(workspace, equip.known)
    definitions = Definitions(shell.store, ruleset, ruleset.actions)
    shell.adopt(ruleset, definitions, equip.actions(workspace.settings))


def _settle(shell: Shell, made: ReleaseRow, progress: Progress) -> None:
    rebuilt = settle_all(shell, made.at, "release", progress)
    crashpoint("release_settled")
    with shell.store.begin() as writer:
        writer.save_release(made)
        writer.mark("releasing", None)
    crashpoint("released")
    shell.release = made.number
    _log.info("released", number=made.number, files=len(made.files), rebuilt=rebuilt)
