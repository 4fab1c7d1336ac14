"""Meters: what this process did since it started, and how the work stands in the database.

Names ending in `_total`, and histograms, count what this process has done: they are added up over
processes. Everything else is read from the database, or of this process where its help says so, and
what is read from the database is the same in every process.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client import Counter as Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from engine.model.reasons import RunStatus
from engine.model.values import MINUTE, SECOND, Micros
from engine.runs.changes import Changes
from engine.runtime.reports.standstill import OVERDUE, silent_workflows
from engine.store.interface import Reader, Store
from engine.store.records import CaseCount, Pulse

FRESH = 5.0
"""Seconds for which what was read from the database is given again."""

HEARD: Micros = MINUTE
"""A process that has said nothing for so long is not counted as running."""

_log = structlog.get_logger("holdfast.cases")

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Read = Callable[[], float | Mapping[str, float]]


class Tally:
    """What one transaction adds to the meters, once it is committed; `unheard` are cases for the log."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.started: Counter[str] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.settled: Counter[str] = Counter()
        self.unheard: list[Mapping[str, Any]] = []

    def take(self, changes: Changes, known: set[str]) -> None:
        """Count what is written; `known` are the runs that were there before, to which new ones are added."""
        for decision in changes.decisions:
            self.decisions[decision.rule, decision.outcome.value] += 1
        for (rule, _, outcome), number in changes.counts.items():
            self.decisions[rule, outcome] += number
        for run in changes.runs.values():
            if run.id not in known:
                known.add(run.id)
                self.started[run.workflow] += run.status is not RunStatus.REFUSED
            if not run.open:
                self.ended[run.workflow, run.status.value] += 1
        for settled in changes.settled:
            self.settled[settled.outcome] += 1
        self.unheard += [event.properties for event in changes.events if event.name == "case_exhausted"]


class Meters:
    """One process's meters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._events = self._counter("events", "Events taken in, by what became of them.", "outcome")
        self._decisions = self._counter("decisions", "Decisions, by rule and outcome.", "rule", "outcome")
        self._started = self._counter("runs_started", "Runs that began.", "workflow")
        self._ended = self._counter(
            "runs_ended", "Runs that ended, or were refused at their start.", "workflow", "status"
        )
        self._settled = self._counter("effects_settled", "External effects, by how they ended.", "outcome")
        self._refused = self._counter("sign_ins_refused", "Requests without a good key, by why.", "because")
        self._limited = self._counter("requests_limited", "Requests over a limit of their key.", "limit")
        self._requests = Histogram(
            "holdfast_request_seconds",
            "From the beginning of a request to the end of its answer; streams are not among them.",
            ("route", "status"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.commits = Histogram(
            "holdfast_commit_seconds",
            "From the beginning of a writing transaction to the end of its commit.",
            registry=self.registry,
            buckets=_BUCKETS,
        )

    def _counter(self, name: str, says: str, *labels: str) -> Metric:
        return Metric(f"holdfast_{name}", says, labels, registry=self.registry)

    def committed(self, tally: Tally, seconds: float) -> None:
        """Take in what a committed transaction counted, and how long it took."""
        self.commits.observe(seconds)
        for outcome, number in tally.events.items():
            self._events.labels(outcome).inc(number)
        for pair, number in tally.decisions.items():
            self._decisions.labels(*pair).inc(number)
        for workflow, number in tally.started.items():
            self._started.labels(workflow).inc(number)
        for pair, number in tally.ended.items():
            self._ended.labels(*pair).inc(number)
        for outcome, number in tally.settled.items():
            self._settled.labels(outcome).inc(number)
        for case in tally.unheard:
            _log.error("case_exhausted", case=case.get("case"), ladder=case.get("ladder"))

    def sign_in_refused(self, because: str) -> None:
        """Count a request that nobody was let in with; `because` is one of a few words."""
        self._refused.labels(because).inc()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Take in how long an answer took; `route` is one of the description, never an address."""
        self._requests.labels(route, str(status)).observe(seconds)

    def limited(self, limit: str) -> None:
        """Count a request that was over a limit of its key."""
        self._limited.labels(limit).inc()

    def watch(self, name: str, says: str, read: Read, label: str | None = None) -> None:
        """Show a number of this process, read anew each time; by `label` where it gives several."""
        self.registry.register(_Watched(name, f"{says} Of this process.", read, label))

    def watch_store(self, store: Store, now: Callable[[], Micros]) -> None:
        """Show how the work stands in a database."""
        self.registry.register(_Standing(store, now))

    def text(self) -> bytes:
        """Give everything in the text format of Prometheus; a `StoreError` where nothing can be read."""
        return generate_latest(self.registry)


class _Watched(Collector):
    def __init__(self, name: str, says: str, read: Read, label: str | None) -> None:
        self._name, self._says, self._read, self._label = name, says, read, label

    def collect(self) -> Iterator[Family]:
        """Give the number as it is now."""
        found = self._read()
        if isinstance(found, Mapping):
            yield _by(self._name, self._says, self._label or "name", found.items())
        else:
            yield GaugeMetricFamily(self._name, self._says, float(found))


class _Standing(Collector):
    """Reads the database at most every few seconds, whoever asks how often."""

    def __init__(self, store: Store, now: Callable[[], Micros]) -> None:
        self._store, self._now = store, now
        self._until = 0.0
        self._families: list[Family] = []

    def collect(self) -> Iterable[Family]:
        """Give how the work stands."""
        if time.monotonic() >= self._until:
            with self._store.reader() as reader:
                self._families = list(_families(reader, self._now()))
            self._until = time.monotonic() + FRESH
        return self._families


def _families(reader: Reader, now: Micros) -> Iterator[Family]:
    yield from _of(reader.pulse(now - OVERDUE), now)
    running = Counter(row.role for row in reader.processes() if row.heartbeat_at >= now - HEARD)
    yield _by("holdfast_processes", "Processes heard of in the last minute.", "role", running.items())
    held = [(lease.name, lease.until > now) for lease in reader.leases()]
    yield _by("holdfast_duty_held", "Whether a process has a duty, such as leading.", "duty", held)
    silent = [(workflow, 1) for workflow in silent_workflows(reader, now)]
    yield _by("holdfast_silent", "Workflows that used to start and do no more.", "workflow", silent)
    says = "Entries that are committed and have no number in the audit record yet."
    yield GaugeMetricFamily("holdfast_unsealed", says, float(reader.count_unsealed()))
    yield from _cases(reader.case_counts())
    paused = [(workflow, 1) for workflow in sorted(reader.marks().paused)]
    yield _by("holdfast_paused", "Workflows that are held back; * is all of them.", "workflow", paused)


def _of(pulse: Pulse, now: Micros) -> Iterator[Family]:
    for name, says, value in (
        ("events_pending", "Accepted events that nobody has decided yet.", pulse.pending),
        ("runs_open", "Runs that have not ended.", pulse.open_runs),
        ("runs_overdue", "Runs that should have moved five minutes ago.", pulse.overdue_runs),
        ("effects_waiting", "External effects that have not settled.", pulse.waiting_effects),
        ("dead_letters", "Effects that were given up or are uncertain.", pulse.dead_letters),
        ("effects_uncertain", "Effects of which nobody knows whether they arrived.", pulse.uncertain),
        ("due_lag_seconds", "How long the oldest due work waits.", _lag(pulse.oldest_due, now)),
        ("outbox_lag_seconds", "How long the oldest due effect waits.", _lag(pulse.oldest_effect, now)),
    ):
        yield GaugeMetricFamily(f"holdfast_{name}", says, float(value))


def _cases(counts: Iterable[CaseCount]) -> Iterator[Family]:
    """Give the open cases by ladder, and of these the breached and the exhausted ones."""
    standing: Counter[tuple[str, str]] = Counter()
    breached: Counter[str] = Counter()
    exhausted: Counter[str] = Counter()
    for count in counts:
        standing[count.ladder, "paused" if count.paused else count.status] += count.number
        breached[count.ladder] += count.number * count.breached
        exhausted[count.ladder] += count.number * count.exhausted
    says = "Cases that are not closed, by how they stand: open, acknowledged, paused."
    family = GaugeMetricFamily("holdfast_cases_open", says, labels=("ladder", "state"))
    for place, number in sorted(standing.items()):
        family.add_metric(place, float(number))
    yield family
    ran_out = "Open cases of which a clock has run out."
    yield _by("holdfast_cases_breached", ran_out, "ladder", sorted(breached.items()))
    unheard = "Open cases whose ladder has ended without anybody taking them."
    yield _by("holdfast_cases_exhausted", unheard, "ladder", sorted(exhausted.items()))


def _lag(oldest: Micros | None, now: Micros) -> float:
    return 0.0 if oldest is None else max(now - oldest, 0) / SECOND


def _by(name: str, says: str, label: str, values: Iterable[tuple[str, float]]) -> Family:
    family = GaugeMetricFamily(name, says, labels=(label,))
    for value, number in values:
        family.add_metric((value,), float(number))
    return family
