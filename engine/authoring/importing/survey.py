"""What would become of rows: each is taken as intake would take it, and nothing is kept."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import msgspec

from engine.authoring.importing.events import BadRow, Row
from engine.customers.catalog import Catalog
from engine.customers.event import Event
from engine.customers.normalise import digest, normalise
from engine.errors import QuarantineError
from engine.model.values import Micros

SHOWN = 10
"""Rows that are shown as they would arrive, and row numbers that are kept of each thing wrong."""
MOST_REASONS = 100


class Wrong(msgspec.Struct, kw_only=True):
    """One thing that is wrong: in how many rows, and which are the first of them."""

    code: str
    detail: str
    count: int = 0
    rows: list[int] = msgspec.field(default_factory=list)

    def add(self, row: int) -> None:
        """Count a row."""
        self.count += 1
        if len(self.rows) < SHOWN:
            self.rows.append(row)


class Survey(msgspec.Struct, kw_only=True):
    """What would become of all rows. `refused` would not be taken; `odd` is taken, and worth a look."""

    rows: int = 0
    sound: int = 0
    customers: int = 0
    events: Counter[str] = msgspec.field(default_factory=Counter)
    first: Micros | None = None
    last: Micros | None = None
    preview: list[dict[str, Any]] = msgspec.field(default_factory=list)
    refused: list[Wrong] = msgspec.field(default_factory=list)
    odd: list[Wrong] = msgspec.field(default_factory=list)


def survey(rows: Iterable[Row], catalog: Catalog, source: str, now: Micros) -> Survey:
    """Look at every row: who, what and when it would be, and what is wrong with it.

    `now` is the instant of the import: what occurs after it is in the future.
    """
    found = Survey()
    wrong: dict[tuple[str, str], Wrong] = {}
    odd = {
        "duplicate": Wrong(
            code="duplicate", detail="the very same event stands in an earlier row; give each its own id"
        ),
        "future": Wrong(code="future", detail="the time is after now; it would count as of now"),
        "disorder": Wrong(code="disorder", detail="the time is before that of the last such event"),
    }
    latest: dict[str, Micros] = {}
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE event (id TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID")
        seen.execute("CREATE TABLE customer (id TEXT PRIMARY KEY) WITHOUT ROWID")
        for row in rows:
            found.rows += 1
            try:
                event = _normalised(row.event, catalog, source, now)
                kept = _first_of(seen, event)
                if kept == "other":
                    raise QuarantineError(
                        "conflict",
                        f"the id stands for another {event.name} in an earlier row; give each its own id",
                    )
            except QuarantineError as error:
                key = error.code, error.detail
                if key not in wrong and len(wrong) == MOST_REASONS:
                    key = error.code, "and more of this kind"
                wrong.setdefault(key, Wrong(code=key[0], detail=key[1])).add(row.number)
                continue
            found.sound += 1
            found.events[event.name] += 1
            if len(found.preview) < SHOWN:
                found.preview.append(_shown(row.number, event))
            if kept == "same":
                odd["duplicate"].add(row.number)
            if "clamped" in event.flags:
                odd["future"].add(row.number)
            at = event.given_at
            if at is None:
                continue
            if at < latest.get(event.name, at):
                odd["disorder"].add(row.number)
            latest[event.name] = at
            found.first = at if found.first is None else min(found.first, at)
            found.last = at if found.last is None else max(found.last, at)
        [[found.customers]] = seen.execute("SELECT count(*) FROM customer")
    found.refused = sorted(wrong.values(), key=lambda one: -one.count)
    found.odd = [one for one in odd.values() if one.count]
    return found


def _normalised(raw: object, catalog: Catalog, source: str, now: Micros) -> Event:
    if isinstance(raw, BadRow):
        raise QuarantineError(raw.code, raw.detail)
    return normalise(raw, received_at=now, source=source, declared=catalog, may_grant=True)


def _first_of(seen: sqlite3.Connection, event: Event) -> str:
    """Tell whether an event is new, the same as an earlier one, or another one under its id."""
    seen.execute("INSERT OR IGNORE INTO customer VALUES (?)", (event.customer,))
    if not event.message_id:
        return "new"
    mark, id = digest(event), f"{event.source}\0{event.message_id}"
    if seen.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (id, mark)).rowcount:
        return "new"
    [kept] = seen.execute("SELECT digest FROM event WHERE id = ?", (id,)).fetchone()
    return "same" if kept == mark else "other"


def _shown(number: int, event: Event) -> dict[str, Any]:
    shown = {"row": number, "customer": event.customer, "event": event.name, "at": event.given_at}
    return {**shown, "account": event.account, "properties": event.properties}
