"""How commands open the database: to read beside a running engine, or to write alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli.terminal import Tell, silently
from engine.runtime.engine import Engine
from engine.runtime.logs import configure
from engine.store.interface import Store
from engine.store.opening import open_store


@contextmanager
def reading(url: str) -> Iterator[Store]:
    """Open the database for reading only, beside an engine that may run; raises StoreError."""
    store = open_store(url, exclusive=False)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def writing(folder: Path, url: str, tell: Tell = silently) -> Iterator[Engine]:
    """Open the engine to do one thing and leave; what falls due is left to the one that serves.

    On a database that several processes share it works by what is live there: a folder that has
    changed goes live with `holdfast serve` alone. Raises what `Engine.open` raises, DatabaseInUseError
    above all.
    """
    configure(logging.WARNING)
    with Engine.open(folder, url, work=False, role="command", progress=tell) as engine:
        yield engine
