"""Secrets by reference, and the workspace's own secret file."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.errors import HoldfastError
from engine.model.workspace import Secret

FOLDER = ".holdfast"
"""What an engine keeps beside the authored files of a workspace: secrets, the local key."""


_OWN = frozenset(("HOLDFAST_DATABASE", "HOLDFAST_KEY", "HOLDFAST_REDIS"))
"""Variables that let one into this server's own parts; what holdfast.yaml names is handed to others."""


class SecretError(HoldfastError):
    """A secret that `holdfast.yaml` refers to is not there."""


def resolve(secret: Secret, workspace: Path) -> str:
    """Read a secret from where it is kept; a path is relative to the workspace.

    Raises `SecretError` where it is not there, and where it is one of the engine's own.
    """
    if secret.env in _OWN:
        raise SecretError(f"{secret.env} is this server's own; name a variable that is for this alone")
    if secret.env is not None:
        value = os.environ.get(secret.env)
        if not value:
            raise SecretError(f"the environment variable {secret.env} is not set")
        return value
    path = workspace / (secret.file or "")
    if path.resolve().is_relative_to((workspace / FOLDER).resolve()):
        raise SecretError(
            f"{secret.file} is one of the engine's own secrets; name a file outside of {FOLDER}"
        )
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretError(f"the secret file {secret.file} cannot be read") from error


def own_secret(workspace: Path, name: str) -> bytes:
    """Give the workspace's own secret of that name: 32 random bytes, made at first use, mode 0600."""
    folder = workspace / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    # It gets its name once it is whole: of a file cut short by a crash nobody could tell that it is one.
    descriptor, draft = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
