"""Keeping: snapshots in memory, so that replays of customers with much behind them go on from there.

A snapshot holds as long as what had happened by then is the same. That is looked at each time, so that
nobody who merges customers, erases one or imports history has to think of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from threading import Lock

import msgspec

from engine.authoring.explaining.record import Record
from engine.authoring.explaining.replay import Replay
from engine.authoring.explaining.snapshot import Snapshot
from engine.authoring.simulate import Simulation
from engine.decisions.decision import Decision
from engine.model.values import DAY, Micros
from engine.timeline.world import Witness

SPACING = 64
"""So many events and instants are played from one snapshot to the next."""

MOST_BYTES = 64 * 1024 * 1024
"""Snapshots of so many bytes are kept, those of the customers most lately asked about."""


class Mark(msgspec.Struct, frozen=True):
    """A snapshot, the rules that looked since the one before it, and what it was made of."""

    snapshot: Snapshot
    looked: frozenset[str]
    basis: bytes


class Snapshots:
    """The snapshots of customers, in the order of time. May be asked from any thread.

    `bytes` is how large they are, `gone_on_from` counts how often a replay did not have to begin at the
    beginning.
    """

    def __init__(self, spacing: int = SPACING, most_bytes: int = MOST_BYTES) -> None:
        self._spacing = spacing
        self._most_bytes = most_bytes
        self.bytes = 0
        self.gone_on_from = 0
        self._marks: OrderedDict[str, Sequence[Mark]] = OrderedDict()
        self._lock = Lock()

    def help_with(self, record: Record, at: Micros) -> bool:
        """Tell whether there is so much to play up to an instant that it is worth while to keep some."""
        if not record.events:
            return False
        return len(record.events) + (at - record.came(record.events[0])) // DAY > 2 * self._spacing

    def play(self, record: Record, rule: str, customer: str, at: Micros, witness: Witness) -> Simulation:
        """Play all of a record that is not later than an instant; the witness is shown the rule's last look,
        if not all of them."""
        known = self._of(customer)
        marks = [mark for mark in known if mark.snapshot.at <= at]
        held = _holding(marks, record)
        self.gone_on_from += bool(held)
        looks = _Looks(customer, rule, witness)
        replay = Replay(record, looks, snapshot=held[-1].snapshot if held else None)
        basis, made = _Basis(record), list[Mark]()
        for _ in _steps(replay, at):
            if replay.turns - looks.since >= self._spacing:
                made.append(looks.mark(replay, basis))
        if len(held) < len(marks) or len(marks) == len(known):
            self._keep(customer, [*held, *made])
        if not looks.shown:
            _look_back(held, record, rule, witness)
        return replay.simulation

    def forget(self, customer: str) -> None:
        """Keep nothing of a customer: of one who is not there any more."""
        self._keep(customer, ())

    def _of(self, customer: str) -> Sequence[Mark]:
        with self._lock:
            if customer in self._marks:
                self._marks.move_to_end(customer)
            return self._marks.get(customer, ())

    def _keep(self, customer: str, marks: Sequence[Mark]) -> None:
        with self._lock:
            self.bytes += _size(marks) - _size(self._marks.pop(customer, ()))
            if marks:
                self._marks[customer] = marks
            while self.bytes > self._most_bytes:
                _, oldest = self._marks.popitem(last=False)
                self.bytes -= _size(oldest)


class _Looks:
    """Notes which rules look at a customer; shows those of one rule to somebody."""

    def __init__(self, customer: str, rule: str, witness: Witness) -> None:
        self.since = 0
        self.shown = False
        self._customer = customer
        self._rule = rule
        self._witness = witness
        self._looked: set[str] = set()

    def __call__(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        if customer == self._customer:
            self._looked.add(rule)
            if rule == self._rule:
                self.shown = True
                self._witness(rule, customer, look)

    def mark(self, replay: Replay, basis: _Basis) -> Mark:
        """Keep where a replay stands, and what looked on the way there."""
        snapshot, looked = replay.snapshot(), frozenset(self._looked)
        self.since = replay.turns
        self._looked.clear()
        return Mark(snapshot, looked, basis.of(snapshot))


def _steps(replay: Replay, at: Micros) -> Iterator[None]:
    """Play what is to come up to an instant; after each step a snapshot may be made."""
    for event in replay.to_come():
        replay.take(event)
        yield
    for instant in replay.strides(at):
        replay.wait(instant)
        yield


def _look_back(marks: Sequence[Mark], record: Record, rule: str, witness: Witness) -> None:
    """Show the looks of a rule in the last span between two snapshots in which there was one."""
    for number in reversed(range(len(marks))):
        if rule in marks[number].looked:
            replay = Replay(record, witness, snapshot=marks[number - 1].snapshot if number else None)
            end = marks[number].snapshot
            for event in replay.to_come()[: end.events - replay.taken]:
                replay.take(event)
            if end.waited:
                replay.wait(end.at)
            return


def _holding(marks: Sequence[Mark], record: Record) -> list[Mark]:
    """Give those of the snapshots that are of this very record, and from which it can be gone on."""
    basis, held = _Basis(record), list[Mark]()
    for mark in marks:
        if mark.basis != basis.of(mark.snapshot) or not _goes_on(mark.snapshot, record):
            break
        held.append(mark)
    return held


class _Basis:
    """What snapshots of a record rest on, as digests: of one snapshot after the other, in their order."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._events = blake2b(digest_size=16)
        self._taken = 0

    def of(self, snapshot: Snapshot) -> bytes:
        """Give the digest of all that had happened by then: that of another record is another one."""
        record = self._record
        for event in record.events[self._taken : snapshot.events]:
            self._events.update(f"{event.seq} {record.came(event)} {event.customer}\n".encode())
        self._taken = max(self._taken, min(snapshot.events, len(record.events)))
        live = record.releases[: snapshot.release + 1]
        rest = (
            self._events.hexdigest(),
            snapshot.events - self._taken,
            [(release.at, release.ruleset.workspace.hash) for release in live],
            [outage for outage in record.outages if outage[0] <= snapshot.at],
            record.figures.until(snapshot.at),
        )
        return blake2b(repr(rest).encode(), digest_size=16).digest()


def _goes_on(snapshot: Snapshot, record: Record) -> bool:
    """Tell whether nothing came in the time that was waited for, and what came then can be taken up.

    Waiting settles history that was imported before, which history that follows would have joined; and where
    it is not known when that was imported, it is learnt before what was due by then.
    """
    if snapshot.release + 1 < len(record.releases):
        if record.releases[snapshot.release + 1].at <= snapshot.at:
            return False
    if not snapshot.waited:
        return True
    coming = record.events[snapshot.events :]
    if coming and record.came(coming[0]) <= snapshot.at:
        return False
    outside = (event for event in coming if event.cause not in ("engine", "run"))
    following = next(outside, None)
    return following is None or following.cause != "history"


def _size(marks: Sequence[Mark]) -> int:
    return sum(mark.snapshot.size for mark in marks)
