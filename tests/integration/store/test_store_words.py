"""Words: customers are found by how their ids and words begin, whichever database it is."""

import msgspec

from engine.customers.naming import words_of
from engine.store.interface import Store
from engine.store.records import MemberSave
from engine.store.remains import Erasure
from tests.integration.store import rows


def found(
    store: Store, *words: str, after: tuple[str, str] | None = None, limit: int = 10
) -> list[tuple[str, str]]:
    with store.reader() as reader:
        return reader.found_by(words, after, limit)


def known(id: str, *words: str, **fields: object) -> MemberSave:
    """A new customer, found by their id and by these words."""
    return msgspec.structs.replace(rows.first_save(id, **fields), words=words_of(id) | frozenset(words))


def fill(store: Store) -> None:
    with store.begin() as writer:
        writer.save(
            [
                known("c-1", "ann", "lee", "ann.lee@example.com", "lee@example.com", "example.com"),
                known("c-2", "anna", "berg", "example.com"),
                known("C-3", "bea", "lee"),
                known("ann-4"),
                known("c-5", erased_at=80),
                known("d-6", "d-6"),
            ]
        )


def test_they_are_found_by_how_a_word_or_an_id_begins_the_closest_first(store: Store) -> None:
    fill(store)

    # each once, by the first of their words that it begins
    assert found(store, "an") == [("ann", "c-1"), ("ann-4", "ann-4"), ("anna", "c-2")]
    assert found(store, "ann.lee@") == [("ann.lee@example.com", "c-1")]
    assert found(store, "example.com") == [("example.com", "c-1"), ("example.com", "c-2")]
    # an id as it stands, and one that is folded; not that of somebody who was erased
    assert found(store, "c-") == [("c-1", "c-1"), ("c-2", "c-2"), ("c-3", "C-3")]
    assert found(store, "d-") == [("d-6", "d-6")]
    assert found(store, "x") == []


def test_each_of_several_words_has_to_begin_one_of_theirs(store: Store) -> None:
    fill(store)

    assert found(store, "lee", "ann") == [("lee", "c-1")]
    assert found(store, "lee", "c") == [("lee", "C-3"), ("lee", "c-1")]
    assert found(store, "c-1", "lee", "ex") == [("c-1", "c-1")]
    assert found(store, "ann-4", "ann") == [("ann-4", "ann-4")]
    assert found(store, "lee", "berg") == []


def test_they_come_a_page_at_a_time(store: Store) -> None:
    fill(store)
    whole = found(store, "c") + found(store, "l")

    for word in ("c", "l"):
        pages, after = [], None
        while page := found(store, word, after=after, limit=1):
            pages += page
            after = page[-1]
        assert pages == [each for each in whole if each[0].startswith(word)]
        assert found(store, word, limit=2) == pages[:2]


def test_words_are_kept_until_others_are_told(store: Store) -> None:
    fill(store)
    with store.begin() as writer:
        # as when nothing about a name has changed, and when it has
        writer.save([MemberSave(rows.member("c-1", version=2), expected=1)])
        writer.save([MemberSave(rows.member("c-2", version=2), expected=1, words=frozenset(("cora",)))])
        writer.save([MemberSave(rows.member("C-3", version=2), expected=1, words=frozenset())])

    assert found(store, "ann") == [("ann", "c-1"), ("ann-4", "ann-4")]
    assert found(store, "co") == [("cora", "c-2")]
    assert found(store, "bea") == []


def test_whoever_becomes_somebody_else_is_found_by_the_old_id_and_no_more_by_the_old_words(
    store: Store,
) -> None:
    # given one who was known, and one who never was
    fill(store)
    with store.begin() as writer:
        writer.bind_alias("C-3", "c-1", 90, "merge")
        writer.bind_alias("Guest-9", "c-1", 90, "identify")
        writer.remove(["C-3"])

    # then their names are told as they were
    assert found(store, "c-3") == [("c-3", "C-3")]
    assert found(store, "guest") == [("guest-9", "Guest-9")]
    assert found(store, "bea") == []
    assert found(store, "lee") == [("lee", "c-1")]


def test_no_word_is_left_of_whoever_is_erased(store: Store) -> None:
    fill(store)
    with store.begin() as writer:
        writer.bind_alias("Guest-9", "c-1", 90, "identify")

    with store.begin() as writer:
        gone = writer.erase(Erasure(names=("c-1", "Guest-9"), pseudonym="erased:s1", at=500))

    assert gone["customer_word"] == 6
    assert found(store, "ann") == [("ann-4", "ann-4"), ("anna", "c-2")]
    assert found(store, "lee") == [("lee", "C-3")]
    assert found(store, "guest") == [] and found(store, "ann.lee") == []


def test_how_many_begin_so_is_counted_up_to_a_number(store: Store) -> None:
    fill(store)

    with store.reader() as reader:
        assert [reader.how_common(word, 10) for word in ("ann", "lee", "example.com", "c-", "x")] == [
            4, 3, 2, 4, 0,
        ]  # fmt: skip
        assert reader.how_common("lee", 2) == 2
