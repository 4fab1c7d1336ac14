"""Run the engine: the API and, unless told otherwise, the worker, in one process on one database."""

from __future__ import annotations

import argparse

from api.cli.places import add_database, add_grace, add_redis, database_of, redis_of, workspace_of
from api.cli.terminal import Terminal

PORT = 8080


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_database(parser)
    add_address(parser)
    add_redis(parser)
    add_grace(parser)
    parser.add_argument("--no-worker", action="store_true", help="take events in, and leave what falls due")


def add_address(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--host` and `--port`."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine)"
    )
    parser.add_argument("--port", metavar="N", type=int, default=PORT, help=f"the port (default: {PORT})")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Serve until a signal to stop."""
    # The HTTP side is imported by those who serve alone: it costs others half a second.
    from api.serve import serve

    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    serve(
        folder,
        url,
        arguments.host,
        arguments.port,
        worker=not arguments.no_worker,
        redis=redis_of(arguments),
        grace=arguments.grace,
        progress=terminal.steps(),
        say=terminal.say,
    )
    return 0
