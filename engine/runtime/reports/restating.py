"""Closed months: their figures are kept, and where one changes after all it gets another version beside.

A month is closed when it has ended. A figure is computed anew where events were accepted since that
occurred before the month's end, and where the metric's declaration is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from engine.metrics.catalog import METRICS, Metric, definition_of
from engine.metrics.figure import Figure, Window
from engine.metrics.history import Declared, Options, declared
from engine.metrics.periods import begins, number_of, whole_month
from engine.model.metric import Metrics
from engine.model.reasons import Restatement
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.reports.measuring import Wanted, measure, nothing, window_of
from engine.store.interface import Reader, Writer
from engine.store.records import FigureRow

MONTHS = 13
"""So many of the last closed months are looked after; older ones when somebody asks for them."""

_DEFAULT = Options()


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a closed month's figure: when it was computed, and why there is another one."""

    version: int
    computed_at: Micros
    why: Restatement
    figure: Figure


def kept_as(metric: Metric, options: Options) -> str:
    """Give the name under which a metric's figures are kept: with the options that are not the defaults."""
    asked = [
        f"{name}={getattr(options, name)}"
        for name in metric.options
        if getattr(options, name) != getattr(_DEFAULT, name)
    ]
    return metric.name if not asked else f"{metric.name}?{'&'.join(asked)}"


def is_closed(workspace: Workspace, window: Window) -> bool:
    """Tell whether a window is a calendar month that has ended."""
    zone = declared(workspace).zone
    return window.end <= window.as_of and whole_month(window.start, window.end, zone)


def wants_keeping(workspace: Workspace) -> bool:
    """Tell whether anybody asked for figures: `metrics:` is written, or there is a goal."""
    return workspace.settings.metrics != Metrics() or bool(workspace.goals)


def keep(writer: Writer, name: str, figures: Iterable[Figure], by: str | None, seq: int, now: Micros) -> int:
    """Keep figures of a closed month where they are new or differ from the last version; give how many."""
    added = 0
    for figure in figures:
        rows = writer.figures(figure.start, figure.end, name)
        grouping = grouping_of(figure, by)
        last = next((row for row in reversed(rows) if row.grouping == grouping), None)
        why = _why(writer, last, figure)
        if why is None:
            continue
        writer.add_figure(
            FigureRow(
                metric=name,
                start=figure.start,
                end=figure.end,
                grouping=grouping,
                version=1 if last is None else last.version + 1,
                computed_at=now,
                why=why.value,
                seq=seq,
                figure=msgspec.json.encode(figure),
            )
        )
        added += 1
    return added


def grouping_of(figure: Figure, by: str | None) -> str:
    """Give what a figure is about, as it is kept: empty for everybody."""
    return "" if figure.group is None else f"{by}:{figure.group}"


def _why(reader: Reader, last: FigureRow | None, figure: Figure) -> Restatement | None:
    if last is None:
        return Restatement.CLOSED
    before = msgspec.json.decode(last.figure, type=Figure)
    if before.definition != figure.definition:
        return Restatement.DEFINITION
    if _said(before) == _said(figure):
        return None
    earliest = reader.earliest_occurred(last.seq)
    late = earliest is not None and earliest < figure.end
    return Restatement.LATE_EVENTS if late else Restatement.CORRECTED


def _said(figure: Figure) -> tuple[object, ...]:
    return (
        figure.value, figure.numerator, figure.denominator, figure.reason, figure.low, figure.high, figure.of,
    )  # fmt: skip


def versions(reader: Reader, name: str, start: Micros, end: Micros) -> dict[str, list[Version]]:
    """Give the kept versions of a period's figures by what they are about, the first one first."""
    found: dict[str, list[Version]] = {}
    for row in reader.figures(start, end, name):
        found.setdefault(row.grouping, []).append(
            Version(
                version=row.version,
                computed_at=row.computed_at,
                why=Restatement(row.why),
                figure=msgspec.json.decode(row.figure, type=Figure),
            )
        )
    return found


def closed_months(workspace: Workspace, now: Micros) -> list[Window]:
    """Give the last closed months, the earliest first."""
    zone = declared(workspace).zone
    current = number_of("month", zone.day_of(now), zone)
    return [
        window_of(workspace, begins("month", number, zone), begins("month", number + 1, zone), now)
        for number in range(current - MONTHS, current)
    ]


def stale(reader: Reader, workspace: Workspace, now: Micros, checked: Mapping[Micros, int]) -> list[Wanted]:
    """Give the figures of closed months that are not kept yet, or may have changed since.

    `checked` gives for months the last event that had been accepted when they were found to hold. Months
    before the first event are left out.
    """
    first = reader.earliest_occurred(0)
    if first is None:
        return []
    terms, found = declared(workspace), []
    for window in closed_months(workspace, now):
        if window.end <= first:
            continue
        rows = [row for row in reader.figures(window.start, window.end) if not row.grouping]
        latest = {row.metric: row for row in rows}
        for name, metric in METRICS.items():
            if _is_stale(reader, terms, metric, latest.get(name), window, checked.get(window.start, 0)):
                found.append(Wanted(metric, window))
    return found


def _is_stale(
    reader: Reader, terms: Declared, metric: Metric, last: FigureRow | None, window: Window, checked: int
) -> bool:
    if last is None:
        return True
    if msgspec.json.decode(last.figure, type=Figure).definition != definition_of(metric, terms, _DEFAULT):
        return True
    earliest = reader.earliest_occurred(max(last.seq, checked))
    return earliest is not None and earliest < window.end


def computed(
    reader: Reader, workspace: Workspace, wanted: Sequence[Wanted], each_page: Callable[[], object] = nothing
) -> list[tuple[str, Figure]]:
    """Give the figures of closed months by the names under which they are kept, in one pass over the base."""
    figures = measure(reader, workspace, wanted, each_page)
    return [(kept_as(one.metric, one.options), found[0]) for one, found in zip(wanted, figures, strict=True)]
