"""SQL of the engine itself: definitions, releases, figures, keys, answers, whether it ran."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, case, delete, func, literal, select, update

from engine.store.statements import Insert, among
from engine.store.tables import (
    BASE_FIGURE,
    DEFINITION,
    IDEMPOTENCY,
    KEY,
    LEASE,
    META,
    OUTAGE,
    PROCESS,
    RELEASE,
)  # fmt: skip


@cache
def insert_definition(insert: Insert) -> Executable:
    """A definition, unless it is there."""
    return insert(DEFINITION).on_conflict_do_nothing(index_elements=[DEFINITION.c.sha256])


@cache
def definition() -> Executable:
    """A definition's text."""
    return select(DEFINITION.c.text).where(DEFINITION.c.sha256 == bindparam("sha256"))


@cache
def insert_release() -> Executable:
    """What went live."""
    return RELEASE.insert()


@cache
def release() -> Executable:
    """One release."""
    return select(RELEASE).where(RELEASE.c.number == bindparam("number"))


@cache
def releases() -> Executable:
    """All releases."""
    return select(RELEASE).order_by(RELEASE.c.number)


@cache
def release_at() -> Executable:
    """The release that was live at `at`."""
    return (
        select(RELEASE)
        .where(RELEASE.c.at <= bindparam("at"))
        .order_by(RELEASE.c.at.desc(), RELEASE.c.number.desc())
        .limit(1)
    )


@cache
def insert_base() -> Executable:
    """Base-wide figures of a day."""
    return BASE_FIGURE.insert()


@cache
def base() -> Executable:
    """The figures of `day`."""
    return select(BASE_FIGURE).where(BASE_FIGURE.c.day == bindparam("day"))


@cache
def latest_base() -> Executable:
    """The newest figures of `day` or before."""
    return (
        select(BASE_FIGURE)
        .where(BASE_FIGURE.c.day <= bindparam("day"))
        .order_by(BASE_FIGURE.c.day.desc())
        .limit(1)
    )


@cache
def insert_key() -> Executable:
    """An API key."""
    return KEY.insert()


@cache
def key() -> Executable:
    """One API key."""
    return select(KEY).where(KEY.c.id == bindparam("id"))


@cache
def keys() -> Executable:
    """All API keys."""
    return select(KEY).order_by(KEY.c.created_at, KEY.c.id)


@cache
def revoke_key() -> Executable:
    """An API key, revoked unless it was."""
    return (
        update(KEY)
        .where(KEY.c.id == bindparam("b_id"), KEY.c.revoked_at.is_(None))
        .values(revoked_at=bindparam("revoked_at"))
    )


@cache
def touch_key() -> Executable:
    """An API key, used."""
    return (
        update(KEY)
        .where(KEY.c.id == bindparam("b_id"))
        .values(last_used_at=bindparam("last_used_at"), last_used_from=bindparam("last_used_from"))
    )


@cache
def hand_over_key() -> Executable:
    """An API key with a successor, unless it has one or was revoked."""
    return (
        update(KEY)
        .where(KEY.c.id == bindparam("b_id"), KEY.c.revoked_at.is_(None), KEY.c.successor.is_(None))
        .values(successor=bindparam("successor"), expires_at=bindparam("expires_at"))
    )


@cache
def insert_answer() -> Executable:
    """An answer to a request that may come again."""
    return IDEMPOTENCY.insert()


@cache
def answer() -> Executable:
    """The answer to a request."""
    row = IDEMPOTENCY.c
    return select(row.body_hash, row.status, row.body, row.at).where(
        row.key_id == bindparam("key_id"),
        row.method == bindparam("method"),
        row.path == bindparam("path"),
        row.key == bindparam("key"),
    )


@cache
def delete_answers() -> Executable:
    """Answers given before `before`, away."""
    return delete(IDEMPOTENCY).where(IDEMPOTENCY.c.at < bindparam("before"))


@cache
def put_meta(insert: Insert) -> Executable:
    """A named value."""
    put = insert(META)
    return put.on_conflict_do_update(index_elements=[META.c.name], set_={"value": put.excluded.value})


@cache
def begin_meta(insert: Insert) -> Executable:
    """A named value, unless there is one."""
    return insert(META).on_conflict_do_nothing(index_elements=[META.c.name])


@cache
def meta() -> Executable:
    """A named value."""
    return select(META.c.value).where(META.c.name == bindparam("name"))


@cache
def marks() -> Executable:
    """The named values `names`, and the number of the live release."""
    live = select(func.coalesce(func.max(RELEASE.c.number), 0)).scalar_subquery()
    return (
        select(META.c.name, META.c.value, live)
        .where(among(META.c.name, "names"))
        .union_all(select(literal(""), literal(""), live))
    )


@cache
def delete_meta() -> Executable:
    """A named value, away."""
    return delete(META).where(META.c.name == bindparam("b_name"))


@cache
def insert_process() -> Executable:
    """A process that has started."""
    return PROCESS.insert()


@cache
def touch_process() -> Executable:
    """A process, heard of."""
    return (
        update(PROCESS)
        .where(PROCESS.c.id == bindparam("b_id"))
        .values(heartbeat_at=bindparam("heartbeat_at"), release=bindparam("release"))
    )


@cache
def processes() -> Executable:
    """All processes."""
    return select(PROCESS).order_by(PROCESS.c.heartbeat_at.desc(), PROCESS.c.id)


@cache
def last_heartbeat() -> Executable:
    """When any process was last heard of."""
    return select(func.max(PROCESS.c.heartbeat_at))


@cache
def delete_processes() -> Executable:
    """Processes last heard of before `b_before`, away, but for the last of all."""
    newest = select(func.max(PROCESS.c.heartbeat_at)).scalar_subquery()
    return delete(PROCESS).where(
        PROCESS.c.heartbeat_at < bindparam("b_before"), PROCESS.c.heartbeat_at < newest
    )


@cache
def end_process() -> Executable:
    """A process, ended."""
    return update(PROCESS).where(PROCESS.c.id == bindparam("b_id")).values(pid=0)


@cache
def end_leases() -> Executable:
    """The duties of a holder, free for others."""
    return update(LEASE).where(LEASE.c.holder == bindparam("b_holder")).values(until=0)


@cache
def take_lease(insert: Insert) -> Executable:
    """A duty, for a holder that has it already or where the last one's time is up."""
    put = insert(LEASE)
    return put.on_conflict_do_update(
        index_elements=[LEASE.c.name],
        set_={
            "holder": put.excluded.holder,
            "until": put.excluded.until,
            "fence": LEASE.c.fence + case((LEASE.c.holder == put.excluded.holder, 0), else_=1),
        },
        where=(LEASE.c.holder == put.excluded.holder) | (LEASE.c.until <= bindparam("b_now")),
    )


@cache
def lease() -> Executable:
    """A duty."""
    return select(LEASE).where(LEASE.c.name == bindparam("name"))


@cache
def leases() -> Executable:
    """All duties."""
    return select(LEASE).order_by(LEASE.c.name)


@cache
def hold_lease() -> Executable:
    """A duty that is still this holder's, kept so until the transaction ends."""
    return (
        select(LEASE.c.name)
        .where(
            LEASE.c.name == bindparam("name"),
            LEASE.c.holder == bindparam("holder"),
            LEASE.c.fence == bindparam("fence"),
        )
        .with_for_update()
    )


@cache
def insert_outage() -> Executable:
    """A time in which no engine ran."""
    return OUTAGE.insert()


@cache
def outages() -> Executable:
    """All outages."""
    return select(OUTAGE).order_by(OUTAGE.c.began)
