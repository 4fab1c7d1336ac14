"""The starter policy: beside the code in a wheel, at the top of a clone."""

from __future__ import annotations

from pathlib import Path

import engine.authoring
from engine.authoring.folder import SETTINGS, read_folder
from engine.errors import RequestError


def starter() -> Path:
    """Give the folder of the workspace that ships; raises RequestError where it is missing."""
    beside = Path(engine.authoring.__file__).parent / "starter"
    clone = Path(engine.authoring.__file__).parents[2]
    for folder in (beside, clone):
        if (folder / SETTINGS).is_file():
            return folder
    raise RequestError("the starter policy is missing from this installation; install holdfast again")


def starter_files() -> dict[str, bytes]:
    """Give the starter's files by their paths in it."""
    return read_folder(starter())
