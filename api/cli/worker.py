"""Work on a PostgreSQL database that several processes share: play what falls due, and deliver."""

from __future__ import annotations

import argparse
from pathlib import Path

from api.cli.places import add_database, add_grace, add_redis, database_of, redis_of
from api.cli.terminal import Terminal
from engine.errors import RequestError
from engine.store.opening import sqlite_path


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_database(parser)
    add_redis(parser)
    add_grace(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Work until a signal to stop. The policy is the one that is live; the folder only has the secrets."""
    from api.serve import work

    folder: Path = (arguments.workspace or Path()).absolute()
    url = database_of(arguments, folder)
    if sqlite_path(url) is not None:
        raise RequestError(
            "workers share a PostgreSQL database: name one with --database;"
            " on SQLite `holdfast serve` is the worker too"
        )
    work(
        folder,
        url,
        redis_of(arguments),
        grace=arguments.grace,
        progress=terminal.steps(),
        say=terminal.say,
    )
    return 0
