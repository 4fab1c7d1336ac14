"""Crash points: the places between which dying could lose or double something.

Nothing happens at them, unless the process was started with HOLDFAST_CRASHPOINT=NAME[:N[:WAY]]: then
it ends when it comes by NAME for the Nth time (the first without N). WAY is `kill` (the default), as
kill -9 does it; `stop`, which leaves it standing until it is told to go on (SIGCONT); or `raise`,
which raises `Crashed` there.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Literal, get_args

import msgspec

SETTING = "HOLDFAST_CRASHPOINT"

Point = Literal[
    # A turn, which is every transaction that plays something.
    "turn_opened",  # it has begun, and nothing has been loaded
    "before_flush",  # everything has been played, and nothing of it is written
    "before_commit",  # everything is written, and nothing of it committed
    "after_commit",  # it is committed, and nobody knows
    # Ticks and midnights.
    "due_claimed",  # those for whom something is due are held, and nothing of it has been played
    "midnight_computed",  # the figures of a midnight are computed, and not committed
    "midnight_kept",  # they are committed
    # Intake.
    "accepted",  # events are stored in a transaction, and none of them is decided
    "before_answer",  # events are committed and decided, and the senders have no answer
    # The outbox.
    "after_claim",  # effects are leased, and none has been sent
    "before_send",  # one is about to be sent
    "after_send",  # the other side has answered, and nobody knows
    "before_settle",  # sending is over, and the database does not know how it ended
    "after_settle",  # it does
    # Start-up.
    "release_marked",  # other files are to go live, and nobody is settled into them yet
    "outage_kept",  # the time in which nobody ran is recorded
    "release_settled",  # everybody is settled into other files, which are not live yet
    "released",  # they are live
    # What takes more than one commit.
    "rebuilt_some",  # one batch of customers has its facts made anew
    "import_begun",  # the mark of an import is there, and none of its events
    "import_accepted",  # one portion of its events is there, which no fact counts yet
    "import_settled",  # facts count all of them, and the mark is still there
    # The audit record.
    "sealed",  # entries have their numbers, in a transaction that is not committed
    "signed",  # a root is signed, and the checkpoint not committed
    # People's part.
    "merge_bound",  # one name is bound to another, in a transaction that has not moved anything yet
    "paused",  # a pause is committed, and who asked for it does not know
]  # fmt: skip
"""The names. Whoever calls `crashpoint` with another is told so by the type checker and by a test."""

POINTS: frozenset[str] = frozenset(get_args(Point))

Way = Literal["kill", "stop", "raise"]


class Crashed(BaseException):
    """The process has come by the crash point that it was to raise at."""


class Crashpoint(msgspec.Struct, frozen=True):
    """Where to end: at a point, when it is come by for the `number`th time, from 1, and in which way."""

    name: Point
    number: int = 1
    way: Way = "kill"

    def __str__(self) -> str:
        return f"{self.name}:{self.number}:{self.way}"


def crashpoint(name: Point) -> None:
    """Come by a crash point: nothing happens, unless this process is to end here."""
    if _armed is not None:
        _armed.come_by(name)


def arm(asked: Crashpoint | None) -> None:
    """Let this process end at a crash point from now on; None for nowhere."""
    global _armed
    _armed = None if asked is None else _Armed(asked)


def read(text: str) -> Crashpoint:
    """Read NAME[:N[:WAY]]; a `ValueError` where it is nothing of the kind."""
    name, *rest = text.split(":")
    try:
        return msgspec.convert(dict(zip(("name", "number", "way"), [name, *rest], strict=False)),
                               Crashpoint, strict=False)  # fmt: skip
    except msgspec.ValidationError as error:
        raise ValueError(f"{SETTING}={text}: {error}; write NAME[:N[:kill|stop|raise]]") from error


class _Armed:
    def __init__(self, asked: Crashpoint) -> None:
        self._asked = asked
        self._left = asked.number
        self._lock = threading.Lock()

    def come_by(self, name: Point) -> None:
        if name != self._asked.name:
            return
        with self._lock:
            self._left -= 1
            if self._left:
                return
        if self._asked.way == "raise":
            raise Crashed(str(self._asked))
        os.kill(os.getpid(), signal.SIGKILL if self._asked.way == "kill" else signal.SIGSTOP)


_armed: _Armed | None = None
if _text := os.environ.get(SETTING):
    arm(read(_text))
