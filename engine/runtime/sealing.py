"""Sealing: entries get their numbers in the audit record, and its root is signed.

On SQLite each transaction seals what it records. On a database that several processes share, whoever
leads does so for all, within a second.
"""

from __future__ import annotations

import structlog

from engine.audit.leaves import AccessLeaf
from engine.audit.tree import edge_at, root_of
from engine.errors import StoreError
from engine.model.values import Micros
from engine.runtime import tracing
from engine.runtime.crashpoint import crashpoint
from engine.runtime.shell import Shell
from engine.store.audit import CheckpointRow
from engine.store.interface import Writer

BATCH = 2000
"""Entries that one commit seals."""

_log = structlog.get_logger("holdfast.sealing")


def seal(shell: Shell, writer: Writer, now: Micros) -> int:
    """Seal some of what waits; give how many entries."""
    with tracing.span("seal") as span:
        sealed = writer.seal(BATCH)
        crashpoint("sealed")
        if sealed:
            span.tell("holdfast.entries", sealed)
        else:
            span.drop()
    return sealed


def sign(shell: Shell, writer: Writer, now: Micros) -> CheckpointRow | None:
    """Sign the root as it is, unless that was done; give the last checkpoint, None without any entry.

    A `StoreError`, and nothing signed, where what was signed last is not the beginning of what is there:
    somebody has changed the record.
    """
    edge, last = writer.edge(), writer.latest_checkpoint()
    root = root_of(edge)
    if not edge.size:
        return None
    if last is not None:
        if last.size > edge.size or root_of(edge_at(writer.hashes, last.size)) != last.root:
            raise StoreError(
                f"the audit record does not go on from its checkpoint of {last.size} entries, and nothing is"
                " signed; `holdfast audit verify` tells where"
            )
        if last.size == edge.size:
            return last
    with tracing.span("sign", {"holdfast.entries": edge.size}):
        row = CheckpointRow(size=edge.size, at=now, root=root, note=shell.signer.sign(edge.size, root))
        writer.add_checkpoint(row)
        crashpoint("signed")
    _log.info("checkpoint", size=row.size, note=row.note)
    return row


def sign_now(shell: Shell) -> CheckpointRow | None:
    """Seal everything that waits and sign it; give the last checkpoint, None without any entry."""
    while True:
        now = shell.instants.take()
        with shell.store.begin() as writer:
            if seal(shell, writer, now):
                continue
            return sign(shell, writer, now)


def note_export(shell: Shell, who: str, key: str | None) -> None:
    """Record that somebody takes the audit record away, and sign all there is."""
    now = shell.instants.take()
    with shell.store.begin() as writer:
        writer.record(AccessLeaf(ref=f"export:{now}", at=now, who=who, what="audit_export", key=key))
    sign_now(shell)
