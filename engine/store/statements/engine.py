"""SQL of the engine itself: definitions, releases, figures, keys, answers, whether it ran."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, delete, select, update

from engine.store.statements import Insert
from engine.store.tables import BASE_FIGURE, DEFINITION, IDEMPOTENCY, KEY, META, OUTAGE, RELEASE


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
    return update(KEY).where(KEY.c.id == bindparam("b_id")).values(last_used_at=bindparam("last_used_at"))


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
def meta() -> Executable:
    """A named value."""
    return select(META.c.value).where(META.c.name == bindparam("name"))


@cache
def insert_outage() -> Executable:
    """A time in which no engine ran."""
    return OUTAGE.insert()


@cache
def outages() -> Executable:
    """All outages."""
    return select(OUTAGE).order_by(OUTAGE.c.began)
