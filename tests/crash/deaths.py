"""Deaths: where a server under test is killed, as by kill -9.

At most places it kills itself, for only it knows that it is there. Nothing of this is in the product:
the places are those that SQLAlchemy and the interpreter tell of.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from engine.store.sqlite import Straight

Place = Literal["statement", "commit", "committed", "letter", "sent", "acknowledged"]
"""Before a writing statement, before a commit, right after one, before a letter gets its name; and, by
the client, once a request has been sent, or acknowledged."""

OFTEN: dict[Place, int] = {
    "statement": 1900, "commit": 390, "committed": 390, "letter": 660, "sent": 40, "acknowledged": 40,
}  # fmt: skip
"""About how often each place is come by in a whole story."""


class Death(msgspec.Struct, frozen=True):
    """Die when a place is come by for the `number`th time, from 1."""

    place: Place
    number: int


def everywhere(chance: random.Random) -> list[Death]:
    """Give a death at every place, in any order, early enough for all of them in one story."""
    places = chance.sample(list(OFTEN), len(OFTEN))
    return [Death(place, chance.randrange(OFTEN[place] // len(OFTEN)) + 1) for place in places]


def arm(death: Death) -> None:
    """Let this process die where it is told to, if that is for itself to know."""
    lock = threading.Lock()
    left = death.number

    def come_by() -> None:
        nonlocal left
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if death.place in _ARM:
        _ARM[death.place](come_by)


def _before_statements(come_by: Callable[[], None]) -> None:
    @event.listens_for(Engine, "before_cursor_execute")
    def before(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith(_WRITES):
            come_by()

    for way in ("run", "run_many"):
        _before_each(way, come_by)


_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE")


def _before_each(way: str, come_by: Callable[[], None]) -> None:
    """Come by before each statement that writes and that SQLite's driver is given straight."""
    usual = getattr(Straight, way)

    def told(driver: Straight, connection: Any, text: str, values: Any) -> Any:
        if text.startswith(_WRITES):
            come_by()
        return usual(driver, connection, text, values)

    setattr(Straight, way, told)


def _before_commits(come_by: Callable[[], None]) -> None:
    _mark_writers()

    @event.listens_for(Engine, "commit")
    def before(conn: Any) -> None:
        if conn.info.get("writes"):
            come_by()


def _after_commits(come_by: Callable[[], None]) -> None:
    _mark_writers()

    @event.listens_for(Engine, "commit")
    def before(conn: Any) -> None:
        conn.info["committing"] = conn.info.get("writes")

    @event.listens_for(Pool, "checkin")
    def after(connection: Any, record: Any) -> None:
        if record.info.pop("committing", False):
            come_by()


def _mark_writers() -> None:
    @event.listens_for(Engine, "before_cursor_execute")
    def mark(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            conn.info["writes"] = True


def _before_letters(come_by: Callable[[], None]) -> None:
    def heard(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "os.rename" and str(arguments[1]).endswith(".eml"):
            come_by()

    sys.addaudithook(heard)


_ARM: dict[Place, Callable[[Callable[[], None]], None]] = {
    "statement": _before_statements,
    "commit": _before_commits,
    "committed": _after_commits,
    "letter": _before_letters,
}
