"""A proposed import map: what a file seems to hold, as a map that people may read and change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.authoring.importing.columns import Column, Profile
from engine.authoring.importing.files import stem_of
from engine.authoring.importing.roles import Choice, is_identifier
from engine.authoring.importing.selects import Select

LONGEST_NAME = 64

_PEOPLE = re.compile(
    r"(^|_)(account|customer|contact|user|people|person|member|demographic|compan(y|ie)|client|subscriber|lead)s?$"
)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A map that was not asked for: its text, the choices behind it, and what is worth a look."""

    name: str
    text: str
    choices: Sequence[Choice]
    notes: Sequence[str]


def noun_of(path: Path) -> str:
    """Give what a row of a file is, by the file's name: one, in small letters, without a common prefix.

    A first word that other files beside it begin with too says whose they are, and not what.
    """
    words = [word for word in re.split(r"[\W_]+", stem_of(path).lower()) if word]
    if len(words) > 1 and len(list(path.parent.glob(f"{words[0]}[_-]*"))) > 1:
        words = words[1:]
    if len(words) > 1 and words[-1] in ("event", "events", "log", "logs", "export", "data"):
        words = words[:-1]
    return "_".join([*words[:-1], singular(words[-1])]) if words else "row"


def singular(word: str) -> str:
    """Give one of what a word names several of."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def are_people(path: Path) -> bool:
    """Tell whether a file lists customers, by its name."""
    return bool(_PEOPLE.search(stem_of(path).lower().replace("-", "_")))


def written(
    path: Path,
    selects: Sequence[Select],
    choices: Sequence[Choice],
    notes: Sequence[str],
    *,
    texts: bool,
    before: str = "",
) -> Proposal:
    """Write a proposal as a map's YAML; `before` begins its query, `texts` tells that it reads cells so."""
    name = re.sub(r"[^a-z0-9]+", "-", stem_of(path).lower()).strip("-")[:LONGEST_NAME].strip("-") or "import"
    told = [f"{choice.role}: {choice.column} ({choice.sure}: {choice.reason})" for choice in choices]
    lines = [f"# Proposed from {path.name}. Look it over, and change what is wrong.", "#"]
    lines += [f"#   {one}" for one in (*told, *notes)]
    lines += [f"import: {name}"]
    if texts:
        lines += ["cells: text"]
    query = before + "\nunion all by name\n".join(select.sql() for select in selects)
    lines += ["query: |", *(f"  {line}" for line in query.splitlines())]
    lines += ["zone: UTC                # where times without an offset are from", ""]
    return Proposal(name=name, text="\n".join(lines), choices=choices, notes=notes)


def noted(profile: Profile, time: Column | None) -> list[str]:
    """Tell what is odd about the columns of a file."""
    notes = []
    if profile.torn:
        notes.append(f"{profile.torn:,} rows cannot be taken apart and would be refused")
    if empty := [column.name for column in profile.columns if not column.filled]:
        notes.append(f"empty in every row, and left out: {', '.join(empty)}")
    for column in profile.columns:
        if column.mixed and not is_identifier(column):
            rows = f"{column.mixed:,} rows (rows {', '.join(map(str, column.odd))})"
            left = "" if column.kind == "time" else ", where it would be empty"
            notes.append(f"{column.name} is no {column.kind} in {rows}{left}")
    if time is not None and any("/" in one or "." in one.split(" ")[0] for one in time.examples):
        if not (time.day_first or time.month_first):
            notes.append(f"{time.name} does not tell days from months; read as month/day")
        elif time.day_first and time.month_first:
            notes.append(f"{time.name} has days first in some rows and months first in others")
    return notes
