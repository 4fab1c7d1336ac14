"""A snapshot and the writing transaction of a SQL database, put together from their subjects."""

from __future__ import annotations

from engine.model.values import Micros
from engine.store.order import ChangesInOrder
from engine.store.records import Census, Pulse
from engine.store.sql.audit import AuditReading, AuditWriting
from engine.store.sql.contact import ContactReading, ContactWriting
from engine.store.sql.customers import CustomerReading, CustomerWriting
from engine.store.sql.decisions import DecisionReading, DecisionWriting
from engine.store.sql.engine import EngineReading, EngineWriting
from engine.store.sql.events import EventReading, EventWriting
from engine.store.sql.experiments import ExperimentReading
from engine.store.sql.measures import MeasureReading, MeasureWriting
from engine.store.sql.outbox import OutboxReading, OutboxWriting
from engine.store.sql.people import PeopleReading, PeopleWriting
from engine.store.sql.personal import PersonalReading, PersonalWriting
from engine.store.sql.proposing import ProposalReading, ProposalWriting
from engine.store.sql.runs import RunReading, RunWriting
from engine.store.sql.sessions import SessionReading, SessionWriting
from engine.store.statements.customers import count_customers
from engine.store.statements.events import count_events, count_pending, count_quarantined
from engine.store.statements.outbox import count_dead, count_uncertain, count_waiting
from engine.store.statements.runs import count_open, count_overdue, count_unsent


class SqlReader(
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
    """The `Reader` of a SQL database; `engine.store.interface` says what each method gives."""

    def pulse(self, overdue_before: Micros) -> Pulse:
        return Pulse(
            pending=self._scalar(count_pending()),
            open_runs=self._scalar(count_open()),
            overdue_runs=self._overdue(overdue_before),
            waiting_effects=self._scalar(count_waiting()),
            dead_letters=self._scalar(count_dead()),
            uncertain=self._scalar(count_uncertain()),
            oldest_due=self.earliest_due(),
            oldest_effect=self.earliest_effect_due(),
        )

    def _overdue(self, before: Micros) -> int:
        late = int(self._scalar(count_overdue(), before=before))
        return late + int(self._scalar(count_unsent(), before=before)) + self._count_given_up(before)

    def census(self, overdue_before: Micros) -> Census:
        return Census(
            accepted=self._scalar(count_events()),
            pending=self._scalar(count_pending()),
            quarantined=self._scalar(count_quarantined()),
            customers=self._scalar(count_customers()),
            open_runs=self._scalar(count_open()),
            overdue_runs=self._overdue(overdue_before),
            waiting_effects=self._scalar(count_waiting()),
            dead_letters=self._scalar(count_dead()),
        )


class SqlWriter(
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
    SqlReader,
    ChangesInOrder,
):
    """The `Writer` of a SQL database."""
