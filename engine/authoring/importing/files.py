"""Data files: what they hold, told from their names, and how they are opened."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

from engine.errors import RequestError

Form: TypeAlias = Literal["csv", "jsonl", "parquet", "text"]

_FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
}


def form_of(paths: Sequence[Path]) -> Form:
    """Give what files hold, which is the same for all of them; raises RequestError."""
    forms: set[Form] = {_form(path) for path in paths}
    if len(forms) != 1:
        raise unreadable("the files are of different kinds; import each kind by itself")
    return forms.pop()


def _form(path: Path) -> Form:
    if not path.is_file():
        raise unreadable(f"there is no file {path}; name one that there is")
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    form = _FORMS.get(suffixes[-1]) if suffixes else None
    if form is None:
        known = ", ".join(_FORMS)
        raise unreadable(
            f"{path.name} is no file that can be imported; name one that ends in {known}, also with .gz"
        )
    return form


def stem_of(path: Path) -> str:
    """Give a file's name without what tells its kind."""
    return path.name.partition(".")[0] or path.name


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading, expanded where it is gzip."""
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path))
    return path.open("rb")


def unreadable(detail: str) -> RequestError:
    """Give the error for a data file that cannot be imported."""
    return RequestError(detail, code="unreadable_file")
