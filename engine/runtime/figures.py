"""Figures of the whole base: computed at the workspace's midnight, kept, and given to the core."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from engine.customers.encoding import decode
from engine.customers.figures import (
    NO_FIGURES,
    BaseFigures,
    BaseTally,
    decode_figures,
    encode_figures,
)  # fmt: skip
from engine.customers.state import FactState
from engine.customers.table import SUBJECTS
from engine.model.values import Day, Micros
from engine.store.interface import Reader, Store, Writer
from engine.store.records import BaseRow
from engine.timeline.ruleset import Ruleset

PAGE = 500
_MOST = 64


class Figures:
    """What was known of the base at each midnight; nothing where no rule or fact rests on it."""

    def __init__(self, store: Store, ruleset: Ruleset) -> None:
        self._store = store
        self._zone = ruleset.zone
        self._table = ruleset.facts
        self._wanted = needs_figures(ruleset)
        self._known: dict[Day, BaseFigures] = {}
        self._older: dict[Day, BaseFigures] = {}
        self._reached: Day | None = None

    def look_again(self) -> None:
        """Let figures that another process has computed since be found."""
        self._older.clear()

    def computed(self, midnight: Micros) -> bool:
        """Tell whether the figures of a midnight are stored."""
        with self._store.reader() as reader:
            return reader.load_base(self._zone.day_of(midnight)) is not None

    @property
    def next_midnight(self) -> Micros | None:
        """The next midnight at which there is something to compute, None where there never is."""
        if not self._wanted or self._reached is None:
            return None
        return self._zone.start_of_day(self._reached + 1)

    def at(self, instant: Micros) -> BaseFigures:
        """Give the figures of the latest midnight not after an instant, as it was computed."""
        if not self._wanted:
            return NO_FIGURES
        day = self._zone.day_of(instant)
        found = self._known.get(day) or self._older.get(day)
        return self._read(day) if found is None else found

    def _read(self, day: Day) -> BaseFigures:
        with self._store.reader() as reader:
            row = reader.latest_base(day)
        found = NO_FIGURES if row is None else decode_figures(row.figures)
        kept = self._known if row is not None and row.day == day else self._older
        if len(kept) >= _MOST:
            kept.clear()
        kept[day] = found
        return found

    def midnights(self, now: Micros) -> Iterator[Micros]:
        """Give each midnight up to `now` whose figures are not there yet, from the first release on."""
        if not self._wanted:
            return
        today = self._zone.day_of(now)
        if self._reached is None:
            self._reached = self._begun(today)
        while self._reached < today:
            yield self._zone.start_of_day(self._reached + 1)
            self._reached += 1

    def _begun(self, today: Day) -> Day:
        with self._store.reader() as reader:
            # Of a later day too: the clock may have been set back since they were computed.
            row, releases = reader.latest_base(dt.date.max.toordinal()), reader.releases()
        if row is not None:
            return row.day
        return self._zone.day_of(releases[0].at) if releases else today

    def include_past(self, now: Micros) -> None:
        """Let the figures of today's midnight be computed still, for the past is known only now."""
        today = self._zone.day_of(now)
        with self._store.reader() as reader:
            if self._wanted and reader.load_base(today) is None:
                self._reached = today - 1

    def compute(self, writer: Writer, midnight: Micros) -> BaseFigures:
        """Compute and keep the figures of a midnight, from every customer as of then."""
        tally = BaseTally(self._table, midnight)
        for state in _everybody(writer):
            tally.add(state)
        figures = tally.figures()
        if writer.load_base(figures.day) is None:
            writer.save_base(BaseRow(figures.day, encode_figures(figures), figures.hash))
        self._known = {day: known for day, known in self._known.items() if day < figures.day}
        self._older.clear()
        self._known[figures.day] = figures
        return figures


def _everybody(reader: Reader) -> Iterator[FactState]:
    after: str | None = None
    while page := reader.members(after, PAGE):
        for row in page:
            yield decode(row.hot, row.chunks)
        after = page[-1].id


def needs_figures(ruleset: Ruleset) -> bool:
    """Tell whether anything rests on figures of the whole base: RFM, fleet weeks, gaps, fleet triggers."""
    table = ruleset.facts
    fleet = any(
        drop.drop and drop.drop.against_fleet for subject in SUBJECTS for drop in table.drops(subject)
    )
    return bool(fleet or ruleset.fleet or table.rfm or any(table.gaps[subject] for subject in SUBJECTS))
