"""Put a workspace's YAML into the form that all share: comments stay, and so does the meaning."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from api.cli.places import workspace_of
from api.cli.terminal import BAD, GOOD, Terminal
from engine.authoring.folder import read_folder
from engine.authoring.formatting import format_yaml
from engine.errors import AuthoringError


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "files", metavar="FILE", type=Path, nargs="*", help="only these (default: all of the workspace)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 where a file would change"
    )
    parser.add_argument("--workspace", metavar="DIR", type=Path, help="the workspace (default: this folder)")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Format, and tell which files changed, or would."""
    changed, failed, files = 0, 0, 0
    for path in _files(arguments):
        files += 1
        data = path.read_bytes()
        try:
            formatted = format_yaml(str(path), data)
        except AuthoringError as error:
            failed += 1
            for finding in error.findings:
                terminal.say(str(finding), BAD)
            continue
        if formatted != data:
            changed += 1
            terminal.say(f"{path} {'would change' if arguments.check else 'changed'}")
            if not arguments.check:
                path.write_bytes(formatted)
    verb = "would change" if arguments.check else "changed"
    sound = not failed and not (arguments.check and changed)
    terminal.say(f"{changed} of {files} files {verb}", GOOD if sound else BAD)
    return 0 if sound else 1


def _files(arguments: argparse.Namespace) -> Iterator[Path]:
    if arguments.files:
        yield from arguments.files
        return
    folder = workspace_of(arguments)
    for name in read_folder(folder):
        if not name.endswith(".md"):
            yield folder / name
