"""Releasing: what the files say goes live, and every process of the engine comes to work by it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from engine.authoring.folder import SETTINGS
from engine.authoring.loader import load, require
from engine.errors import StoreError
from engine.model.reasons import ChangeKind, ReleaseCause
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.crashpoint import crashpoint
from engine.runtime.definitions import Definitions, texts_of
from engine.runtime.past import finish_import
from engine.runtime.rebuild import Progress, settle_all, silently
from engine.runtime.releases.standing import LOCAL, ends_at, sound
from engine.runtime.shell import Equip, Shell
from engine.store.interface import Reader, Writer
from engine.store.proposing import ChangeRow
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset, compile_ruleset

ENGINE = "holdfast"
"""Who takes an emergency back."""

_log = structlog.get_logger("holdfast.releasing")


def release(shell: Shell, workspace: Workspace, progress: Progress = silently) -> None:
    """Let a workspace go live whose files this process already works by, where they are not live yet.

    Nobody else decides anything meanwhile. Interrupted anywhere, the next process to look goes on
    with it. Files that were live before are left alone where the live ones came otherwise than from a
    folder, or where several processes share the database: they are those of a folder that has not been
    brought up to date, not the wish to go back. So are any, where the live ones ask for approval.
    """
    with shell.store.alone():
        # One that was not finished comes first.
        _finish(shell, progress)
        with shell.store.reader() as reader:
            releases = reader.releases()
            waits = _waits(shell, reader, workspace, releases)
        if waits is not None:
            _log.warning(waits, live=releases[-1].number)
            shell.files_wait = True
            follow(shell, progress)
            return
        _adopt(shell, workspace)
        if releases and releases[-1].hash == workspace.hash:
            _note(shell, releases)
            return
        with shell.store.begin() as writer:
            save_files(writer, workspace)
            made = release_of(
                shell.ruleset, next_number(writer), shell.instants.take(), ReleaseCause.START.value
            )
            mark(writer, made, ChangeKind.STARTED, LOCAL)
        marked()
        _settle(shell, made, progress)


def _waits(shell: Shell, reader: Reader, workspace: Workspace, releases: Sequence[ReleaseRow]) -> str | None:
    """Tell why a folder's files do not go live by themselves, None where they do (or are)."""
    if not releases or workspace.hash == releases[-1].hash:
        return None
    if _asks_for_approval(reader, releases[-1], shell.equip):
        return "files_wait_for_approval"
    known = any(workspace.hash == each.hash for each in releases[:-1])
    if known and (shell.store.shared or releases[-1].cause != ReleaseCause.START.value):
        return "older_files"
    return None


def _asks_for_approval(reader: Reader, live: ReleaseRow, equip: Equip) -> bool:
    """Tell what the live holdfast.yaml says; the other files need not be ones that this program can read."""
    text = reader.definition(live.files.get(SETTINGS, ""))
    found = load({SETTINGS: (text or "").encode()}, equip.known).workspace
    return found is not None and found.settings.releases.approval == "required"


def next_number(reader: Reader) -> int:
    """Give the number of the next release or proposal: they are counted in one row."""
    numbers = [row.number for row in reader.releases()] + [row.number for row in reader.proposals()]
    return max(numbers, default=0) + 1


def save_files(writer: Writer, workspace: Workspace) -> None:
    """Keep the files of a workspace as definitions."""
    for source in workspace.sources.values():
        writer.save_definition(source.sha256, source.text)


def release_of(
    ruleset: Ruleset,
    number: int,
    at: Micros,
    cause: str,
    *,
    author: str = LOCAL,
    actor: str = LOCAL,
    approver: str | None = None,
    token: str | None = None,
    of: int | None = None,
    note: str | None = None,
) -> ReleaseRow:
    """Give the row of a compiled workspace as a release."""
    workspace = ruleset.workspace
    return ReleaseRow(
        number=number,
        hash=workspace.hash,
        at=at,
        files={path: source.sha256 for path, source in workspace.sources.items()},
        facts_hash=ruleset.facts.hash,
        cause=cause,
        closures={name: program.hash for name, program in ruleset.workflows.items()},
        author=author,
        actor=actor,
        approver=approver,
        token=token,
        of=of,
        note=note,
    )


def mark(writer: Writer, made: ReleaseRow, kind: ChangeKind, key: str) -> None:
    """Say in a transaction that a release is to go live, and why: once committed it will, whoever dies."""
    writer.mark("releasing", msgspec.json.encode(made).decode())
    writer.add_change(line(made, kind, made.approver or made.actor, key, made.at))


def marked() -> None:
    """Come by the place where other files are to go live, and nobody is settled into them yet."""
    crashpoint("release_marked")


def line(release: ReleaseRow, kind: ChangeKind, by: str, key: str, at: Micros) -> ChangeRow:
    """Give a line of the record of changes about a release."""
    return ChangeRow(
        at=at,
        kind=kind.value,
        release=release.number,
        by=by,
        key=key,
        hash=release.token or release.hash,
        note=release.note,
    )


def follow(shell: Shell, progress: Progress = silently) -> None:
    """Work by the release that is live; one that its process did not finish is finished first.

    An emergency whose time is over is taken back.
    """
    _finish(shell, progress)
    with shell.store.reader() as reader:
        releases = reader.releases()
        if releases and releases[-1].number != shell.release:
            _adopt(shell, _workspace(reader, releases[-1], shell.equip))
            _log.info("following", number=releases[-1].number)
    _note(shell, releases)
    if shell.ends_at is not None and shell.ends_at <= shell.instants.take():
        _take_back(shell, progress)


def _take_back(shell: Shell, progress: Progress) -> None:
    """Let the files that were live before an emergency go live again, unless somebody approved it."""
    with shell.store.alone():
        with shell.store.reader() as reader:
            releases = reader.releases()
            ends, good = ends_at(releases), sound(releases)
            workspace = None if good is None else _workspace(reader, good, shell.equip)
        now = shell.instants.take()
        if ends is None or now < ends or good is None or workspace is None:
            _note(shell, releases)
            return
        _adopt(shell, workspace)
        with shell.store.begin() as writer:
            made = release_of(
                shell.ruleset,
                next_number(writer),
                now,
                ReleaseCause.REVERSAL.value,
                author=ENGINE,
                actor=ENGINE,
                of=good.number,
                note=f"nobody approved release {releases[-1].number} in time",
            )
            mark(writer, made, ChangeKind.REVERSED, ENGINE)
        marked()
        _settle(shell, made, progress)


def _finish(shell: Shell, progress: Progress) -> None:
    """Settle a release that its process did not finish."""
    with shell.store.reader() as reader:
        if reader.marks().releasing is None:
            return
    with shell.store.alone():
        with shell.store.reader() as reader:
            unfinished = reader.marks().unfinished
            workspace = None if unfinished is None else _workspace(reader, unfinished, shell.equip)
        if unfinished is not None and workspace is not None:
            _adopt(shell, workspace)
            _settle(shell, unfinished, progress)


def catch_up(shell: Shell, progress: Progress = silently) -> None:
    """Do what stands between this process and its next transaction: follow a release, finish an import."""
    follow(shell, progress)
    finish_import(shell, progress)


def live_workspace(reader: Reader, equip: Equip) -> Workspace:
    """Give the files that are live, out of the database; a `StoreError` where nothing is yet."""
    releases = reader.releases()
    row = reader.marks().unfinished or (releases[-1] if releases else None)
    if row is None:
        raise StoreError("nothing is live in this database yet; start `holdfast serve` on it first")
    return _workspace(reader, row, equip)


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
        writer.add_change(line(made, ChangeKind.LIVE, made.actor, ENGINE, shell.instants.take()))
        writer.mark("releasing", None)
        releases = writer.releases()
    crashpoint("released")
    _note(shell, releases)
    _log.info("released", number=made.number, files=len(made.files), rebuilt=rebuilt)


def _note(shell: Shell, releases: Sequence[ReleaseRow]) -> None:
    """Know by which release this process works, and whether that goes back by itself."""
    if releases:
        shell.release, shell.ends_at = releases[-1].number, ends_at(releases)
