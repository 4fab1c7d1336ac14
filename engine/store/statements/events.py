"""SQL of events, the quarantine and the counters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import BigInteger, Executable, bindparam, cast, delete, func, select, tuple_, update

from engine.model.values import Micros
from engine.store.records import QuarantineFilter
from engine.store.rows import OUTSIDE
from engine.store.statements import Insert, added_to, among
from engine.store.tables import COUNTER, EVENT, QUARANTINE

READ = tuple(column for column in EVENT.c if column.name not in ("digest", "decided_at"))


@cache
def insert_event() -> Executable:
    """An event that must not be there yet."""
    return EVENT.insert()


@cache
def insert_new_event(insert: Insert) -> Executable:
    """An event, unless one is there under its source and message id."""
    return insert(EVENT).on_conflict_do_nothing(index_elements=[EVENT.c.source, EVENT.c.message_id])


@cache
def last_seq() -> Executable:
    """The last place in the order of acceptance that was given out."""
    return select(func.coalesce(func.max(EVENT.c.seq), 0))


@cache
def earliest_occurred() -> Executable:
    """When the earliest event accepted after `seq` occurred."""
    return select(func.min(EVENT.c.occurred_at)).where(EVENT.c.seq > bindparam("seq"))


@cache
def next_seqs() -> Executable:
    """`number` places in the order of acceptance, which nobody else is given."""
    series = func.generate_series(1, bindparam("number")).table_valued("n")
    return select(func.nextval(func.pg_get_serial_sequence("event", "seq"))).select_from(series)


@cache
def seqs_among() -> Executable:
    """Those of `seqs` that are taken."""
    return select(EVENT.c.seq).where(among(EVENT.c.seq, "seqs"))


@cache
def events_by_message() -> Executable:
    """The events of one `source` with these `messages`: their seq and digest."""
    return select(EVENT.c.message_id, EVENT.c.seq, EVENT.c.digest).where(
        EVENT.c.source == bindparam("source"), among(EVENT.c.message_id, "messages")
    )


@cache
def event_by_message() -> Executable:
    """One event with all that is stored of it."""
    return select(EVENT).where(
        EVENT.c.source == bindparam("source"), EVENT.c.message_id == bindparam("message")
    )


def event_page(
    customers: Sequence[str] | None,
    start: Micros | None,
    end: Micros | None,
    after: tuple[Micros, int] | None,
    limit: int | None,
    named: Sequence[str] | None = None,
    newest: bool = False,
) -> Executable:
    """Events by (received, seq), or the latest instants first: of some customers and names, or of all."""
    received = EVENT.c.received_at.desc() if newest else EVENT.c.received_at
    page = select(*READ).order_by(received, EVENT.c.seq)
    if customers is not None:
        page = page.where(EVENT.c.customer.in_(customers))
    if named is not None:
        page = page.where(EVENT.c.name.in_(named))
    if start is not None:
        page = page.where(EVENT.c.received_at >= start)
    if end is not None:
        page = page.where(EVENT.c.received_at < end)
    if after is not None:
        page = page.where(tuple_(EVENT.c.received_at, EVENT.c.seq) > tuple_(*after))
    return page if limit is None else page.limit(limit)


@cache
def pending_events() -> Executable:
    """`limit` events that nobody has decided."""
    return select(*READ).where(EVENT.c.decided_at.is_(None)).order_by(EVENT.c.seq).limit(bindparam("limit"))


@cache
def history_accepted() -> Executable:
    """The imported history of `ids`: of each event its seq, and when it was accepted."""
    return select(EVENT.c.seq, EVENT.c.decided_at).where(
        among(EVENT.c.customer, "ids"), EVENT.c.cause == "history"
    )


@cache
def count_events() -> Executable:
    """How many events came from outside."""
    return select(func.count()).select_from(EVENT).where(EVENT.c.cause.in_(OUTSIDE))


@cache
def count_pending() -> Executable:
    """How many events nobody has decided."""
    return select(func.count()).select_from(EVENT).where(EVENT.c.decided_at.is_(None))


@cache
def decide_event() -> Executable:
    """An event, decided."""
    return update(EVENT).where(EVENT.c.seq == bindparam("b_seq")).values(decided_at=bindparam("decided_at"))


@cache
def delete_event() -> Executable:
    """An event, away."""
    return delete(EVENT).where(EVENT.c.seq == bindparam("b_seq"))


@cache
def insert_quarantined() -> Executable:
    """What could not be accepted."""
    return QUARANTINE.insert()


def quarantine_page(wanted: QuarantineFilter, after: int, limit: int) -> Executable:
    """`limit` entries after the id `after`, of those that are wanted."""
    page = select(QUARANTINE).where(QUARANTINE.c.id > after)
    if wanted.code is not None:
        page = page.where(QUARANTINE.c.code == wanted.code)
    if wanted.source is not None:
        page = page.where(QUARANTINE.c.source == wanted.source)
    if wanted.customer is not None:
        page = page.where(QUARANTINE.c.customer == wanted.customer)
    if wanted.replayed is not None:
        replayed = QUARANTINE.c.replayed_at
        page = page.where(replayed.is_not(None) if wanted.replayed else replayed.is_(None))
    if wanted.start is not None:
        page = page.where(QUARANTINE.c.received_at >= wanted.start)
    if wanted.end is not None:
        page = page.where(QUARANTINE.c.received_at < wanted.end)
    return page.order_by(QUARANTINE.c.id).limit(limit)


@cache
def quarantined() -> Executable:
    """One entry."""
    return select(QUARANTINE).where(QUARANTINE.c.id == bindparam("id"))


@cache
def settle_quarantined() -> Executable:
    """An entry, replayed; one that was before stays."""
    return (
        update(QUARANTINE)
        .where(QUARANTINE.c.id == bindparam("b_id"), QUARANTINE.c.replayed_at.is_(None))
        .values(
            replayed_at=bindparam("replayed_at"),
            replayed_by=bindparam("replayed_by"),
            outcome=bindparam("outcome"),
        )
    )


@cache
def count_quarantined() -> Executable:
    """How many events are in quarantine."""
    return select(func.count()).select_from(QUARANTINE)


@cache
def counters() -> Executable:
    """All counters, over every stripe."""
    number = cast(func.sum(COUNTER.c.number), BigInteger)
    return select(COUNTER.c.name, number).group_by(COUNTER.c.name)


@cache
def add_to_counter(insert: Insert) -> Executable:
    """A counter, more by `number`."""
    return added_to(insert, COUNTER, ("number",))
