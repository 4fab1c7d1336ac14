"""Measuring: metrics over what is stored, one customer after another, whatever the base's size.

Customers come in pages by id, each page with its events of the wanted names, those of earlier ids
too. Nothing of a customer stays but what was counted.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from engine.authoring.wording import known_or
from engine.customers.event import Event
from engine.errors import NotFoundError, RequestError
from engine.metrics.catalog import METRICS, Metric, Tally, figure_of
from engine.metrics.churn import CONTRACTS, Pair, compared
from engine.metrics.curves import Curve, Grid, Row
from engine.metrics.figure import Figure, Window
from engine.metrics.formulas import Movements
from engine.metrics.history import Declared, History, Options, declared
from engine.metrics.lives import ever_before
from engine.metrics.observing import who_says
from engine.metrics.periods import months_between
from engine.metrics.revenue import movements
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.store.interface import Reader
from engine.timeline.ruleset import BASE

PAGE = 300
SEGMENT = "segment"


class Wanted(msgspec.Struct, frozen=True):
    """A metric over a window; `by` is a segment or one of the metric's parts."""

    metric: Metric
    window: Window
    options: Options = Options()
    by: str | None = None


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """What moved in a month, or the part of one that lies in the window; in cents.

    None where nobody has had a contract by its end.
    """

    start: Micros
    end: Micros
    movements: Movements | None
    complete: bool


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers each source says have left in a window, and where two do not agree."""

    start: Micros
    end: Micros
    as_of: Micros
    sources: Mapping[str, int]
    pairs: Sequence[Pair]


def metric_named(name: str) -> Metric:
    """Give a metric; raises `NotFoundError`."""
    if name not in METRICS:
        raise NotFoundError(f"there is no metric {name}; {known_or(name, METRICS)}")
    return METRICS[name]


def window_of(workspace: Workspace, start: Micros, end: Micros, as_of: Micros) -> Window:
    """Give a window in the workspace's zone; raises `RequestError` where it is none."""
    if end <= start:
        detail = "`to` is not after `from`; write the earlier time as `from`"
        raise RequestError(detail, code="invalid_parameter", errors=(("/to", "invalid_value", detail),))
    return Window(start=start, end=end, as_of=as_of, zone=workspace.settings.timezone)


def nothing() -> None:
    """Do nothing between two pages of customers."""


def histories(
    reader: Reader,
    named: frozenset[str],
    terms: Declared,
    as_of: Micros,
    each_page: Callable[[], object] = nothing,
) -> Iterator[History]:
    """Give every customer with the events of these names that had been received by `as_of`, by id.

    An account's events are those under its own id, and those of who is its member now that name it or
    no account.
    """
    after: str | None = None
    while page := reader.members(after, PAGE, chunks=False):
        each_page()
        after = page[-1].id
        persons = [row.id for row in page if row.kind == "person" and row.id != BASE and not row.erased_at]
        yield from _with_events(reader, persons, "person", named, terms, as_of)
        for row in page:
            if row.kind == "account" and not row.erased_at:
                yield _account(reader, row.id, named, terms, as_of)


def _with_events(
    reader: Reader,
    customers: Sequence[str],
    subject: Subject,
    named: frozenset[str],
    terms: Declared,
    as_of: Micros,
) -> Iterator[History]:
    found = _events(reader, customers, named, as_of)
    for customer in customers:
        yield History(customer, subject, found.get(customer, []), terms)


def _events(
    reader: Reader, customers: Sequence[str], named: frozenset[str], as_of: Micros
) -> dict[str, list[Event]]:
    """Give the events of customers under all their names, by the id that each goes by."""
    if not customers or not named:
        return {}
    bound = [alias.id for alias in reader.aliases_of(*customers)]
    goes_by = {customer: customer for customer in customers} | dict(reader.resolve(bound) if bound else {})
    found: dict[str, list[Event]] = {}
    for event in reader.events_of([*customers, *bound], end=as_of + 1, named=named):
        found.setdefault(goes_by[event.customer], []).append(event)
    return found


def _account(reader: Reader, id: str, named: frozenset[str], terms: Declared, as_of: Micros) -> History:
    members = reader.members_of_account(id)
    of_members = _events(reader, members, named, as_of)
    events = [
        event
        for some in of_members.values()
        for event in some
        if event.account is None or event.account == id
    ]
    own = _events(reader, [id], named, as_of).get(id, [])
    return History(id, "account", sorted([*own, *events], key=lambda one: one.seq), terms)


def measure(
    reader: Reader, workspace: Workspace, wanted: Sequence[Wanted], each_page: Callable[[], object] = nothing
) -> list[list[Figure]]:
    """Give the figures of each metric that is wanted, all in one pass over the base.

    The first is about everybody; with `by` one for each segment, or part, follows in order. Raises
    `RequestError` for a part that a metric does not have.
    """
    if not wanted:
        return []
    terms = declared(workspace)
    for one in wanted:
        if one.by is not None and one.by not in (SEGMENT, *one.metric.parts):
            parts = (SEGMENT, *one.metric.parts)
            detail = f"{one.metric.name} is not taken apart by {one.by}; {known_or(one.by, parts)}"
            raise RequestError(detail, code="invalid_parameter", errors=(("/by", "invalid_value", detail),))
    named = frozenset().union(*(one.metric.reads(terms) for one in wanted))
    as_of = max(one.window.as_of for one in wanted)
    tallies = [Tally() for _ in wanted]
    grouped: list[dict[str, Tally]] = [
        {id: Tally() for id in sorted(workspace.segments)} if one.by == SEGMENT else {} for one in wanted
    ]
    inside = [
        _Membership(reader, workspace, _grouped_at(one)) if one.by == SEGMENT else None for one in wanted
    ]
    for history in histories(reader, named, terms, as_of, each_page):
        for number, one in enumerate(wanted):
            if one.window.start >= one.window.as_of:
                continue
            clipped = _clipped(one.window)
            one.metric.observe(tallies[number], history, clipped, terms, one.options)
            membership = inside[number]
            for segment in membership.segments_of(history.customer) if membership else ():
                one.metric.observe(grouped[number][segment], history, clipped, terms, one.options)
    found = []
    for number, one in enumerate(wanted):
        figures = [figure_of(one.metric, tallies[number], one.window, terms, one.options)]
        for segment, tally in grouped[number].items():
            figures.append(figure_of(one.metric, tally, one.window, terms, one.options, group=segment))
        if one.by is not None and one.by != SEGMENT:
            figures += _parts(one, tallies[number], terms)
        found.append(figures)
    return found


def _clipped(window: Window) -> Window:
    """Give the part of a window that has passed: what is to come cannot be counted yet."""
    return msgspec.structs.replace(window, end=min(window.end, window.as_of))


def _grouped_at(one: Wanted) -> Micros:
    """Give the instant of membership: the start, or just before the end, when who is in still counts."""
    window = _clipped(one.window)
    return window.start if one.metric.grouped_at == "start" else window.end - 1


def _parts(one: Wanted, tally: Tally, terms: Declared) -> Iterator[Figure]:
    parts = sorted(key for key in tally.counts if isinstance(key, str) and key.startswith(f"{one.by}:"))
    for part in parts:
        yield figure_of(one.metric, tally, one.window, terms, one.options, part=part)


class _Membership:
    """Who was in which segment at one instant, read along with the customers, in the order of ids."""

    def __init__(self, reader: Reader, workspace: Workspace, at: Micros) -> None:
        streams = [_members(reader, segment, at) for segment in sorted(workspace.segments)]
        self._stream = heapq.merge(*streams)
        self._next: tuple[str, str] | None = next(self._stream, None)

    def segments_of(self, customer: str) -> list[str]:
        """Give the segments of a customer; customers are asked for in the order of their ids."""
        found: list[str] = []
        while self._next is not None and self._next[0] <= customer:
            if self._next[0] == customer:
                found.append(self._next[1])
            self._next = next(self._stream, None)
        return found


def _members(reader: Reader, segment: str, at: Micros) -> Iterator[tuple[str, str]]:
    after: str | None = None
    while page := reader.members_of(segment, at=at, after=after, limit=1000):
        yield from ((customer, segment) for customer in page)
        after = page[-1]


def revenue_by_month(
    reader: Reader, workspace: Workspace, start: Micros, end: Micros, as_of: Micros
) -> list[Month]:
    """Give what moved of monthly recurring revenue in each calendar month of [start, end).

    The first and last month are cut where the window is. Every month begins with what the one before
    ended with.
    """
    terms = declared(workspace)
    window_of(workspace, start, end, as_of)
    spans = [(max(first, start), min(last, end)) for first, last in months_between(start, end, terms.zone)]
    totals: list[Movements | None] = [None for _ in spans]
    for history in histories(reader, terms.contract_events, terms, as_of) if terms.contract_events else ():
        for number, (first, last) in enumerate(spans):
            if first < as_of and ever_before(history.paying, min(last, as_of)):
                moved = movements(history.paying, first, min(last, as_of))
                totals[number] = (totals[number] or Movements()).plus(moved)
    return [
        Month(start=first, end=last, movements=moved, complete=last <= as_of)
        for (first, last), moved in zip(spans, totals, strict=True)
        if first < as_of
    ]


def retention_curves(
    reader: Reader, workspace: Workspace, curve: Curve, window: Window, by: str | None = None
) -> list[tuple[str | None, list[Row]]]:
    """Give the cohorts that begin in a window, of everybody, and of each segment where that is asked.

    Active is who did one of the declared events; in a segment is who was in it at the window's end.
    """
    terms = declared(workspace)
    grid = Grid(curve, window.start, window.end, window.as_of, terms.zone)
    grids = {id: Grid(curve, window.start, window.end, window.as_of, terms.zone) for id in workspace.segments}
    inside = _Membership(reader, workspace, _clipped(window).end - 1) if by == SEGMENT else None
    for history in histories(reader, terms.active_events, terms, window.as_of):
        if history.subject != "person":
            continue
        times = [event.occurred_at for event in history.events]
        grid.add(times)
        for segment in inside.segments_of(history.customer) if inside else ():
            grids[segment].add(times)
    found: list[tuple[str | None, list[Row]]] = [(None, grid.rows())]
    if by == SEGMENT:
        found += [(segment, grids[segment].rows()) for segment in sorted(grids)]
    return found


def churn_sources(reader: Reader, workspace: Workspace, window: Window) -> Sources:
    """Give whom the contracts and each declared source say have left in a window, held against each other."""
    terms = declared(workspace)
    named = terms.contract_events | terms.churn_events
    sources = (*([CONTRACTS] if terms.contract_events else []), *sorted(terms.terms.churn.sources))
    clipped = _clipped(window)
    says: Counter[frozenset[str]] = Counter()
    for history in histories(reader, named, terms, window.as_of):
        says[who_says(history, clipped, frozenset(sources))] += 1
    total, pairs = compared(sources, says)
    return Sources(start=window.start, end=window.end, as_of=window.as_of, sources=total, pairs=pairs)
