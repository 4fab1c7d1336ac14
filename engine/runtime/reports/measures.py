"""Measures: what the doors ask of metrics and goals, and what is kept because somebody asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.authoring.wording import known_or
from engine.errors import NotFoundError, StoreError
from engine.metrics.curves import Curve, Row
from engine.metrics.figure import Figure, Window
from engine.metrics.history import Options
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
        metric, asked = metric_named(name), options or Options()
        window = self.window(start, end, as_of)
        with self._shell.store.reader() as reader:
            seq = reader.last_seq()
            figures = measure(reader, self._workspace, [Wanted(metric, window, asked, by)])[0]
        if as_of is not None or not is_closed(self._workspace, window):
            return [Told(figure) for figure in figures]
        kept = kept_as(metric, asked)
        try:
            self._call(lambda: self._keep(kept, figures, by, seq, window.as_of))
        except StoreError:
            # Another process may have kept the same version just before: then it is there to be seen.
            self._call(lambda: self._keep(kept, figures, by, seq, window.as_of))
        with self._shell.store.reader() as reader:
            return told(reader, figures, kept, by)

    def _keep(self, name: str, figures: list[Figure], by: str | None, seq: int, now: Micros) -> None:
        with self._shell.store.begin() as writer:
            keep(writer, name, figures, by, seq, now)

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
