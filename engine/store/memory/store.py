"""The in-memory store: a transaction's tables become everybody's when its block ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from engine.errors import StoreError
from engine.model.values import Micros
from engine.store.interface import Reader, Writer
from engine.store.memory.audit import AuditReading, AuditWriting
from engine.store.memory.contact import ContactReading, ContactWriting
from engine.store.memory.customers import CustomerReading, CustomerWriting
from engine.store.memory.decisions import DecisionReading, DecisionWriting
from engine.store.memory.engine import EngineReading, EngineWriting
from engine.store.memory.events import EventReading, EventWriting
from engine.store.memory.experiments import ExperimentReading
from engine.store.memory.measures import MeasureReading, MeasureWriting
from engine.store.memory.outbox import OutboxReading, OutboxWriting
from engine.store.memory.people import PeopleReading, PeopleWriting
from engine.store.memory.personal import PersonalReading, PersonalWriting
from engine.store.memory.proposing import ProposalReading, ProposalWriting
from engine.store.memory.runs import RunReading, RunWriting
from engine.store.memory.sessions import SessionReading, SessionWriting
from engine.store.memory.tables import Tables
from engine.store.order import ChangesInOrder
from engine.store.records import Census, Pulse
from engine.store.rows import OUTSIDE


class MemoryReader(
    CustomerReading,
    EventReading,
    DecisionReading,
    RunReading,
    ExperimentReading,
    OutboxReading,
    PeopleReading,
    ContactReading,
    MeasureReading,
    ProposalReading,
    SessionReading,
    EngineReading,
    PersonalReading,
    AuditReading,
):
    """The `Reader` of the in-memory store."""

    def pulse(self, overdue_before: Micros) -> Pulse:
        counted = self.census(overdue_before)
        return Pulse(
            pending=counted.pending,
            open_runs=counted.open_runs,
            overdue_runs=counted.overdue_runs,
            waiting_effects=counted.waiting_effects,
            dead_letters=counted.dead_letters,
            uncertain=sum(
                row["dead"] is not None and row["outcome"] == "uncertain" for row in self._rows("outbox")
            ),
            oldest_due=self.earliest_due(),
            oldest_effect=self.earliest_effect_due(),
        )

    def census(self, overdue_before: Micros) -> Census:
        runs, effects, events = list(self._rows("run")), list(self._rows("outbox")), list(self._rows("event"))
        return Census(
            accepted=sum(row["cause"] in OUTSIDE for row in events),
            pending=sum(row["decided_at"] is None for row in events),
            quarantined=len(self._table("quarantine")),
            customers=len(self._table("customer")),
            open_runs=sum(row["open_for"] is not None for row in runs),
            overdue_runs=len(self.overdue(overdue_before, limit=len(runs) + len(effects) + 1)),
            waiting_effects=sum(row["claimable_at"] is not None for row in effects),
            dead_letters=sum(row["dead"] is not None for row in effects),
        )


class MemoryWriter(
    PersonalWriting,
    CustomerWriting,
    EventWriting,
    DecisionWriting,
    RunWriting,
    OutboxWriting,
    PeopleWriting,
    ContactWriting,
    MeasureWriting,
    ProposalWriting,
    SessionWriting,
    EngineWriting,
    AuditWriting,
    MemoryReader,
    ChangesInOrder,
):
    """The `Writer` of the in-memory store."""


class MemoryStore:
    """A store that forgets; `engine.store.interface.Store` says what it does."""

    def __init__(self) -> None:
        self._tables: Tables = {}
        self._writing = threading.Lock()
        self._writer_thread: int | None = None

    @property
    def shared(self) -> bool:
        """No: it lives in one process."""
        return False

    def now(self) -> Micros | None:
        """Give none: it has the clock of the process."""
        return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing to wait for."""
        yield

    @contextmanager
    def begin(self) -> Iterator[Writer]:
        """Open the writing transaction; waits until the one before has ended."""
        if self._writer_thread == threading.get_ident():
            raise StoreError("this thread already has a writing transaction open")
        with self._writing:
            self._writer_thread = threading.get_ident()
            try:
                writer = MemoryWriter(self._tables)
                yield writer
                writer.keep_record()
                self._tables = writer.tables
            finally:
                self._writer_thread = None

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open a snapshot for reading only."""
        yield MemoryReader(self._tables)

    def forget_deleted(self, tables: Sequence[str]) -> bool:
        """Nothing to do: what is gone is gone."""
        return True

    def close(self) -> None:
        """Forget everything."""
        self._tables = {}
