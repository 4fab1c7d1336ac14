"""Write the JSON Schemas (2020-12) of everything that is authored: to a folder, or all to standard output."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from api.cli.terminal import GOOD, Terminal
from engine.authoring.schema import schemas


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, nargs="?", help="write KIND.schema.json files here"
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Write the schemas."""
    found = schemas()
    folder: Path | None = arguments.folder
    if folder is None:
        terminal.answer(found)
        return 0
    write_schemas(folder)
    terminal.say(f"{folder} holds {len(found)} schemas", GOOD)
    return 0


def write_schemas(folder: Path) -> None:
    """Write each kind's schema into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / file_of(name)).write_text(text, encoding="utf-8")


def file_of(kind: str) -> str:
    """Give the name of a kind's schema file."""
    return f"{kind}.schema.json"
