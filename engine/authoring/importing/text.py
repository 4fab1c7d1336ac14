"""CSV files as one table of texts, each row with its number, for queries to read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.authoring.importing.events import ROW, BadRow
from engine.authoring.importing.records import csv_columns, csv_records


class Texts(msgspec.Struct, frozen=True):
    """A sound CSV file: its columns, the first of which is the row's number; and what is not in it."""

    path: Path
    columns: list[str]
    refused: Path


class Torn(msgspec.Struct, frozen=True):
    """A row that is in no table: its number, and why."""

    number: int
    row: BadRow


def write_texts(paths: Sequence[Path], folder: Path) -> Texts:
    """Write the sound rows of CSV files into one, and the others beside it; rows are numbered throughout."""
    columns = [(path, csv_columns(path)) for path in paths]
    names = list(dict.fromkeys(name for _, of in columns for name in of if name.lower() != ROW))
    texts = Texts(folder / "texts.csv", [ROW, *names], folder / "refused.jsonl")
    first = 0
    encode = msgspec.json.Encoder().encode
    with (
        texts.path.open("w", encoding="utf-8", newline="") as file,
        texts.refused.open("wb") as refused,
    ):
        sound = csv.writer(file, lineterminator="\n")
        for path, own in columns:
            places = [own.index(name) if name in own else None for name in names]
            straight = own == names
            number = 0
            for number, cells in csv_records(path, len(own)):
                if isinstance(cells, BadRow):
                    refused.write(encode(Torn(first + number, cells)) + b"\n")
                elif straight:
                    sound.writerow([first + number, *cells])
                else:
                    row = ["" if place is None else cells[place] for place in places]
                    sound.writerow([first + number, *row])
            first += number
    return texts
