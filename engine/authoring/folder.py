"""A workspace's folder, read into memory: only what belongs to it, and nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.authoring.reading import LARGEST_FILE
from engine.errors import AuthoringError, Finding

SETTINGS = "holdfast.yaml"
ROOMS = ("rules", "workflows", "hooks")
MOST_FILES = 5_000
_READ = (".yaml", ".yml")


def read_folder(path: Path) -> dict[str, bytes]:
    """Give the bytes of a workspace's files by their paths in it, in order.

    `holdfast.yaml`, the YAML in `rules/`, `workflows/` and `hooks/`, and the Markdown in
    `workflows/messages/`; hidden files are left out. Raises AuthoringError where there is no
    workspace, where there are more than 5,000 files, or for a link that leads out of the folder.
    """
    root = path.resolve()
    if not (root / SETTINGS).is_file():
        raise _refused(
            SETTINGS,
            "no-workspace",
            "there is no holdfast.yaml here",
            "name the workspace's folder, or make one with holdfast init",
        )
    files: dict[str, bytes] = {}
    for found in _files(root):
        name = found.relative_to(root).as_posix()
        if not found.resolve().is_relative_to(root):
            raise _refused(
                name, "link-out", "this link leads out of the workspace", "put the file itself here"
            )
        if len(files) == MOST_FILES:
            raise _refused(
                name, "too-many-files", f"a workspace has at most {MOST_FILES} files", "take some out"
            )
        with found.open("rb") as file:
            files[name] = file.read(LARGEST_FILE + 1)
    return files


def _files(root: Path) -> Iterator[Path]:
    yield root / SETTINGS
    for room in ROOMS:
        for found in sorted((root / room).rglob("*")):
            inside = found.relative_to(root)
            if any(part.startswith(".") for part in inside.parts) or not found.is_file():
                continue
            message = found.suffix == ".md" and inside.parts[:2] == ("workflows", "messages")
            if found.suffix in _READ or message:
                yield found


def _refused(file: str, code: str, message: str, hint: str) -> AuthoringError:
    return AuthoringError([Finding(file, 1, 1, code, message, hint)])
