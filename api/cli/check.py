"""Check a workspace: exit 0 where it is clean, 1 where there are errors."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from api.cli.places import add_folder, add_json
from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from api.cli.watching import watch
from engine.authoring.loader import load_folder
from engine.errors import Finding
from engine.runtime.actions import known_actions


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_folder(parser)
    add_json(parser)
    parser.add_argument("--watch", action="store_true", help="check again on each save, until Ctrl-C")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Check, and tell every finding at its place."""
    folder: Path = arguments.folder or arguments.workspace or Path()
    if arguments.watch:
        return watch(folder, lambda: load_folder(folder, known_actions()).findings, terminal)
    loaded = load_folder(folder, known_actions())
    if terminal.json:
        terminal.answer({"errors": [_shown(finding) for finding in loaded.errors], "files": loaded.files})
        return 1 if loaded.errors else 0
    _list(terminal, loaded.errors, BAD)
    if loaded.warnings:
        terminal.say("Warnings:", "bold")
        _list(terminal, loaded.warnings, "yellow")
    counts = f"{_several(len(loaded.errors), 'error')}, {_several(len(loaded.warnings), 'warning')}"
    terminal.say(f"{counts} in {_several(loaded.files, 'file')}", GOOD if not loaded.errors else BAD)
    return 1 if loaded.errors else 0


def _list(terminal: Terminal, findings: Iterable[Finding], style: str) -> None:
    for finding in findings:
        terminal.say(str(finding), style if style == BAD else FAINT)


def _several(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _shown(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
    }
