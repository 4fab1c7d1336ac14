"""One customer's fact state: what is kept of all events, so that every fact can be read from it.

The order in which events arrive leaves no trace: everything kept is a sum, an extreme, or the value
with the latest (occurred, seq). So late events, merges and rebuilds agree.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.customers.buckets import BEGIN, Bucket, Entry, Stamp
from engine.customers.chunks import Chunks
from engine.customers.contracts import Contracts, ended, joined, moved, next_end, read_contract
from engine.customers.event import FROM_OUTSIDE, GROUP, IDENTIFY, Event
from engine.customers.kinds import coerce, keep, show
from engine.customers.series import Last, Series
from engine.customers.table import FactTable, event_view
from engine.customers.windows import LENGTHS, first_of_month, index_of, month_of, month_of_day
from engine.model.facts import Subject
from engine.model.values import Micros


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A trait (or the account) as it was last sent, in its kept form."""

    name: str
    value: Any
    at: Micros
    seq: int
    source: str

    @property
    def stamp(self) -> Stamp:
        """The order in which the later one wins."""
        return self.at, self.seq


class Applied(msgspec.Struct, frozen=True):
    """What an event did to a customer.

    `changed` are facts that may have another value now, `trait_changes` the traits that have one, as
    (name, from, to) with None for never sent. `derived` are the contract events that follow; they are
    to be recorded and applied like sent ones.
    """

    changed: frozenset[str] = frozenset()
    trait_changes: tuple[tuple[str, Any, Any], ...] = ()
    derived: tuple[Event, ...] = ()


class FactState:
    """What is kept of one customer's events.

    `clock` is the latest instant an event was received at. Entries of the day (hour, minute) in which
    the clock lies are summed in `running` once the clock has passed them, for nothing is read as of an
    earlier instant of that day; those at or ahead of it, and of keyed series all, are kept singly in
    `today`. Older ones are in `chunks` (or `totals`, for all time). `known` tells that somebody named this
    customer otherwise than by an anonymous id. `stored` are the bytes of all but the chunks, as long as
    nothing has changed since they were read or made; `packed_totals`, `packed_running` and `packed_today`
    are what was encoded last of each, as long as that is what they hold.
    """

    __slots__ = (
        "_day",
        "_held_under",
        "account",
        "built",
        "caches",
        "chunks",
        "clock",
        "contracts",
        "derived",
        "first_seen",
        "firsts",
        "held",
        "id",
        "kind",
        "known",
        "lasts",
        "newest",
        "packed_running",
        "packed_today",
        "packed_totals",
        "running",
        "settled",
        "stored",
        "today",
        "totals",
        "traits",
    )  # fmt: skip

    def __init__(self, id: str, kind: Subject = "person", built: str = "") -> None:
        self.id = id
        self.kind: Subject = kind
        self.built = built
        self.known = False
        self.account: Sent | None = None
        self.first_seen: Micros | None = None
        self.clock: Micros = 0
        self.settled: Micros = 0
        self.traits: dict[str, Sent] = {}
        self.totals: dict[int, Bucket] = {}
        self.firsts: dict[int, Micros] = {}
        self.lasts: dict[int, Last] = {}
        self.running: dict[int, Bucket] = {}
        self.today: dict[int, list[Entry]] = {}
        self.contracts: Contracts = {}
        self.chunks = Chunks()
        self.newest: Stamp | None = None
        self.stored: bytes | None = None
        self.packed_totals: dict[int, msgspec.Raw] = {}
        self.packed_running: dict[int, msgspec.Raw] = {}
        self.packed_today: dict[int, tuple[list[Entry], list[msgspec.Raw]]] = {}
        self.caches: dict[int, dict[Any, Any]] = {}
        self.held: dict[str, tuple[int, int, Any, Any]] = {}
        self.derived: dict[str, tuple[int, int, Any, tuple[str, ...], Any]] = {}
        self._held_under: FactTable | None = None
        self._day: tuple[Micros, Micros] = (0, 0)

    @property
    def touched(self) -> set[int]:
        """The months whose chunks differ from what was stored."""
        return self.chunks.touched

    def holding(self, table: FactTable) -> dict[str, tuple[int, int, Any, Any]]:
        """Give what is held of facts by name (see `held`); nothing that was held under another table.

        `derived` is what upper floors hold beside it, until one of the named facts may have changed.
        """
        if self._held_under is not table:
            self.held, self.derived, self._held_under = {}, {}, table
        return self.held

    @property
    def account_id(self) -> str | None:
        """The account that a person belongs to."""
        return None if self.account is None else self.account.value

    def apply(self, table: FactTable, event: Event) -> Applied:
        """Take an event in; events come in the order (received, seq)."""
        self.stored = None
        derived = self.due_contracts(table, event.received_at)
        self.advance(table, event.received_at)
        self.newest = (event.occurred_at, event.seq)
        if event.cause in FROM_OUTSIDE and event.customer != event.anonymous_id:
            self.known = True
        if self.first_seen is None or event.occurred_at < self.first_seen:
            self.first_seen = event.occurred_at
        if event.account is not None and self.kind == "person":
            self.account = later(self.account, Sent("account", event.account, *self.newest, event.source))
        changes = self._set_traits(table, event) if event.name in (IDENTIFY, GROUP) else ()
        series = table.reading(self.kind, event)
        if series:
            view = event_view(table, event)
            for one in series:
                entry = one.entry(event, view)
                if entry is not None:
                    self._add(table, one, entry, event.source)
        terms = table.contracts_of(self.kind)
        if terms is not None and event.name == terms.of:
            derived += self._set_contract(table, event)
        changed = table.changed_by(self.kind, event)
        for name, _, _ in changes:
            changed |= table.dependents[self.kind].get(name, frozenset((name,)))
        return Applied(changed, changes, derived)

    def next_due(self, table: FactTable) -> Micros | None:
        """Give the instant of the next contract end, at which `due_contracts` has something to say."""
        if not self.contracts or not table.contracts_of(self.kind):
            return None
        return next_end(self.contracts, self.settled)

    def due_contracts(self, table: FactTable, now: Micros) -> tuple[Event, ...]:
        """Give the contract events of ends up to `now` that were not given before."""
        if not self.contracts or now <= self.settled or table.contracts_of(self.kind) is None:
            return ()
        due = tuple(ended(self.contracts, self.id, self.settled, now))
        self.settled, self.stored = now, None
        return due

    def last_occurred(self, table: FactTable, event: str) -> Micros | None:
        """Give when an event that a `quiet` trigger waits for last occurred (`any` for any)."""
        last = self.lasts.get(table.quiet[self.kind][event].index)
        return None if last is None else last.at

    def advance(self, table: FactTable, now: Micros) -> None:
        """Move the clock: what no longer lies in its day (hour, minute) goes into buckets."""
        before = self.clock
        if now <= before:
            return
        self.clock, self.stored = now, None
        units = [unit for unit in table.units if before // unit != now // unit]
        if before and (units or now >= self._day[1]):
            self._turn(table, before, units)
        for index in list(self.today):
            # What is single of a keyed series stays so until its day (hour, minute) is over.
            if not table.series[index].keyed:
                self._place_anew(table, table.series[index])

    def _turn(self, table: FactTable, before: Micros, units: list[Micros]) -> None:
        """Put away what the clock's step out of a day, or out of shorter units, leaves behind."""
        now = self.clock
        new_day = not self._day_begins(table) <= before
        passed = table.zone.day_of(before), table.zone.day_of(now)
        for index in self.today.keys() | self.running.keys():
            unit = LENGTHS.get(table.series[index].form.grain)
            if new_day if unit is None else unit in units:
                self._roll(table, table.series[index], before)
        for series in table.forgetting:
            unit = LENGTHS.get(series.form.grain)
            if new_day if unit is None else unit in units:
                self._forget(series, *((before // unit, now // unit) if unit is not None else passed))

    def instants(self, table: FactTable, series: Series) -> list[Micros]:
        """Give instants of the clock's day (hour, minute) or ahead of it: that of each single entry, and when
        the day began where something of it is summed up."""
        found = [entry.at for entry in self.today.get(series.index, ())]
        if series.index in self.running:
            found.append(self.began(table, series))
        return found

    def began(self, table: FactTable, series: Series) -> Micros:
        """Give the instant with which the day (hour, minute) of a series in which the clock lies began."""
        unit = LENGTHS.get(series.form.grain)
        return self._day_begins(table) if unit is None else self.clock // unit * unit

    def _day_begins(self, table: FactTable) -> Micros:
        """Give the instant with which the clock's day begins."""
        if not self._day[0] <= self.clock < self._day[1]:
            day = table.zone.day_of(self.clock)
            self._day = (table.zone.start_of_day(day), table.zone.start_of_day(day + 1))
        return self._day[0]

    def _set_traits(self, table: FactTable, event: Event) -> tuple[tuple[str, Any, Any], ...]:
        own = event.account is None or event.account == event.customer
        if self.kind == "account" and not (own or event.name == GROUP):
            return ()
        if self.kind == "person" and event.name == GROUP:
            return ()
        changes = []
        sent = table.trait_names(self.kind)
        for name, value in event.properties.items():
            trait = sent.get(name)
            if trait is None:
                continue
            try:
                kept = keep(trait.kind, coerce(trait.kind, value))
            except ValueError:
                continue
            old = self.traits.get(name)
            new = later(old, Sent(name, kept, event.occurred_at, event.seq, event.source))
            if new is not old:
                self.traits[name] = new
                self._give_up(table, table.dependents[self.kind].get(name, frozenset((name,))))
                was = None if old is None else old.value
                if was != kept or isinstance(was, bool) != isinstance(kept, bool):
                    changes.append((name, *(show(trait.kind, one, table.zone) for one in (was, kept))))
        return tuple(changes)

    def _set_contract(self, table: FactTable, event: Event) -> tuple[Event, ...]:
        terms = table.contracts
        read = None if terms is None else read_contract(event, terms, table.zone)
        if read is None:
            return ()
        name, contract = read
        before = self.contracts
        self.contracts = {**before, name: joined(before.get(name), contract)}
        self._give_up(table, table.resting_on_contracts)
        self.settled = max(self.settled, event.received_at)
        return tuple(moved(before, self.contracts, name, self.id, event))

    def _add(self, table: FactTable, series: Series, entry: Entry, source: str) -> None:
        index = series.index
        first, last = self.firsts.get(index), self.lasts.get(index)
        if series.needs & BEGIN and (first is None or entry.at < first):
            self.firsts[index] = entry.at
        if last is None or entry.stamp >= (last.at, last.seq):
            self.lasts[index] = Last(entry.at, entry.seq, source)
        self._give_up(table, table.resting[index])
        for name in table.weekly[index]:
            fall = self.held.get(name)
            if fall is not None and entry.at < fall[3][2]:
                del self.held[name]
        self.place(table, series, entry)

    def _give_up(self, table: FactTable, names: frozenset[str]) -> None:
        held = self.holding(table)
        for name in names:
            held.pop(name, None)
        for place, (_, _, _, reads, _) in list(self.derived.items()):
            if not names.isdisjoint(reads):
                del self.derived[place]

    def place(self, table: FactTable, series: Series, entry: Entry) -> None:
        """Keep an entry where it belongs by the clock: singly, in the sum of the day, or in its bucket."""
        self.stored = None
        if entry.at < self.began(table, series):
            self._bury(table, series, entry)
        elif entry.at < self.clock and not series.keyed:
            self._run(series).add(series.needs, entry)
        else:
            self.today.setdefault(series.index, []).append(entry)

    def place_running(self, table: FactTable, series: Series, bucket: Bucket, clock: Micros) -> None:
        """Keep what is summed of the day (hour, minute) of another clock, which is not ahead of this one."""
        self.stored = None
        if clock < self.began(table, series):
            self._bury_sum(table, series, bucket, clock)
        else:
            self._run(series).absorb(series.needs, bucket)

    def _run(self, series: Series) -> Bucket:
        """Give the sum of what the clock has passed today, to be added to."""
        self.packed_running.pop(series.index, None)
        running = self.running.get(series.index)
        if running is None:
            running = self.running[series.index] = Bucket()
        return running

    def _roll(self, table: FactTable, series: Series, before: Micros) -> None:
        """Put away what was summed of the day (hour, minute) in which the clock was before."""
        running = self.running.pop(series.index, None)
        if running is not None:
            self.packed_running.pop(series.index, None)
            self._bury_sum(table, series, running, before)
        if series.keyed:
            self._place_anew(table, series)

    def _place_anew(self, table: FactTable, series: Series) -> None:
        """Put what was kept singly where it belongs now that the clock has moved."""
        self.packed_today.pop(series.index, None)
        for entry in self.today.pop(series.index, ()):
            self.place(table, series, entry)

    def _bury(self, table: FactTable, series: Series, entry: Entry) -> None:
        index = self._opened(table, series, entry.at)
        if index is None:
            self.totals.setdefault(series.index, Bucket()).add(series.needs, entry)
        elif self._kept(table, series, index):
            self.chunks.add(series, index, entry)

    def _bury_sum(self, table: FactTable, series: Series, bucket: Bucket, at: Micros) -> None:
        index = self._opened(table, series, at)
        if index is None:
            self.totals.setdefault(series.index, Bucket()).absorb(series.needs, bucket)
        elif self._kept(table, series, index):
            self.chunks.add_sum(series, index, bucket)

    def _opened(self, table: FactTable, series: Series, at: Micros) -> int | None:
        """Drop what was folded or encoded of an instant's bucket, and give its number; None for `totals`."""
        grain = series.form.grain
        if grain == "all":
            self.caches.pop(series.index, None)
            self.packed_totals.pop(series.index, None)
            return None
        index = index_of(grain, at, table.zone)
        if series.revises is None:
            forget_spans(self.caches.get(series.index, {}), index)
        else:
            # It takes what it revises out of another bucket, which may lie in any span.
            self.caches.pop(series.index, None)
        return index

    def _kept(self, table: FactTable, series: Series, index: int) -> bool:
        cut = self.horizon(table, series, self.clock)
        return cut is None or index >= cut

    def horizon(self, table: FactTable, series: Series, now: Micros) -> int | None:
        """Give the number of the first bucket that is still kept, None where all are.

        Days are forgotten by whole months, so that a chunk is rewritten once a month for it.
        """
        if series.reach is None:
            return None
        unit = LENGTHS.get(series.form.grain)
        return _first_kept(series, now // unit if unit is not None else table.zone.day_of(now))

    def _forget(self, series: Series, before: int, now: int) -> None:
        """Forget what the clock's step from one day (hour, minute) to another puts out of reach."""
        old, new = _first_kept(series, before), _first_kept(series, now)
        if old == new:
            return
        grain = series.form.grain
        self.chunks.drop(series.index, month_of(grain, old), month_of(grain, new), new)


def _first_kept(series: Series, now: int) -> int:
    """Give the first bucket that is kept on a day (in an hour, a minute)."""
    first = now - (series.reach or 0)
    return first if series.form.grain in LENGTHS else first_of_month(month_of_day(first))


def forget_spans(cache: dict[Any, Any], index: int) -> None:
    """Drop what was folded over spans (low, high) of buckets that hold this one; None is open."""
    for span in list(cache):
        low, high = span[:2]
        if (low is None or low <= index) and (high is None or index < high):
            del cache[span]


def later(old: Sent | None, new: Sent) -> Sent:
    """Give the one sent later, by when it occurred and then by the order of acceptance."""
    return new if old is None or new.stamp >= old.stamp else old
