"""Lay out a workspace to begin with: a policy that ships, to be changed as you like."""

from __future__ import annotations

import argparse
import re
from pathlib import Path, PurePosixPath

from api.cli.places import add_folder
from api.cli.schema import file_of, write_schemas
from api.cli.starter import starter
from api.cli.terminal import FAINT, GOOD, Terminal
from engine.authoring.definitions import SECTIONS
from engine.authoring.folder import SETTINGS, read_folder
from engine.authoring.hooks.shipped import shipped_hooks
from engine.authoring.importing.shipped import shipped_files
from engine.authoring.mutants.excuses import EXCUSES
from engine.authoring.profiles import profile_folder, profiles
from engine.errors import RequestError

STARTER = "starter"
"""The profile without a name of its own: the policy at the top of the repository."""

IGNORED = "holdfast.db*\n.holdfast/\noutbox/\n"
"""What an engine keeps in the workspace and nobody wants in version control."""

SCHEMAS = ".schemas"
"""Where a workspace keeps what its editor knows of each kind of file; no file of it is read by the engine."""

_KIND = re.compile(rb"^([a-z]+):", re.MULTILINE)


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_folder(parser)
    parser.add_argument(
        "--profile",
        choices=(STARTER, *profiles()),
        default=STARTER,
        help="which policy to begin with (default: starter, which has something of every kind)",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Write the files, unless one of them is there already."""
    folder: Path | None = arguments.folder or arguments.workspace
    if folder is None:
        raise RequestError("name the folder to lay the workspace out in: holdfast init DIR")
    files = {**_policy(arguments.profile), **shipped_files(), **shipped_hooks()}
    files[".gitignore"] = IGNORED.encode()
    present = [name for name in files if name != ".gitignore" and (folder / name).exists()]
    if present:
        raise RequestError(f"{folder / present[0]} is there already; name a new or empty folder")
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(_with_schema(name, data))
    write_schemas(folder / SCHEMAS)
    terminal.say(
        f"{folder} holds {len(files) - 1} files: rules/, workflows/, imports/, hooks/ and holdfast.yaml", GOOD
    )
    for line in (f"cd {folder}", "holdfast check", "holdfast test", "holdfast serve"):
        terminal.say(f"  {line}", FAINT)
    return 0


def _policy(profile: str) -> dict[str, bytes]:
    """Give the files of a policy, with what its tests are excused from noticing."""
    source = starter() if profile == STARTER else profile_folder(profile)
    files = read_folder(source)
    excuses = source / EXCUSES
    return {**files, EXCUSES: excuses.read_bytes()} if excuses.is_file() else files


def _with_schema(name: str, data: bytes) -> bytes:
    """Give a YAML file with the line by which editors find its schema."""
    found = _KIND.search(data)
    if not name.endswith(".yaml") or found is None:
        return data
    kind = "settings" if name == SETTINGS else found[1].decode()
    up = "../" * (len(PurePosixPath(name).parts) - 1)
    schema = file_of("facts" if kind in SECTIONS else kind)
    return f"# yaml-language-server: $schema={up}{SCHEMAS}/{schema}\n".encode() + data
