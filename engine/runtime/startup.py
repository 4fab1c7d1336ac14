"""Starting: from a folder and a database to a shell that may serve."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from engine.audit.signing import Signer
from engine.authoring.loader import load_folder, require
from engine.model.values import MINUTE, Micros
from engine.runtime.actions import Actions
from engine.runtime.clock import Clock, DatabaseClock, SystemClock
from engine.runtime.crashpoint import crashpoint
from engine.runtime.definitions import Definitions
from engine.runtime.delivery.leases import lease
from engine.runtime.erasures import Erasures
from engine.runtime.instants import Instants
from engine.runtime.logs import configure
from engine.runtime.people.erasing import erase_again
from engine.runtime.rebuild import Progress, silently
from engine.runtime.releasing import catch_up, follow, live_workspace, release
from engine.runtime.secret import FOLDER, SecretError, own_secret
from engine.runtime.shell import Equip, Shell
from engine.store.interface import Store, Writer
from engine.store.opening import is_shared, open_store
from engine.store.records import ProcessRow
from engine.timeline.ruleset import Ruleset, compile_ruleset
from engine.timeline.world import Outage

OUTAGE: Micros = MINUTE
"""A shorter silence is a restart: what fell due in it is late, not missed."""

AUDIT_KEY, AUDIT_LOG = "audit", "audit log"
"""Under which names the secret that signs the audit record is kept, and the name that it signs in."""

_log = structlog.get_logger("holdfast.startup")


def start(
    folder: Path,
    database_url: str,
    clock: Clock | None,
    actions: Actions | None = None,
    progress: Progress = silently,
    *,
    role: str = "serve",
) -> tuple[Shell, Clock]:
    """Open the database, load the workspace, and bring the one to what the other says.

    A folder that has changed is a release: facts are made anew before anybody is served. A process
    whose `role` is `worker` reads no folder: it works by the release that is live. So does a `command`
    on a shared database, unless nothing is live there yet. Without a clock it is the machine's, or
    that of a database that has its own. Raises `AuthoringError` with every finding, `StoreError` (also
    where another engine holds the database), `SecretError`, and `ValueSyntaxError` for a lease that
    is none.
    """
    lease()  # A setting that cannot be read is refused before anything is opened.
    configure()
    equip = Equip(folder, actions)
    follows = role == "worker" or (role == "command" and is_shared(database_url))
    authored = None if follows else require(load_folder(folder, equip.known))
    # What a folder asks for is made ready before the database is touched.
    carried = None if authored is None else equip.actions(authored.settings)
    store = open_store(database_url)
    try:
        if role == "command" and follows and not _has_release(store):
            authored = require(load_folder(folder, equip.known))
        if authored is None:
            with store.reader() as reader:
                workspace = live_workspace(reader, equip)
        else:
            workspace = authored
        ruleset = compile_ruleset(workspace, equip.known)
        kept = clock or _clock_of(store)
        shell = _shell(equip, store, ruleset, kept, carried or equip.actions(workspace.settings), role)
        if authored is None:
            follow(shell, progress)
        else:
            release(shell, authored, progress)
        catch_up(shell, progress)
        erase_again(shell)
    except BaseException:
        store.close()
        raise
    return shell, kept


def _has_release(store: Store) -> bool:
    with store.reader() as reader:
        return bool(reader.releases()) or reader.marks().releasing is not None


def _clock_of(store: Store) -> Clock:
    def read() -> Micros:
        now = store.now()
        assert now is not None
        return now

    return DatabaseClock(read) if store.shared else SystemClock()


def _shell(equip: Equip, store: Store, ruleset: Ruleset, clock: Clock, actions: Actions, role: str) -> Shell:
    process = secrets.token_hex(6)
    with store.alone(), store.begin() as writer:
        last = writer.last_heartbeat()
        instants = Instants(clock, last or 0)
        now = instants.take()
        if last is not None and now - last > OUTAGE:
            writer.add_outage(last, now)
            _log.info("outage", seconds=(now - last) // 1_000_000)
        writer.add_process(_process_row(process, role, now))
        outages: list[Outage] = [(outage.began, outage.ended) for outage in writer.outages()]
        coupons, links, erasures = (
            _common_secret(writer, equip.folder, name) for name in ("coupons", "links", "erasures")
        )
        key = _common_secret(writer, equip.folder, AUDIT_KEY)
        log = writer.own_mark(AUDIT_LOG, f"holdfast/{secrets.token_hex(8)}")
    crashpoint("outage_kept")
    return Shell(
        store=store,
        ruleset=ruleset,
        actions=actions,
        instants=instants,
        definitions=Definitions(store, ruleset, ruleset.actions),
        outages=outages,
        coupon_secret=coupons.hex(),
        link_secret=links,
        signer=Signer(log, key),
        process=process,
        equip=equip,
        erasures=Erasures(erasures, equip.folder),
    )


def _process_row(process: str, role: str, now: Micros) -> ProcessRow:
    try:
        program = version("holdfast")
    except PackageNotFoundError:
        program = "0"
    return ProcessRow(
        id=process,
        role=role,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=program,
        started_at=now,
        heartbeat_at=now,
        release=0,
    )


def _common_secret(writer: Writer, folder: Path, name: str) -> bytes:
    """Give the workspace's own secret, which has to be the same in every process on this database."""
    secret = own_secret(folder, name)
    fingerprint = hashlib.sha256(b"holdfast\x1f" + secret).hexdigest()[:32]
    if writer.own_mark(f"secret {name}", fingerprint) != fingerprint:
        raise SecretError(
            f"{folder / FOLDER / name} is not the secret that this database's engine was first started"
            f" with; copy the folder {FOLDER} from a machine that runs it, or from the back-up"
        )
    return secret
