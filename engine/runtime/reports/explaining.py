"""Explaining: from what is stored to why a rule decided as it did for a customer at an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from engine.authoring.explaining.keeping import Snapshots
from engine.authoring.explaining.record import Record, Release
from engine.authoring.explaining.why import Explanation, decide_again, explain
from engine.authoring.simulate import Figures
from engine.customers.event import Event
from engine.customers.figures import decode_figures
from engine.decisions.decision import Decision
from engine.errors import NotFoundError
from engine.model.values import Micros
from engine.runtime.definitions import compile_release
from engine.store.interface import Reader, Store
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset

_KEPT, _AT_ONCE = 8, 1000


class Explainer:
    """Explains out of a database; `live` gives the ruleset as it is now. May be asked from any thread.

    `snapshots` keep in memory where replays of those most lately asked about stood.
    """

    def __init__(self, store: Store, live: Callable[[], Ruleset], snapshots: Snapshots | None = None) -> None:
        self.store = store
        self._live = live
        self.snapshots = snapshots or Snapshots()
        self._past = lru_cache(_KEPT)(self._compile)

    def rule(self, rule: str, customer: str, at: Micros, *, sparing: bool = True) -> Explanation:
        """Tell what a rule saw and decided for a customer at an instant.

        Not `sparing`, everything is played, which comes to the same. Raises `NotFoundError` where there was
        no such rule or customer then.
        """
        with self.store.reader() as reader:
            survivor = reader.resolve([customer])[customer]
            names = _names_then(reader, survivor, at)
            recorded = reader.decisions(rule=rule, customers=names, end=at + 1, limit=1, newest=True)
            record = self._record(reader, survivor, names, at)
            return explain(
                rule, survivor, at, record, recorded=recorded, sparing=sparing, snapshots=self.snapshots
            )

    def decide_again(self, customer: str, at: Micros) -> list[Decision]:
        """Give everything that the rules decide, up to an instant, for who went by a name then.

        It is decided from what had been received, asked for, released and computed by then.
        """
        with self.store.reader() as reader:
            names = _names_then(reader, customer, at)
            calls = _calls(reader, names, at)
            return decide_again(customer, at, self._record(reader, customer, names, at), calls=calls)

    def workflow(self, workflow: str, customer: str, at: Micros) -> Explanation:
        """Tell the same of the rules that start a workflow: the one that looked last.

        Raises `NotFoundError` where no live rule starts it.
        """
        starters = [
            rule.id
            for rule in self._live().workspace.rules.values()
            if any(getattr(action, "run", None) == workflow for action in rule.then)
        ]
        found = [self._tried(rule, customer, at) for rule in starters]
        told = [explanation for explanation in found if explanation is not None]
        if not told:
            raise NotFoundError(
                f"no rule started {workflow} for {customer} then, or could have; ask about another time"
            )
        return max(told, key=lambda one: (one.decision is not None, one.at))

    def _tried(self, rule: str, customer: str, at: Micros) -> Explanation | None:
        try:
            return self.rule(rule, customer, at)
        except NotFoundError:
            return None

    def _record(self, reader: Reader, customer: str, names: Sequence[str], at: Micros) -> Record:
        """Give what there was to decide by for a customer up to an instant."""
        goes_by = _goes_by(reader, customer, names, at)
        events = _events(reader, goes_by, at)
        first = events[0].received_at if events else at
        return Record(
            releases=self._releases(reader, at),
            events=events,
            figures=self._figures(reader, first, at),
            outages=[(outage.began, outage.ended) for outage in reader.outages()],
            learnt=reader.history_accepted({*goes_by})
            if any(each.cause == "history" for each in events)
            else {},
        )

    def _releases(self, reader: Reader, at: Micros) -> list[Release]:
        rows = reader.releases()
        wanted = [row for row in rows if row.at <= at]
        found = [Release(row.at, ruleset) for row in wanted if (ruleset := self._past(_Known(row)))]
        # Before the first release nothing was live: of history one asks what the files of now make of it.
        return found or [Release(rows[0].at if rows else at, self._live())]

    def _compile(self, known: _Known) -> Ruleset | None:
        if known.row.hash == self._live().workspace.hash:
            return self._live()
        with self.store.reader() as reader:
            return compile_release(reader, known.row, self._live().actions)

    def _figures(self, reader: Reader, start: Micros, end: Micros) -> Figures:
        """Give the base's figures as they were stored at the midnights of a span, and the one before."""
        day, first = self._live().zone.day_of(end), self._live().zone.day_of(start)
        found = []
        while (row := reader.latest_base(day)) is not None:
            found.append(decode_figures(row.figures))
            if row.day < first:
                break
            day = row.day - 1
        figures = Figures()
        for each in reversed(found):
            figures.add(each)
        return figures


class _Known:
    """A release, the same as another with the same files."""

    def __init__(self, row: ReleaseRow) -> None:
        self.row = row

    def __hash__(self) -> int:
        return hash(self.row.hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.row.hash == self.row.hash


def _names_then(reader: Reader, survivor: str, at: Micros) -> list[str]:
    return [survivor, *(alias.id for alias in reader.aliases_of(survivor) if alias.at <= at)]


def _calls(reader: Reader, names: Sequence[str], at: Micros) -> list[Decision]:
    """Give the recorded decisions about somebody that were asked for up to an instant."""
    found: list[Decision] = []
    after = None
    while some := reader.decisions(customers=names, end=at + 1, after=after, limit=_AT_ONCE):
        found += [decision for decision in some if decision.trigger == "call"]
        after = some[-1].at, some[-1].id
    return found


def _goes_by(reader: Reader, survivor: str, names: Iterable[str], at: Micros) -> dict[str, str]:
    """Give under which id each id of a customer goes and, of an account, each of its members."""
    goes_by = dict.fromkeys(names, survivor)
    for member in reader.members_of_account(survivor):
        goes_by.update(dict.fromkeys(_names_then(reader, member, at), member))
    return goes_by


def _events(reader: Reader, goes_by: Mapping[str, str], at: Micros) -> list[Event]:
    """Give what was sent under these ids up to an instant, each under the id it goes by."""
    found = reader.events_of(goes_by, end=at + 1)
    return [
        event
        if goes_by[event.customer] == event.customer
        else msgspec.structs.replace(event, customer=goes_by[event.customer])
        for event in found
    ]
