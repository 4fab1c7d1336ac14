"""Noting: a command that shows personal data is recorded as its reader before it shows anything."""

from __future__ import annotations

import getpass
import time

from api.cli.running import running_engine
from engine.runtime.accesses import Access, keep
from engine.store.opening import open_store

LOCAL = "local"
"""Stands for the key and the role of somebody who reads on the machine itself."""


def note(url: str, command: str, *, customer: str | None = None, run: str | None = None) -> None:
    """Record that somebody at this machine reads; through its API where an engine runs on the database.

    Raises `DatabaseInUseError` where something holds the database that cannot record it, such as an
    import: what cannot be recorded is not shown.
    """
    by = getpass.getuser()
    with running_engine(url) as running:
        if running is not None:
            told = {"command": f"holdfast {command}", "by": by, "customer": customer, "run": run}
            running.ask("POST", "/v1/audit/access", told)
            return
        access = Access(
            at=time.time_ns() // 1000, owner=by, key_id=LOCAL, role=LOCAL, route=f"holdfast {command}",
            customer=customer, run=run,
        )  # fmt: skip
        store = open_store(url)
        try:
            keep(store, [access])
        finally:
            store.close()
