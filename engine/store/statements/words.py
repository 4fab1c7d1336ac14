"""SQL of the words by which customers are found: an index of ranges, for any database has those."""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from engine.store.statements import Insert, among
from engine.store.tables import ALIAS, CUSTOMER, CUSTOMER_WORD

_OTHER = CUSTOMER_WORD.alias("other")


def _begins(column: Column[str], place: int) -> ColumnElement[bool]:
    """Whether a column begins as the word at a place: it lies from `start` to before `end`."""
    return and_(column >= bindparam(f"start{place}"), column < bindparam(f"end{place}"))


def _each(name: Column[str], words: int) -> list[ColumnElement[bool]]:
    """Whether each word but the first begins the id, or a word of it."""
    return [
        or_(
            _begins(name, place),
            exists().where(_OTHER.c.customer == name, _begins(_OTHER.c.word, place)),
        )
        for place in range(1, words)
    ]


def _earlier(name: Column[str], before: Column[str]) -> ColumnElement[bool]:
    """Whether the first word begins another word of the id, one that comes before."""
    return exists().where(
        _OTHER.c.customer == name, _OTHER.c.word >= bindparam("start0"), _OTHER.c.word < before
    )


@cache
def found_by_word(words: int) -> Executable:
    """`limit` pairs of a word that the first one begins and of whose it is, the first such word of each.

    After `word` and `name`: PostgreSQL looks from there on, wherever else a word may begin.
    """
    word, name = CUSTOMER_WORD.c.word, CUSTOMER_WORD.c.customer
    return (
        select(word, name)
        .where(
            tuple_(word, name) > tuple_(bindparam("word"), bindparam("name")),
            word < bindparam("end0"),
            # Whom the id tells already is not told a second time.
            or_(name < bindparam("start0"), name > word),
            *_each(name, words),
            ~_earlier(name, word),
        )
        .order_by(word, name)
        .limit(bindparam("limit"))
    )


@cache
def found_by_id(words: int) -> Executable:
    """`limit` ids that the first word begins, unless a word of theirs comes before."""
    return _by_id(CUSTOMER.c.id, words).where(CUSTOMER.c.erased_at.is_(None))


@cache
def found_by_old_id(words: int) -> Executable:
    """The same of ids that were bound to others."""
    return _by_id(ALIAS.c.id, words)


def _by_id(id: Column[str], words: int) -> Select[str]:
    return (
        select(id)
        .where(
            id >= bindparam("word"),
            id < bindparam("end0"),
            or_(id > bindparam("word"), id > bindparam("name")),
            *_each(id, words),
            ~_earlier(id, id),
        )
        .order_by(id)
        .limit(bindparam("limit"))
    )


@cache
def how_many_words() -> Executable:
    """How many words begin so, up to `limit`."""
    return _some(CUSTOMER_WORD.c.word)


@cache
def how_many_ids() -> Executable:
    """How many ids begin so, up to `limit`."""
    return _some(CUSTOMER.c.id)


def _some(column: Column[str]) -> Executable:
    some = select(column).where(_begins(column, 0)).limit(bindparam("limit"))
    return select(func.count()).select_from(some.subquery())


@cache
def put_word(insert: Insert) -> Executable:
    """A word of a customer; one that is there already stays."""
    key = [CUSTOMER_WORD.c.customer, CUSTOMER_WORD.c.word]
    return insert(CUSTOMER_WORD).on_conflict_do_nothing(index_elements=key)


@cache
def delete_words() -> Executable:
    """All words of `ids`, away."""
    return delete(CUSTOMER_WORD).where(among(CUSTOMER_WORD.c.customer, "ids"))
