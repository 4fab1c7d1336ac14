"""Starting: from a folder and a database to a shell that may serve."""

from __future__ import annotations

from pathlib import Path

import structlog

from engine.authoring.loader import load_folder, require
from engine.model.values import MINUTE, Micros
from engine.model.workspace import Workspace
from engine.runtime.actions import Actions, known_actions
from engine.runtime.actions.shipped import ready
from engine.runtime.clock import Clock
from engine.runtime.definitions import Definitions
from engine.runtime.instants import Instants
from engine.runtime.logs import configure
from engine.runtime.past import finish_import
from engine.runtime.pauses import Pauses
from engine.runtime.rebuild import Progress, settle_all, silently
from engine.runtime.secret import own_secret
from engine.runtime.shell import Shell
from engine.store.interface import Store
from engine.store.opening import open_store
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset, compile_ruleset

OUTAGE: Micros = MINUTE
"""A shorter silence is a restart: what fell due in it is late, not missed."""

_log = structlog.get_logger("holdfast.startup")


def start(
    folder: Path,
    database_url: str,
    clock: Clock,
    actions: Actions | None = None,
    progress: Progress = silently,
) -> Shell:
    """Open the database, load the workspace, and bring the one to what the other says.

    A folder that has changed is a release: facts are made anew before anybody is served. Raises
    `AuthoringError` with every finding, `StoreError` (also where another engine holds the database)
    and `SecretError`.
    """
    configure()
    known = known_actions() if actions is None else actions.specs()
    workspace = require(load_folder(folder, known))
    carried = actions or ready(workspace.settings, folder)
    ruleset = compile_ruleset(workspace, known)
    store = open_store(database_url)
    try:
        shell = _shell(folder, store, ruleset, clock, carried)
        _release(shell, workspace, progress)
        finish_import(shell, folder, progress)
    except BaseException:
        store.close()
        raise
    return shell


def _shell(folder: Path, store: Store, ruleset: Ruleset, clock: Clock, actions: Actions) -> Shell:
    with store.reader() as reader:
        last = reader.last_heartbeat()
    instants = Instants(clock, last or 0)
    now = instants.take()
    with store.begin() as writer:
        if last is not None and now - last > OUTAGE:
            writer.add_outage(last, now)
            _log.info("outage", seconds=(now - last) // 1_000_000)
        writer.heartbeat(now)
        outages = [(outage.began, outage.ended) for outage in writer.outages()]
    return Shell(
        store=store,
        ruleset=ruleset,
        actions=actions,
        instants=instants,
        definitions=Definitions(store, ruleset, ruleset.actions),
        pauses=Pauses(folder),
        outages=outages,
        coupon_secret=own_secret(folder, "coupons").hex(),
        link_secret=own_secret(folder, "links"),
    )


def _release(shell: Shell, workspace: Workspace, progress: Progress) -> None:
    with shell.store.reader() as reader:
        releases = reader.releases()
    if releases and releases[-1].hash == workspace.hash:
        return
    now = shell.instants.take()
    rebuilt = settle_all(shell, now, "release", progress)
    files = {path: source.sha256 for path, source in workspace.sources.items()}
    with shell.store.begin() as writer:
        for source in workspace.sources.values():
            writer.save_definition(source.sha256, source.text)
        writer.save_release(
            ReleaseRow(
                number=len(releases) + 1,
                hash=workspace.hash,
                at=now,
                files=files,
                facts_hash=shell.ruleset.facts.hash,
                cause="start",
            )
        )
    _log.info("released", number=len(releases) + 1, files=len(files), rebuilt=rebuilt)
