"""What an import would do, shown before it does it: the map, the first rows, and what is wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from engine.authoring.importing import MapFile, names_events, read_rows
from engine.authoring.importing.files import stem_of
from engine.authoring.importing.maps import bind_map
from engine.authoring.importing.proposal import Proposal
from engine.authoring.importing.propose import propose
from engine.authoring.importing.shipped import fitting_map
from engine.authoring.importing.survey import Survey, Wrong, survey
from engine.authoring.importing.tracking import with_ids
from engine.customers.catalog import build_catalog
from engine.customers.zones import moment_of
from engine.model.values import SECOND, Micros
from engine.model.workspace import Workspace

LONGEST_CELL = 60


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen: the map that would be taken, whether it was proposed, and what would become of rows."""

    map: MapFile | None
    proposal: Proposal | None
    survey: Survey | None


def look_at(
    files: Sequence[Path], given: MapFile | None, folder: Path, workspace: Workspace, *, counted: bool
) -> Look:
    """Look at files, propose a map where they need one, and go through their rows where `counted`."""
    map, proposal = given, None
    if map is None and not names_events(files):
        map, proposal = _proposed(files, folder)
    found: Survey | None = None
    if counted:
        source = map.map.id if map is not None else stem_of(files[0])
        rows = with_ids(read_rows(files, map).rows, "row")
        found = survey(rows, build_catalog(workspace), source, int(time.time() * SECOND))
    return Look(map=map, proposal=proposal, survey=found)


def _proposed(files: Sequence[Path], folder: Path) -> tuple[MapFile, Proposal]:
    fitting = fitting_map(files, folder)
    if fitting is not None:
        told = f"it has the columns of {fitting.map.id}, a map that ships: {fitting.map.description}"
        text = Path(fitting.file).read_text(encoding="utf-8")
        return fitting, Proposal(name=fitting.map.id, text=text, choices=(), notes=(told,))
    proposal = propose(files)
    return bind_map(f"{proposal.name}.yaml", proposal.text.encode()), proposal


def tell_look(terminal: Terminal, look: Look) -> None:
    """Tell it to people, or to a program."""
    if terminal.json:
        terminal.answer({"proposal": look.proposal, **_counts(look.survey)})
        return
    if look.proposal is not None:
        for line in look.proposal.text.splitlines():
            terminal.say(line, FAINT if line.startswith("#") else "")
        if not look.proposal.choices:
            for note in look.proposal.notes:
                terminal.say(note)
    if look.survey is not None:
        _tell_survey(terminal, look.survey)
    if look.proposal is not None:
        terminal.say("--propose writes this map to a file, --yes imports with it", FAINT)


def _counts(found: Survey | None) -> dict[str, Any]:
    if found is None:
        return {}
    told = msgspec.structs.asdict(found)
    told |= {"first": _moment(found.first), "last": _moment(found.last)}
    told["preview"] = [row | {"at": _moment(row["at"])} for row in found.preview]
    return told


def _moment(at: Micros | None) -> str | None:
    return None if at is None else moment_of(at).isoformat().replace("+00:00", "Z")


def _tell_survey(terminal: Terminal, found: Survey) -> None:
    rows = [
        (
            row["row"],
            row["customer"],
            row["event"],
            _moment(row["at"]),
            _short(", ".join(f"{name}={value}" for name, value in row["properties"].items())),
        )
        for row in found.preview
    ]
    terminal.table(("row#", "customer", "event", "at", "properties"), rows, "as they would arrive")
    for one in found.refused:
        terminal.say(f"refused: {_wrong(one)}", BAD)
    for one in found.odd:
        terminal.say(f"{one.code}: {_wrong(one)}")
    events = ", ".join(f"{count:,} {name}" for name, count in found.events.most_common(5))
    when = f", {_moment(found.first)} to {_moment(found.last)}" if found.first is not None else ""
    terminal.say(
        f"{found.sound:,} of {found.rows:,} rows would be taken, of {found.customers:,} customers: "
        f"{events or 'none'}{when}",
        GOOD if found.sound else BAD,
    )


def _wrong(one: Wrong) -> str:
    more = ", ..." if one.count > len(one.rows) else ""
    return f"{one.detail}: {one.count:,} (rows {', '.join(map(str, one.rows))}{more})"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."
