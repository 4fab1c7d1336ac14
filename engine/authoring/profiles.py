"""Profiles: small workspaces that ship, each whole for one kind of business."""

from __future__ import annotations

from pathlib import Path

from engine.authoring.folder import SETTINGS, read_folder
from engine.authoring.wording import known_or
from engine.errors import NotFoundError

TEMPLATES = Path(__file__).resolve().parent / "templates"


def profiles() -> tuple[str, ...]:
    """Give the names of the profiles there are."""
    return tuple(sorted(path.parent.name for path in TEMPLATES.glob(f"*/{SETTINGS}")))


def profile_files(name: str) -> dict[str, bytes]:
    """Give a profile's files by their paths in a workspace; raises NotFoundError."""
    return read_folder(profile_folder(name))


def profile_folder(name: str) -> Path:
    """Give the folder in which a profile stands; raises NotFoundError."""
    if name not in profiles():
        raise NotFoundError(f"there is no profile {name}; {known_or(name, profiles())}")
    return TEMPLATES / name
