"""Secrets by reference, and the workspace's own secret file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from engine.errors import HoldfastError
from engine.model.workspace import Secret

FOLDER = ".holdfast"
"""What an engine keeps beside the authored files of a workspace: secrets, the local key."""


class SecretError(HoldfastError):
    """A secret that `holdfast.yaml` refers to is not there."""


def resolve(secret: Secret, workspace: Path) -> str:
    """Read a secret from where it is kept; a path is relative to the workspace."""
    if secret.env is not None:
        value = os.environ.get(secret.env)
        if not value:
            raise SecretError(f"the environment variable {secret.env} is not set")
        return value
    path = workspace / (secret.file or "")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretError(f"the secret file {secret.file} cannot be read") from error


def own_secret(workspace: Path, name: str) -> bytes:
    """Give the workspace's own secret of that name: 32 random bytes, made at first use, mode 0600."""
    folder = workspace / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        made = secrets.token_bytes(32)
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    return made
