"""Clocks: how much time somebody has, read anew from what happened, never counted along.

A clock is a pure function of the moves in the history, the length of time that it gives, and the calendar:
it can be asked for as often as one likes, after a restart or in a test, and says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from engine.escalation.calendar import Span, before, due_at
from engine.escalation.history import Happening, current, cycle, priority, united
from engine.model.ladder import Calendar, Ladder
from engine.model.values import FOR_EVER, Duration, Micros

Move: TypeAlias = Literal["start", "pause", "resume", "stop", "cancel", "reset"]
State: TypeAlias = Literal["running", "paused", "stopped", "cancelled"]
Name: TypeAlias = Literal["respond", "resolve"]


class Mark(msgspec.Struct, frozen=True):
    """A move of a clock and since when it holds: earlier than it was told of, where it is retroactive."""

    move: Move
    at: Micros


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """A clock as its history has left it.

    due: when it runs out (or ran out), None while it is paused in time and where it was cancelled.
    near: when the warning before that is due. pauses: what it did not count, None ending the one that
    is on. key: what a warning and a breach are told once for.
    """

    name: Name | Literal["level"]
    key: str
    state: State
    started_at: Micros
    due: Micros | None
    near: Micros | None = None
    ended_at: Micros | None = None
    pauses: tuple[tuple[Micros, Micros | None], ...] = ()

    def breached(self, now: Micros) -> bool:
        """Tell whether it ran out before it was stopped, or has run out by now. In time is in time."""
        if self.due is None:
            return False
        return self.due <= now if self.ended_at is None else self.due < self.ended_at


def read(
    marks: Iterable[Mark],
    limit: Duration,
    calendar: Calendar | None,
    *,
    name: Name | Literal["level"] = "resolve",
    key: str = "",
    warn_before: Duration | None = None,
) -> Clock | None:
    """Read a clock from its marks, in the order in which they were told; None where it never started.

    `start` counts once, `reset` starts anew; both count from when they hold, with the pauses since then.
    A pause in a pause is none. `stop` and `cancel` end the clock, and a pause with it; only `reset` goes on
    from there. Raises ValueError where the calendar does not open enough in ten years.
    """
    started: Micros | None = None
    ended: Micros | None = None
    since: Micros | None = None
    spans: list[Span] = []
    state: State = "running"
    for mark in marks:
        if mark.move == "reset" or (mark.move == "start" and started is None):
            started, ended, state = mark.at, None, "running"
        elif mark.move == "pause" and since is None:
            since = mark.at
        elif mark.move in ("resume", "stop", "cancel") and since is not None:
            spans.append((since, mark.at))
            since = None
        if mark.move in ("stop", "cancel") and ended is None:
            ended, state = mark.at, "stopped" if mark.move == "stop" else "cancelled"
    if started is None:
        return None
    kept = _kept(spans, started, min(at for at in (since, ended, FOR_EVER) if at is not None))
    due: Micros | None = due_at(calendar, started, limit, kept)
    if since is not None and ended is None and due is not None:
        state, due = "paused", due if due <= since else None
    if state == "cancelled":
        due = None
    near = None
    if warn_before is not None and due is not None:
        near = max(before(calendar, due, warn_before.micros), started)
    on: list[tuple[Micros, Micros | None]] = [*kept]
    if state == "paused" and since is not None:
        on.append((max(since, started), None))
    return Clock(
        name=name, key=key, state=state, started_at=started, due=due, near=near, ended_at=ended,
        pauses=tuple(on),
    )  # fmt: skip


def _kept(spans: Sequence[Span], start: Micros, end: Micros) -> list[Span]:
    """Give the pauses between two instants."""
    return united((max(opens, start), min(closes, end)) for opens, closes in spans)


_MOVES: dict[str, Move] = {
    "opened": "start",
    "reopened": "reset",
    "paused": "pause",
    "resumed": "resume",
    "resolved": "stop",
    "cancelled": "cancel",
}
"""What happens to a case, as its clock to resolve takes it; that to respond also stops when it is taken."""


def clock_of(
    history: Sequence[Happening], ladder: Ladder, calendar: Calendar | None, name: Name
) -> Clock | None:
    """Give a case's clock to respond or to resolve, None where the ladder sets no such time.

    The priority that the case has now says how long it is, from when the case was opened and with the
    pauses since: raising it restarts the clock retroactively.
    """
    urgency = priority(history)
    limits = ladder.respond_within if name == "respond" else ladder.resolve_within
    limit = limits.get(urgency)
    if limit is None:
        return None
    moves: dict[str, Move] = {**_MOVES, "acknowledged": "stop"} if name == "respond" else _MOVES
    marks = [Mark(moves[each.what], each.at) for each in history if each.what in moves]
    key = f"{name}.{cycle(history)}.{urgency}"
    return read(marks, limit, calendar, name=name, key=key, warn_before=ladder.warn_before)


def clocks_of(history: Sequence[Happening], ladder: Ladder, calendar: Calendar | None) -> list[Clock]:
    """Give the clocks to respond and to resolve that a case has."""
    found = (clock_of(history, ladder, calendar, name) for name in ("respond", "resolve"))
    return [clock for clock in found if clock is not None]


def level_clock(history: Sequence[Happening], ladder: Ladder, calendar: Calendar | None) -> Clock | None:
    """Give the clock of the level that was told last: when it runs out, the next level is told.

    It starts when the level is told and anew when the case is given to somebody; it stands still in
    pauses, and stops when somebody takes the case.
    """
    moves: dict[str, Move] = {**_MOVES, "told": "reset", "assigned": "reset", "acknowledged": "stop"}
    own = current(history)
    level = next((each.level for each in reversed(own) if each.what in ("told", "assigned")), 0)
    if not 1 <= level <= len(ladder.levels):
        return None
    marks = [Mark(moves[each.what], each.at) for each in own[1:] if each.what in moves]
    return read(marks, ladder.levels[level - 1].within, calendar, name="level", key=str(level))
