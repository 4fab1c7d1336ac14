"""Which workspace, which database, and the other arguments that many commands take."""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from pathlib import Path

from engine.authoring.folder import SETTINGS
from engine.authoring.loader import load_folder, require
from engine.customers.zones import Zone, instant_of
from engine.errors import RequestError
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.actions import known_actions

DATABASE = "HOLDFAST_DATABASE"
"""The environment variable that names the database where `--database` does not."""

REDIS = "HOLDFAST_REDIS"
"""The environment variable that names Redis where `--redis` does not."""


def add_database(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--workspace` and `--database`."""
    parser.add_argument("--workspace", metavar="DIR", type=Path, help="the workspace (default: this folder)")
    parser.add_argument(
        "--database",
        metavar="URL",
        help=f"the database (default: ${DATABASE}, or holdfast.db in the workspace), as sqlite:///PATH or postgresql://...",
    )


def add_redis(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--redis`."""
    parser.add_argument(
        "--redis",
        metavar="URL",
        help=f"wakes workers at once (default: ${REDIS}); without it they look each second",
    )


def add_grace(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--grace`."""
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=10,
        help="how long what is under way may take to end after a signal to stop (default: 10)",
    )


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds; write 1 or more")
    return int(text)


def redis_of(arguments: argparse.Namespace) -> str | None:
    """Give the URL of Redis, None where there is none."""
    return arguments.redis or os.environ.get(REDIS) or None


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Let a command take the workspace as its argument too."""
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="the same as --workspace")
    add_database(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--json`."""
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def workspace_of(arguments: argparse.Namespace) -> Path:
    """Give the workspace's folder; raises RequestError where there is none."""
    given: Path | None = getattr(arguments, "folder", None) or arguments.workspace
    folder = (given or Path()).absolute()
    if not (folder / SETTINGS).is_file():
        where = f"in {given}" if given else "here"
        raise RequestError(
            f"there is no {SETTINGS} {where}; name the workspace, or make one with holdfast init DIR"
        )
    return folder


def database_of(arguments: argparse.Namespace, folder: Path) -> str:
    """Give the database's URL."""
    return arguments.database or os.environ.get(DATABASE) or f"sqlite:///{folder / 'holdfast.db'}"


def authored(folder: Path) -> Workspace:
    """Load and check a workspace; raises AuthoringError with every error."""
    return require(load_folder(folder, known_actions()))


def instant(text: str | None, zone: Zone, name: str) -> Micros | None:
    """Read an instant: ISO 8601; without an offset it is local to the workspace, a day is its midnight.

    Raises RequestError.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RequestError(f"{name} {text!r} is no time; write 2026-03-01 or 2026-03-01T09:00:00Z") from None
    return instant_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone.tz))
