"""The census: the base's figures kept up from one midnight to the next, equal to a tally of everybody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from engine.customers.buckets import Number, add_exactly
from engine.customers.definitions import RfmFact
from engine.customers.drop import volumes_of
from engine.customers.figures import BaseFigures, figures_of, gaps_between, rfm_value, weeks_counted
from engine.customers.state import FactState
from engine.customers.table import SUBJECTS, FactTable
from engine.model.values import Day, Micros

Volumes = dict[Day, Number]


class Share(msgspec.Struct):
    """What one customer adds to the figures: volumes by fact and week, gaps by event."""

    weeks: dict[str, tuple[range, tuple[Number | None, ...]]] = {}
    volumes: dict[str, Volumes] = {}
    gaps: dict[str, tuple[int, ...]] = {}


class Census:
    """Keeps each customer's share and adds up anew only what differs from the midnight before.

    Sums are exact and never subtracted from: a week in which somebody's volume differs is added up anew.
    """

    def __init__(self, table: FactTable) -> None:
        self.table = table
        self._shares: dict[str, Share] = {}
        self._totals: defaultdict[str, Volumes] = defaultdict(dict)
        self._gaps: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._stale: defaultdict[str, set[Day]] = defaultdict(set)
        self._rfm = {
            kind: [fact for fact in table.names(kind).values() if isinstance(fact, RfmFact)]
            for kind in SUBJECTS
        }
        self._drops = {kind: list(table.drops(kind)) for kind in SUBJECTS}

    def figures(self, customers: Iterable[FactState], as_of: Micros) -> BaseFigures:
        """Give the figures over these customers as of a midnight; midnights come in the order of time."""
        day = self.table.zone.day_of(as_of)
        before, self._shares = self._shares, {}
        values: defaultdict[str, list[Number]] = defaultdict(list)
        kinds = set()
        for state in customers:
            kinds.add(state.kind)
            share = self._shares[state.id] = before.pop(state.id) if state.id in before else Share()
            self._count_weeks(state, share, day, as_of)
            self._count_gaps(state, share, as_of)
            for fact in self._rfm[state.kind]:
                value = rfm_value(self.table, state, fact, as_of)
                if value is not None:
                    values[fact.name].append(value)
        for gone in before.values():
            self._take_out(gone)
        self._add_up()
        gaps = {f"{kind}:{event}" for kind in kinds for event in self.table.gaps[kind]}
        return figures_of(
            as_of, day, self._fleet(), {name: self._gaps[name] for name in sorted(gaps)}, values
        )

    def _count_weeks(self, state: FactState, share: Share, day: Day, as_of: Micros) -> None:
        for fact in self._drops[state.kind]:
            began = state.firsts.get(fact.series.index)
            if began is None:
                continue
            name = f"{state.kind}:{fact.name}"
            weeks = weeks_counted(self.table, fact, began, day)
            found = volumes_of(self.table, state, fact, weeks, as_of, False)
            known = share.weeks.get(name)
            if known is not None and known[1] is found and known[0] == weeks:
                continue
            share.weeks[name] = (weeks, found)
            volumes = {week: volume or 0 for week, volume in zip(weeks, found, strict=True)}
            self._compare(name, share.volumes.get(name, {}), volumes)
            share.volumes[name] = volumes

    def _compare(self, name: str, old: Volumes, new: Volumes) -> None:
        stale = self._stale[name]
        stale.update(old.keys() ^ new.keys())
        # Equal numbers may differ in their digits (5 and 5.0), and the hash is over digits.
        stale.update(week for week in old.keys() & new.keys() if old[week] is not new[week])

    def _count_gaps(self, state: FactState, share: Share, as_of: Micros) -> None:
        for event in self.table.gaps[state.kind]:
            name = f"{state.kind}:{event}"
            found, known = gaps_between(self.table, state, event, as_of), share.gaps.get(name, ())
            if found is not known:
                self._gaps[name].subtract(known)
                self._gaps[name].update(found)
                share.gaps[name] = found

    def _take_out(self, gone: Share) -> None:
        for name, volumes in gone.volumes.items():
            self._compare(name, volumes, {})
        for name, gaps in gone.gaps.items():
            self._gaps[name].subtract(gaps)

    def _add_up(self) -> None:
        for name, stale in self._stale.items():
            totals = self._totals[name]
            for week in stale:
                totals.pop(week, None)
            for share in self._shares.values() if stale else ():
                volumes = share.volumes.get(name, {})
                for week in stale & volumes.keys():
                    totals[week] = add_exactly(totals.get(week, 0), volumes[week])
        self._stale.clear()

    def _fleet(self) -> dict[str, Volumes]:
        """Give the totals of every fact that somebody has a volume of, be it of no complete week yet."""
        named = {name for share in self._shares.values() for name in share.volumes}
        return {name: self._totals[name] for name in sorted(named)}
