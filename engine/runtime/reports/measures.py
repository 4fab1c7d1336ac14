"""Measures: what the doors ask of metrics and goals, and what is kept because somebody asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec

from engine.authoring.wording import known_or
from engine.errors import NotFoundError, StoreError
from engine.metrics.catalog import METRICS
from engine.metrics.curves import Curve, Row
from engine.metrics.figure import Figure, Window
from engine.metrics.history import Options, declared
from engine.metrics.periods import months_between
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.reports.goals import GoalState, look
from engine.runtime.reports.measuring import (
    SEGMENT,
    Month,
    Sources,
    Wanted,
    churn_sources,
    measure,
    metric_named,
    retention_curves,
    revenue_by_month,
    window_of,
)
from engine.runtime.reports.restating import Version, grouping_of, is_closed, keep, kept_as, versions
from engine.runtime.shell import Shell
from engine.store.interface import Reader


class Told(msgspec.Struct, frozen=True):
    """A figure, with the versions that are kept where it is a closed month's."""

    figure: Figure
    versions: tuple[Version, ...] = ()

    @property
    def restated(self) -> bool:
        """Tell whether it was another figure before."""
        return len(self.versions) > 1


def told(reader: Reader, figures: list[Figure], name: str, by: str | None) -> list[Told]:
    """Give figures of one window, each with its kept versions."""
    if not figures:
        return []
    kept: Mapping[str, list[Version]] = versions(reader, name, figures[0].start, figures[0].end)
    return [Told(figure, tuple(kept.get(grouping_of(figure, by), ()))) for figure in figures]


class Measures:
    """Metrics and goals of one engine; may be asked from any thread."""

    def __init__(
        self, shell: Shell, now: Callable[[], Micros], call: Callable[[Callable[[], Any]], Any]
    ) -> None:
        self._shell = shell
        self._now = now
        self._call = call

    @property
    def _workspace(self) -> Workspace:
        return self._shell.ruleset.workspace

    def now(self) -> Micros:
        """Give the instant of what is asked now: nothing is received after it that was before."""
        return max(self._now(), self._shell.instants.reached)

    def window(self, start: Micros, end: Micros, as_of: Micros | None = None) -> Window:
        """Give a window; raises `RequestError` where it is none."""
        return window_of(self._workspace, start, end, self.now() if as_of is None else as_of)

    def figures(
        self,
        name: str,
        start: Micros,
        end: Micros,
        *,
        by: str | None = None,
        options: Options | None = None,
        as_of: Micros | None = None,
    ) -> list[Told]:
        """Give a metric's figure, and those of the segments or parts where `by` asks for them.

        A closed month's are kept, and where they differ from what is kept, as another version. What
        is asked as of an earlier instant is only told. Raises `NotFoundError`, `RequestError`.
        """
        metric, window = metric_named(name), self.window(start, end, as_of)
        return self._measured([Wanted(metric, window, options or Options(), by)], as_of is None)[0]

    def every(self, start: Micros, end: Micros, as_of: Micros | None = None) -> list[Told]:
        """Give the figure of each metric about everybody, in one pass over the base; kept as `figures` are.

        Raises `RequestError`.
        """
        window = self.window(start, end, as_of)
        wanted = [Wanted(metric, window) for metric in METRICS.values()]
        return [found for (found,) in self._measured(wanted, as_of is None)]

    def months(
        self, name: str, start: Micros, end: Micros, options: Options, as_of: Micros | None = None
    ) -> list[Told]:
        """Give a metric's figure of each calendar month of [start, end), in one pass; kept as `figures` are.

        The first and last month are cut where the time is. Raises `NotFoundError`, `RequestError`.
        """
        metric, whole = metric_named(name), self.window(start, end, as_of)
        spans = months_between(start, end, declared(self._workspace).zone)
        windows = [
            msgspec.structs.replace(whole, start=max(first, start), end=min(last, end))
            for first, last in spans
        ]
        wanted = [Wanted(metric, window, options) for window in windows]
        return [found for (found,) in self._measured(wanted, as_of is None)]

    def _measured(self, wanted: Sequence[Wanted], keeps: bool) -> list[list[Told]]:
        """Measure in one pass, and keep what is of closed months, where `keeps`."""
        with self._shell.store.reader() as reader:
            seq = reader.last_seq()
            found = measure(reader, self._workspace, wanted)
        closed = [keeps and is_closed(self._workspace, one.window) for one in wanted]
        kept = list(compress(zip(wanted, found, strict=True), closed))
        if not kept:
            return [[Told(figure) for figure in figures] for figures in found]
        try:
            self._call(lambda: self._keep(kept, seq))
        except StoreError:
            # Another process may have kept the same version just before: then it is there to be seen.
            self._call(lambda: self._keep(kept, seq))
        with self._shell.store.reader() as reader:
            return [
                told(reader, figures, kept_as(one.metric, one.options), one.by)
                if ends
                else [Told(figure) for figure in figures]
                for one, figures, ends in zip(wanted, found, closed, strict=True)
            ]

    def _keep(self, kept: Sequence[tuple[Wanted, list[Figure]]], seq: int) -> None:
        with self._shell.store.begin() as writer:
            for one, figures in kept:
                keep(writer, kept_as(one.metric, one.options), figures, one.by, seq, one.window.as_of)

    def revenue(self, start: Micros, end: Micros, as_of: Micros | None = None) -> list[Month]:
        """Give what moved of recurring revenue month by month."""
        with self._shell.store.reader() as reader:
            return revenue_by_month(
                reader, self._workspace, start, end, self.now() if as_of is None else as_of
            )

    def curves(
        self, curve: Curve, start: Micros, end: Micros, *, by: str | None = None, as_of: Micros | None = None
    ) -> tuple[Window, list[tuple[str | None, list[Row]]]]:
        """Give the retention curves of the cohorts of a window; raises `RequestError`."""
        window = self.window(start, end, as_of)
        with self._shell.store.reader() as reader:
            return window, retention_curves(
                reader, self._workspace, curve, window, SEGMENT if by == SEGMENT else None
            )

    def sources(self, start: Micros, end: Micros, as_of: Micros | None = None) -> Sources:
        """Give who says that how many have left, and where two do not agree."""
        with self._shell.store.reader() as reader:
            return churn_sources(reader, self._workspace, self.window(start, end, as_of))

    def goals(self, only: str | None = None) -> tuple[GoalState, ...]:
        """Give where the goals stand, freezing what is to be frozen; raises `NotFoundError` for one."""
        if only is not None and only not in self._workspace.goals:
            raise NotFoundError(f"there is no goal {only}; {known_or(only, self._workspace.goals)}")
        now = self.now()
        with self._shell.store.reader() as reader:
            looked = look(reader, self._workspace, now, only)
        if not looked.freeze:
            return looked.states
        self._call(lambda: self._freeze(looked.freeze))
        # Somebody else may have frozen another baseline just before: that one counts.
        with self._shell.store.reader() as reader:
            return look(reader, self._workspace, now, only).states

    def _freeze(self, rows: tuple[Any, ...]) -> None:
        with self._shell.store.begin() as writer:
            for row in rows:
                writer.save_goal(row)
