"""Customers: compare and set, chunks by month, aliases, what is due."""

import msgspec
import pytest

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.records import Alias, MemberSave
from engine.store.rows import SHARDS, shard_of
from tests.integration.store import rows


def test_a_customer_comes_back_whole(store: Store) -> None:
    save = rows.first_save(
        "ann", kind="account", account="acme", next_due=70, erased_at=80, chunks={202601: b"a", 202602: b"b"}
    )
    with store.begin() as writer:
        writer.save([save])

    with store.reader() as reader:
        assert reader.customer("ann") == save.row
        assert reader.load(["ann", "nobody", "ann"]) == {"ann": save.row}


def test_only_touched_chunks_are_written_and_emptied_ones_deleted(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann", chunks={1: b"old", 2: b"old", 3: b"old"})])

    changed = rows.member("ann", version=2, chunks={1: b"new", 2: b"new"})
    with store.begin() as writer:
        writer.save([MemberSave(changed, expected=1, touched=frozenset((2, 3)))])

    with store.reader() as reader:
        (member,) = reader.members(None, 10)
    assert member.version == 2
    assert member.chunks == {1: b"old", 2: b"new"}


def test_a_customer_who_changed_meanwhile_is_not_overwritten(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann"), rows.first_save("bob")])

    saves = [
        MemberSave(rows.member("ann", version=2), expected=1),
        MemberSave(rows.member("bob", version=6), expected=5),
    ]
    with pytest.raises(StoreError, match="'bob'"), store.begin() as writer:
        writer.save(saves)

    with store.reader() as reader:
        assert [member.version for member in reader.members(None, 10)] == [1, 1]


def test_a_customer_is_created_once(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])

    with pytest.raises(StoreError, match="ann"), store.begin() as writer:
        writer.save([rows.first_save("ann")])


def test_all_customers_are_paged_by_id(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save(id, chunks={1: b"c"}) for id in ("cy", "ann", "bob")])

    with store.reader() as reader:
        first = reader.members(None, 2)
        rest = reader.members(first[-1].id, 2, chunks=False)

    assert [(member.id, member.chunks) for member in first] == [("ann", {1: b"c"}), ("bob", {1: b"c"})]
    assert [(member.id, member.chunks) for member in rest] == [("cy", {})]


def test_more_customers_than_one_statement_names_are_loaded(store: Store) -> None:
    ids = [f"c-{number:04}" for number in range(1100)]
    with store.begin() as writer:
        writer.save([rows.first_save(id, chunks={1: id.encode()}) for id in ids])

    with store.reader() as reader:
        loaded = reader.load(ids)
    assert [(member.id, member.chunks) for member in loaded.values()] == [
        (id, {1: id.encode()}) for id in ids
    ]


def test_the_members_of_an_account_are_known(store: Store) -> None:
    with store.begin() as writer:
        writer.save(
            [
                rows.first_save("bob", account="acme"),
                rows.first_save("ann", account="acme"),
                rows.first_save("cy", account="other"),
                rows.first_save("di"),
            ]
        )

    with store.reader() as reader:
        assert reader.members_of_account("acme") == ["ann", "bob"]


def test_who_is_due_comes_in_the_order_of_due_and_id(store: Store) -> None:
    with store.begin() as writer:
        writer.save(
            [
                rows.first_save(id, next_due=due)
                for id, due in {"cy": 10, "bob": 20, "ann": 20, "di": 21, "ed": None}.items()
            ]
        )

    with store.reader() as reader:
        assert reader.due_customers(20, 10) == ["cy", "ann", "bob"]
        assert reader.due_customers(20, 1) == ["cy"]
        assert reader.due_customers(9, 10) == []
        assert reader.earliest_due() == 10


def test_a_due_that_moved_away_is_due_no_more(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann", next_due=10)])
        writer.save([MemberSave(rows.member("ann", version=2), expected=1)])

    with store.reader() as reader:
        assert reader.earliest_due() is None
        assert reader.due_customers(100, 10) == []


def test_a_removed_customer_is_gone_but_the_events_stay(store: Store) -> None:
    with store.begin() as writer:
        writer.add_events([rows.event("m-1")], ["1"])
        writer.save([rows.first_save("ann", chunks={1: b"c"}), rows.first_save("bob")])
        writer.remove(["ann"])

    with store.reader() as reader:
        assert reader.customer("ann") is None
        assert [member.id for member in reader.members(None, 10)] == ["bob"]
        assert len(reader.events_of(["ann"])) == 1
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])
        again = writer.customer("ann")
        assert again is not None and again.chunks == {}


def test_an_id_resolves_to_who_it_was_bound_to_over_several_steps(store: Store) -> None:
    with store.begin() as writer:
        writer.bind_alias("guest-1", "ann", 10, "alias")
        writer.bind_alias("guest-2", "ann", 5, "identify")
        writer.bind_alias("ann", "anna", 20, "merge")

    with store.reader() as reader:
        assert reader.resolve(["guest-1", "guest-2", "ann", "anna", "bob"]) == {
            "guest-1": "anna",
            "guest-2": "anna",
            "ann": "anna",
            "anna": "anna",
            "bob": "bob",
        }
        assert reader.aliases_of("anna") == [
            Alias("guest-2", "ann", 5, "identify"),
            Alias("guest-1", "ann", 10, "alias"),
            Alias("ann", "anna", 20, "merge"),
        ]


def test_the_names_of_several_customers_are_given_together(store: Store) -> None:
    with store.begin() as writer:
        writer.bind_alias("guest-1", "ann", 10, "alias")
        writer.bind_alias("guest-2", "bob", 5, "identify")
        writer.bind_alias("guest-3", "cid", 1, "identify")

    with store.reader() as reader:
        assert [alias.id for alias in reader.aliases_of("ann", "bob", "nobody")] == ["guest-2", "guest-1"]
        assert reader.aliases_of() == []


def test_an_id_is_bound_once_and_never_to_itself(store: Store) -> None:
    with store.begin() as writer:
        writer.bind_alias("guest", "ann", 10, "alias")

    with pytest.raises(StoreError, match="stored already"), store.begin() as writer:
        writer.bind_alias("guest", "bob", 20, "alias")
    with pytest.raises(StoreError, match="another name of itself"), store.begin() as writer:
        writer.bind_alias("ann", "guest", 20, "alias")


def test_a_row_given_out_is_the_callers_own(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann", chunks={1: b"c"})])

    with store.reader() as reader:
        one = reader.load(["ann"])["ann"]
        one.chunks[2] = b"mine"
        other = msgspec.structs.replace(one)
        assert reader.customer("ann") != other


def test_whoever_is_held_is_known_by_version(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])

    with store.begin() as writer:
        assert writer.hold(["bob", "ann", "bob"]) == {"ann": 1}
        assert writer.hold_free(["bob", "ann"]) == {"ann"}


def test_a_place_that_is_only_held_is_no_customer(store: Store) -> None:
    # given somebody who is held and never saved
    with store.begin() as writer:
        writer.hold(["ann"])
        assert writer.load(["ann"]) == {}
        assert writer.customer("ann") is None

    # then nothing of them stays
    with store.reader() as reader:
        assert reader.members(None, 10) == []
        assert reader.census(0).customers == 0


def test_a_customer_who_is_held_first_is_saved_as_new(store: Store) -> None:
    with store.begin() as writer:
        writer.hold(["ann"])
        writer.save([rows.first_save("ann", chunks={202601: b"chunk"})])

    with store.reader() as reader:
        assert reader.customer("ann") == rows.member("ann", chunks={202601: b"chunk"})


def test_persons_and_accounts_that_are_due_are_claimed_apart(store: Store) -> None:
    with store.begin() as writer:
        writer.save(
            [
                rows.first_save("acme", kind="account", next_due=10),
                rows.first_save("ann", next_due=20),
                rows.first_save("bob", next_due=15),
                rows.first_save("later", next_due=99),
            ]
        )

    with store.begin() as writer:
        assert writer.claim_due(50, 10) == ["bob", "ann"]
        assert writer.claim_due(50, 1) == ["bob"]
    with store.begin() as writer:
        assert writer.claim_due(12, 10) == ["acme"]
        assert writer.claim_due(5, 10) == []


def test_the_due_of_one_shard_are_claimed_alone(store: Store) -> None:
    names = [f"c{number}" for number in range(50)]
    with store.begin() as writer:
        writer.save([rows.first_save(name, next_due=1) for name in names])

    with store.begin() as writer:
        by_shard = [writer.claim_due(1, 100, shard) for shard in range(SHARDS)]
    assert [{shard_of(name) for name in found} for found in by_shard if found] == [
        {shard} for shard in range(SHARDS) if by_shard[shard]
    ]
    assert sorted(name for found in by_shard for name in found) == sorted(names)


def test_customers_are_found_by_how_a_name_of_theirs_begins(store: Store) -> None:
    # given customers, one who had another name before, and one who was erased
    with store.begin() as writer:
        writer.save([rows.first_save(id) for id in ("ann", "anna", "bob", "Ann")])
        writer.save([rows.first_save("ann-gone", erased_at=80)])
        writer.bind_alias("an-old", "bob", 10, "merge")

    with store.reader() as reader:

        def names(prefix: str, after: str | None = None, limit: int = 10) -> list[str]:
            return [one.name for one in reader.customers_named(prefix, after, limit)]

        # then they are found by it as it is written, in the order of names, a page at a time
        assert names("an") == ["an-old", "ann", "anna"]
        assert names("an", limit=2) == ["an-old", "ann"]
        assert names("an", after="ann") == ["anna"]
        assert names("") == ["Ann", "an-old", "ann", "anna", "bob"]
        assert names("x") == []
        (found,) = reader.customers_named("an-", None, 10)
        assert found.customer == "bob"


def test_a_customer_is_read_without_chunks_where_those_are_not_asked_for(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann", chunks={24_312: b"january"})])
    with store.reader() as reader:
        whole, bare = reader.load(["ann"])["ann"], reader.load(["ann"], chunks=False)["ann"]
    assert whole.chunks == {24_312: b"january"}
    assert bare == msgspec.structs.replace(whole, chunks={})
