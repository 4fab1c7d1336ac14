"""Stories: what a server is put through, and what it has made of it when all is done."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from engine.decisions.decision import encode
from engine.model.values import MINUTE, Micros
from engine.runtime.operating import doctor
from engine.store.interface import Reader
from engine.store.opening import open_store
from tests.crash.deaths import Death
from tests.crash.server import Dead, Server
from tests.crash.shop import MINUTES, START, Request, database_of

END: Micros = START + (MINUTES + 80) * MINUTE
"""When the last run has ended and nothing is due any more."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered at the end, but for the instants that late effects may shift.

    `runs` gives each run's workflow, customer, status and reason, with its step attempts as path,
    verb, outcome and reason; `letters` what became of each external effect.
    """

    events: Counter[tuple[str, str]]
    caused: Counter[tuple[str, str]]
    decisions: dict[str, bytes]
    rules: Counter[str]
    counts: dict[tuple[str, int, str], int]
    runs: dict[str, tuple[Any, ...]]
    postings: Counter[tuple[str, str]]
    memberships: Counter[tuple[str, str, int]]
    letters: dict[str, str | None]
    doctor: dict[str, Any]


def outcome_of(folder: Path) -> Outcome:
    """Read what a stopped server has left behind."""
    store = open_store(database_of(folder), exclusive=False)
    try:
        with store.reader() as reader:
            found = _read(reader)
    finally:
        store.close()
    return msgspec.structs.replace(found, doctor=doctor_of(folder))


def doctor_of(folder: Path) -> dict[str, Any]:
    """Give what `holdfast doctor` counts."""
    store = open_store(database_of(folder), exclusive=False)
    try:
        return doctor(store, END)
    finally:
        store.close()


def _read(reader: Reader) -> Outcome:
    events = reader.events(limit=100_000)
    decisions = reader.decisions(limit=100_000)
    runs = reader.runs(limit=100_000)
    customers = [row.id for row in reader.members(None, 100_000, chunks=False)]
    return Outcome(
        events=Counter((each.source, each.message_id) for each in events if each.source == "shop"),
        caused=Counter((each.name, each.message_id) for each in events if each.source != "shop"),
        decisions={each.id: encode(each) for each in decisions},
        rules=Counter(each.rule for each in decisions),
        counts={(each.rule, each.hour, each.outcome): each.number for each in reader.decision_counts()},
        runs={
            run.id: (
                run.workflow,
                run.customer,
                run.status.value,
                run.reason,
                run.arm,
                *_steps(reader, run.id),
            )
            for run in runs
        },
        postings=Counter((each.program, each.key) for each in reader.postings(customers)),
        memberships=Counter(
            (row.segment, row.customer, row.valid_from)
            for id in customers
            for row in reader.memberships_of(id)
        ),
        # What a ladder tells people belongs to no run.
        letters={
            row.effect.key: row.outcome
            for run in ("", *(run.id for run in runs))
            for row in reader.effects(run)
        },
        doctor={},
    )


def _steps(reader: Reader, run: str) -> Iterator[tuple[Any, ...]]:
    attempts = reader.attempts(run)
    numbers = [(each.seq, each.attempt) for each in attempts]
    assert numbers == sorted(set(numbers)), numbers
    for each in attempts:
        yield each.path, each.verb, each.outcome.value, each.reason


def letters_in(folder: Path) -> list[str]:
    """Give the names of what lies in the mail folder, without the instants that they begin with."""
    return sorted(re.sub(r"^\w+Z-", "", path.name) for path in (folder / "outbox").iterdir())


def integrity(folder: Path) -> str:
    """Give what SQLite itself says of the file."""
    with closing(sqlite3.connect(folder / "holdfast.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


class Telling:
    """Posts a story's requests in order, over as many servers as it takes.

    A server that has died is followed by another at the same instant, to which all events posted so
    far are posted again; what was acknowledged must be known to it.
    """

    def __init__(self, folder: Path, requests: Sequence[Request]) -> None:
        self.folder = folder
        self.requests = requests
        self._acknowledged = 0
        self._at = START

    def tell(self, deaths: Sequence[Death] = ()) -> None:
        """Tell it to the end over these deaths, then stop the last server in order."""
        for death in deaths:
            try:
                with Server(self.folder, self._at, death) as server:
                    self._repeat(server)
                    self._go_on(server, death)
                raise AssertionError(f"nobody died: {death}")
            except Dead as dead:
                assert dead.code == -signal.SIGKILL
        with Server(self.folder, self._at) as server:
            self._repeat(server)
            self._go_on(server)
            assert server.stop() == 0

    def _repeat(self, server: Server) -> None:
        known = [each for request in self.requests[: self._acknowledged] for each in request.events]
        for start in range(0, len(known), 1000):
            answer = server.post(known[start : start + 1000])
            assert (answer["accepted"], answer["duplicates"]) == (0, len(known[start : start + 1000]))

    def _go_on(self, server: Server, death: Death | None = None) -> None:
        for number, request in enumerate(self.requests[self._acknowledged :], 1):
            self._move(server, request.at)
            if death == Death("sent", number):
                server.post_and_kill(request.events)
                raise Dead(-signal.SIGKILL)
            answer = server.post(request.events)
            assert answer["accepted"] + answer["duplicates"] == len(request.events), answer
            self._acknowledged += 1
            if death == Death("acknowledged", number):
                server.kill()
                raise Dead(-signal.SIGKILL)
            self._move(server, self._at)
        while self._at < END:
            self._move(server, self._at + MINUTE)

    def _move(self, server: Server, to: Micros) -> None:
        self._at = to
        server.move(to)
