"""Give account: check the audit record, take it away as a file, and check such a file anywhere."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from api.cli.databases import reading, writing
from api.cli.places import add_database, add_json, authored, database_of, instant, workspace_of
from api.cli.running import running_engine
from api.cli.terminal import BAD, GOOD, Terminal
from engine.audit.checkpoints import NoteError, Verifier, read_verifier
from engine.audit.signing import Signer
from engine.customers.zones import moment_of, zone
from engine.errors import RequestError
from engine.runtime.actions import known_actions
from engine.runtime.audit.checking import Damage
from engine.runtime.audit.database import verify_database
from engine.runtime.audit.offline import verify_file
from engine.runtime.audit.replaying import replay
from engine.runtime.reports.explaining import Explainer
from engine.runtime.secret import FOLDER
from engine.runtime.startup import AUDIT_KEY, AUDIT_LOG
from engine.store.interface import Store
from engine.timeline.ruleset import compile_ruleset

SHOWN = 20
"""Damages that are listed."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|export|replay|key|checkpoint")
    verify = verbs.add_parser(
        "verify", help="check the record in the database, or an exported file", allow_abbrev=False
    )
    verify.add_argument("file", nargs="?", type=Path, metavar="FILE", help="an exported file; then --key")
    verify.add_argument("--key", metavar="KEY", help="the public key, or a file that holds it")
    verify.add_argument(
        "--checkpoint", action="append", default=[], type=Path, metavar="OLD", help="a checkpoint kept before"
    )
    export = verbs.add_parser("export", help="write the record of a period into a file", allow_abbrev=False)
    export.add_argument("file", type=Path, metavar="FILE", help="the file to write")
    again = verbs.add_parser(
        "replay", help="decide the recorded decisions again, and compare", allow_abbrev=False
    )
    for verb in (export, again):
        verb.add_argument("--from", dest="start", metavar="WHEN", help="from this instant on (UTC)")
        verb.add_argument("--to", dest="end", metavar="WHEN", help="before this instant (UTC)")
    key = verbs.add_parser("key", help="print the public key", allow_abbrev=False)
    checkpoint = verbs.add_parser("checkpoint", help="sign the record, print the note", allow_abbrev=False)
    for verb in (verify, export, again, key, checkpoint):
        add_database(verb)
        add_json(verb)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Do what the verb says."""
    if arguments.verb == "verify":
        kept = [(str(path), path.read_text(encoding="utf-8")) for path in arguments.checkpoint]
        if arguments.file is not None:
            return _verify_file(arguments, kept, terminal)
        return _verify_database(arguments, kept, terminal)
    verbs = {"export": _export, "replay": _replay, "key": _key, "checkpoint": _checkpoint}
    return verbs[arguments.verb](arguments, terminal)


def _verify_file(arguments: argparse.Namespace, kept: Sequence[tuple[str, str]], terminal: Terminal) -> int:
    if arguments.key is None:
        raise RequestError("a file is checked against a public key; add --key, from `holdfast audit key`")
    found = verify_file(arguments.file, _given_key(arguments.key), kept)
    manifest = found.manifest
    told: dict[str, Any] = {
        "size": manifest.size, "first": manifest.first, "end": manifest.end, "from": manifest.from_,
        "to": manifest.to, "counts": manifest.counts, "opened": manifest.opened, "erased": manifest.erased,
    }  # fmt: skip
    return _tell(told, found.damages, terminal)


def _verify_database(
    arguments: argparse.Namespace, kept: Sequence[tuple[str, str]], terminal: Terminal
) -> int:
    folder = workspace_of(arguments)
    with reading(database_of(arguments, folder)) as store:
        verifier = _given_key(arguments.key) if arguments.key is not None else _own_key(folder, store)
        if kept and verifier is None:
            raise RequestError("checkpoints are checked with the public key; add --key")
        with store.reader() as reader:
            found = verify_database(reader, verifier, kept)
    told: dict[str, Any] = {
        "size": found.size, "unsealed": found.unsealed, "checkpoints": found.checkpoints,
        "counts": found.counts, "opened": found.opened, "erased": found.erased,
    }  # fmt: skip
    return _tell(told, found.damages, terminal)


def _tell(told: dict[str, Any], damages: Sequence[Damage], terminal: Terminal) -> int:
    if terminal.json:
        listed = [{"place": damage.place, "what": damage.what} for damage in damages]
        terminal.answer({"good": not damages, **told, "damages": listed})
        return 1 if damages else 0
    counts = told.pop("counts")
    terminal.table(("", ""), [(name, str(value)) for name, value in told.items() if value is not None])
    terminal.table(("entries", "#"), [(name, str(number)) for name, number in counts.items()])
    for damage in damages[:SHOWN]:
        terminal.say(str(damage), BAD)
    if len(damages) > SHOWN:
        terminal.say(f"and {len(damages) - SHOWN} more", BAD)
    if not damages:
        terminal.say("every entry is as it was sealed", GOOD)
    return 1 if damages else 0


def _export(arguments: argparse.Namespace, terminal: Terminal) -> int:
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    start = instant(arguments.start, zone("UTC"), "--from")
    end = instant(arguments.end, zone("UTC"), "--to")
    with running_engine(url) as running:
        if running is not None:
            asked = {"from": start, "to": end}
            query = urlencode(
                {name: moment_of(at).isoformat() for name, at in asked.items() if at is not None}
            )
            _write(arguments.file, running.take(f"/v1/audit/export?{query}"))
        else:
            with writing(folder, url) as engine:
                _write(arguments.file, engine.export_audit(start, end, "local"))
    if terminal.json:
        terminal.answer({"file": str(arguments.file), "bytes": arguments.file.stat().st_size})
    else:
        terminal.say(f"{arguments.file}: {arguments.file.stat().st_size} bytes", GOOD)
    return 0


def _replay(arguments: argparse.Namespace, terminal: Terminal) -> int:
    folder = workspace_of(arguments)
    ruleset = compile_ruleset(authored(folder), known_actions())
    start = instant(arguments.start, zone("UTC"), "--from")
    end = instant(arguments.end, zone("UTC"), "--to")
    with reading(database_of(arguments, folder)) as store:
        found = replay(store, Explainer(store, lambda: ruleset), start, end)
    told = {"equal": found.equal, "different": found.different, "erased": found.erased}
    if terminal.json:
        listed = [
            {"decision": each.decision, "rule": each.rule, "at": moment_of(each.at), "what": each.what}
            for each in found.differences
        ]
        terminal.answer({**told, "differences": listed})
        return 1 if found.different else 0
    terminal.table(("decisions", "#"), [(name, str(number)) for name, number in told.items()])
    for each in found.differences[:SHOWN]:
        terminal.say(f"decision {each.decision} of {each.rule}, {moment_of(each.at)}: {each.what}", BAD)
    return 1 if found.different else 0


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    draft = path.with_name(f"{path.name}.part")
    try:
        with draft.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        os.replace(draft, path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _key(arguments: argparse.Namespace, terminal: Terminal) -> int:
    folder = workspace_of(arguments)
    with reading(database_of(arguments, folder)) as store:
        found = _own_key(folder, store)
    if found is None:
        raise RequestError(
            f"there is no signing key in {folder / FOLDER}: start `holdfast serve` once, which makes it"
        )
    if terminal.json:
        terminal.answer({"key": str(found)})
    else:
        terminal.say(str(found))
    return 0


def _checkpoint(arguments: argparse.Namespace, terminal: Terminal) -> int:
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    with running_engine(url) as running:
        if running is not None:
            note = running.ask("GET", "/v1/audit/checkpoint")["note"]
        else:
            with writing(folder, url) as engine:
                row = engine.checkpoint().result()
                note = "" if row is None else row.note
    if terminal.json:
        terminal.answer({"note": note})
    else:
        terminal.say(note.removesuffix("\n"))
    return 0


def _own_key(folder: Path, store: Store) -> Verifier | None:
    """Give the public key of the workspace's own secret, None where it has none."""
    path = folder / FOLDER / AUDIT_KEY
    with store.reader() as reader:
        log = reader.kept_mark(AUDIT_LOG)
    return Signer(log, path.read_bytes()).verifier if log is not None and path.exists() else None


def _given_key(text: str) -> Verifier:
    path = Path(text)
    try:
        return read_verifier(path.read_text(encoding="utf-8") if path.is_file() else text)
    except NoteError as error:
        raise RequestError(f"--key {text}: {error}; write what `holdfast audit key` prints") from error
