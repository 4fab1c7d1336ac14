"""Create, list, rotate and revoke API keys. A key's text is shown once and kept nowhere."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.answers.values import key_answer
from api.cli.databases import reading, writing
from api.cli.places import add_database, add_json, database_of, instant, workspace_of
from api.cli.running import running_engine
from api.cli.terminal import GOOD, Terminal
from api.rates import LOCAL
from engine.audit.actor import Actor
from engine.customers.zones import moment_of, zone
from engine.errors import NotFoundError, RequestError, ValueSyntaxError
from engine.model.values import Duration, Micros
from engine.runtime.callers.keys import ROLES, Bounds, NewKey, grace_of
from engine.store.records import KeyRow

HERE = Actor(LOCAL, LOCAL, "admin")
"""Who acts from this machine's command line; nobody knows which human that was."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|rotate|revoke")
    create = verbs.add_parser("create", help="make a key and show it, once", allow_abbrev=False)
    create.add_argument("--role", required=True, choices=ROLES, help="what its holder may do")
    create.add_argument("--owner", required=True, metavar="EMAIL", help="the human it belongs to")
    create.add_argument("--label", default="", help="what it is for")
    create.add_argument("--expires", metavar="WHEN", help="until when it is good: 90d, or 2027-01-01 (UTC)")
    create.add_argument(
        "--address", action="append", default=[], metavar="RANGE",
        help="from where alone it may be used: 10.0.0.0/8, 2001:db8::1; may be given again",
    )  # fmt: skip
    create.add_argument("--source", metavar="NAME", help="the source of all its events (role ingest)")
    listed = verbs.add_parser("list", help="show the keys, without their secrets", allow_abbrev=False)
    revoke = verbs.add_parser("revoke", help="make a key useless from now on", allow_abbrev=False)
    revoke.add_argument("id", metavar="ID", help="the key's id, the part after its role")
    rotate = verbs.add_parser("rotate", help="make a key that takes over from one", allow_abbrev=False)
    rotate.add_argument("id", metavar="ID", help="the key's id, the part after its role")
    rotate.add_argument(
        "--grace", metavar="TIME", help="how long the old one is good beside it: 1d, 30d at most"
    )
    for verb in (create, listed, rotate, revoke):
        add_database(verb)
        add_json(verb)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Do what the verb says; through its API where an engine runs on the database."""
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    if arguments.verb == "create":
        return _create(arguments, terminal, folder, url)
    if arguments.verb == "rotate":
        return _rotate(arguments, terminal, folder, url)
    if arguments.verb == "revoke":
        return _revoke(arguments, terminal, folder, url)
    with reading(url) as store, store.reader() as reader:
        rows = reader.list_keys()
    if terminal.json:
        terminal.answer({"items": [key_answer(row) for row in rows]})
        return 0
    terminal.table(("id", "role", "owner", "label", "made", "good until", "last used"), map(_row, rows))
    return 0


def _create(arguments: argparse.Namespace, terminal: Terminal, folder: Path, url: str) -> int:
    expires = _expiry(arguments.expires)
    with running_engine(url) as running:
        if running is not None:
            wanted: dict[str, Any] = {
                "role": arguments.role,
                "owner": arguments.owner,
                "label": arguments.label,
                "addresses": arguments.address,
                "source": arguments.source,
            }
            if expires is not None:
                wanted["expires"] = moment_of(expires).isoformat()
            found: dict[str, Any] = running.ask("POST", "/v1/keys", wanted)
        else:
            bounds = Bounds(tuple(arguments.address), arguments.source)
            with writing(folder, url) as engine:
                found = _shown(
                    engine.create_key(
                        arguments.role, arguments.owner, arguments.label, expires, bounds=bounds, by=HERE
                    )
                )
    return _show(found, terminal)


def _rotate(arguments: argparse.Namespace, terminal: Terminal, folder: Path, url: str) -> int:
    with running_engine(url) as running:
        if running is not None:
            found: dict[str, Any] = running.ask(
                "POST", f"/v1/keys/{arguments.id}/rotate", {"grace": arguments.grace}
            )
        else:
            with writing(folder, url) as engine:
                found = _shown(engine.rotate_key(arguments.id, grace_of(arguments.grace), HERE))
    return _show(found, terminal)


def _shown(made: NewKey) -> dict[str, Any]:
    row = made.row
    until = None if row.expires_at is None else moment_of(row.expires_at)
    return {"id": row.id, "key": made.text, "role": row.role, "owner": row.owner, "expires": until}


def _show(found: dict[str, Any], terminal: Terminal) -> int:
    if terminal.json:
        terminal.answer({name: found[name] for name in ("id", "key", "role", "owner", "expires")})
        return 0
    terminal.say(found["key"], GOOD)
    terminal.note("This is shown once; keep it where secrets are kept.")
    return 0


def _revoke(arguments: argparse.Namespace, terminal: Terminal, folder: Path, url: str) -> int:
    with running_engine(url) as running:
        if running is not None:
            running.ask("DELETE", f"/v1/keys/{arguments.id}")
        else:
            with writing(folder, url) as engine:
                if engine.find_key(arguments.id) is None:
                    raise NotFoundError(f"there is no key {arguments.id}; `holdfast keys list` shows them")
                engine.revoke_key(arguments.id, HERE)
    if terminal.json:
        terminal.answer({"id": arguments.id, "revoked": True})
    else:
        terminal.say(f"the key {arguments.id} is revoked", GOOD)
    return 0


def _expiry(text: str | None) -> Micros | None:
    """Read when a key expires: a length of time from now, or an instant."""
    if text is None:
        return None
    now = time.time_ns() // 1000
    try:
        return now + Duration.parse(text).micros
    except ValueSyntaxError:
        pass
    at = instant(text, zone("UTC"), "--expires")
    if at is None or at <= now:
        raise RequestError(
            f"--expires {text} has passed already; it is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC;"
            " write a later time, or a length of time such as 90d"
        )
    return at


def _row(row: KeyRow) -> tuple[str, ...]:
    until = "revoked" if row.revoked_at is not None else _time(row.expires_at) or "always"
    return row.id, row.role, row.owner, row.label, _time(row.created_at), until, _time(row.last_used_at)


def _time(at: Micros | None) -> str:
    return "" if at is None else f"{moment_of(at):%Y-%m-%d %H:%M}"
