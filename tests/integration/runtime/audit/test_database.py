"""The audit record in its database: what is changed behind the engine's back is found, and named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.audit.leaves import ChangeLeaf, leaf_hash
from engine.audit.signing import Signer
from engine.audit.tree import WIDTH
from engine.errors import StoreError
from engine.runtime.audit.database import Checked, verify_database
from engine.store.entries import whole
from engine.store.opening import open_store
from tests.served import Served


@contextmanager
def behind(shop: Served) -> Iterator[sqlite3.Connection]:
    """Get at the file itself, as an operator may."""
    with closing(sqlite3.connect(shop.engine.folder / "holdfast.db")) as database, database:
        yield database


def checked(shop: Served, *kept: tuple[str, str]) -> Checked:
    with shop.engine.store.reader() as reader:
        return verify_database(reader, shop.engine.verifier, kept)


def places(shop: Served, *kept: tuple[str, str]) -> list[str]:
    return [damage.place for damage in checked(shop, *kept).damages]


def test_a_database_that_nobody_touched_is_good(shop: Served) -> None:
    found = checked(shop)

    assert found.damages == []
    assert found.counts["decision"] == 2
    assert (found.opened, found.erased, found.unsealed, found.checkpoints) == (4, 0, 0, 1)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("update leaf set entry = replace(entry, 'fired', 'shado') where number = 2", "entry 2"),
        ("update leaf set entry = x'80' where number = 2", "entry 2"),
        ("update leaf set entry = '{}' where number = 2", "entry 2"),
        ("update leaf set ref = ref || '0' where number = 2", "entry 2"),
        ("update leaf set hash = 'x' where number = 2", "entry 2"),
        ("update leaf set at = at + 1 where number = 2", "entry 2"),
        ("update leaf set kind = 'step' where number = 2", "entry 2"),
        ("delete from leaf where number = 2", "entry 2"),
        ("update decision set customer = 'eve' where customer = 'ana'", None),
        ("update decision set document = x'80' where customer = 'ana'", "the record of entry 2"),
        ("delete from decision where customer = 'ana'", "entry 2"),
        ("delete from step_attempt", "entry 4"),
        ("update subject set customer = 'eve' where customer = 'ana'", "the record of entry 2"),
        ("update subject set secret = x'00' where customer = 'ana'", "the record of entry 2"),
        ("delete from subject where customer = 'ana'", "entry 2"),
        ("update definition set text = text || ' '", "the definition"),
        ("delete from definition where text like 'rule:%'", "entry 0"),
        ("update checkpoint set root = zeroblob(32)", "the checkpoint of"),
        ("update checkpoint set note = replace(note, 'holdfast', 'steadfast')", "the checkpoint of"),
        ("update tree set edge = zeroblob(length(edge))", "the tree"),
        ("update tree set size = size - 1", "entry"),
    ],
)
def test_what_is_changed_is_named(shop: Served, change: str, place: str | None) -> None:
    with behind(shop) as database:
        assert database.execute(change).rowcount > 0

    found = places(shop)

    if place is None:
        # The entry says whom it is about; whom a row says is not asked.
        assert found == []
    else:
        assert any(each.startswith(place) for each in found), found


def test_a_tile_with_another_root_is_named(shop: Served) -> None:
    # given as many entries as there are under a tile
    with shop.engine.store.begin() as writer:
        for number in range(WIDTH):
            writer.record(ChangeLeaf(what="paused", ref=f"pause:{number}", at=number, who="ann"))
    assert places(shop) == []

    with behind(shop) as database:
        assert database.execute("update tile set root = zeroblob(32)").rowcount == 1

    assert places(shop) == ["the tile of the entries 0 to 255"]


def test_entries_that_are_kept_as_they_were_sealed_are_as_good(shop: Served) -> None:
    # given a record of a program that did not shorten them
    before = checked(shop)
    with behind(shop) as database:
        rows = database.execute("select number, kind, ref, at, entry from leaf").fetchall()
        long = [(whole(*row), number) for number, *row in rows]
        database.executemany("update leaf set entry = ? where number = ?", long)
        assert all(entry.startswith(b"{") for entry, _ in long)

    assert checked(shop) == before


def rewritten(shop: Served, rows: list[tuple[object, ...]]) -> None:
    """Put these entries in the place of all that there are, numbered anew; the tree stays as it was."""
    with behind(shop) as database:
        database.execute("delete from leaf")
        database.executemany(
            "insert into leaf (number, kind, ref, at, act, entry, hash) values (?, ?, ?, ?, ?, ?, ?)",
            [(number, *row) for number, row in enumerate(rows)],
        )


def sealed(shop: Served) -> list[tuple[object, ...]]:
    with behind(shop) as database:
        return database.execute("select kind, ref, at, act, entry, hash from leaf order by number").fetchall()


def test_entries_that_changed_places_are_found_between_two_checkpoints(shop: Served) -> None:
    # given two whole entries, each with its own hash, in one another's place
    shop.engine.checkpoint().result()
    rows = sealed(shop)
    rewritten(shop, [*rows[:5], rows[6], rows[5], *rows[7:]])

    found = checked(shop).damages

    assert [each.place for each in found] == [f"the checkpoint of {len(rows)} entries", "the tree"]
    assert f"one from the entry 5 to the entry {len(rows) - 1} was changed" in found[0].what


def test_an_entry_that_stands_there_twice_is_found(shop: Served) -> None:
    rows = sealed(shop)
    rewritten(shop, [*rows[:3], rows[2], *rows[3:]])

    found = places(shop)

    assert {"the checkpoint of 5 entries", f"entry {len(rows)}"} <= {*found}


def test_the_last_entry_that_is_gone_is_named(shop: Served) -> None:
    rows = sealed(shop)
    rewritten(shop, rows[:-1])

    assert f"entry {len(rows) - 1}" in places(shop)


def test_an_entry_that_is_told_anew_with_its_hash_is_found_by_the_root(shop: Served) -> None:
    with behind(shop) as database:
        kind, ref, at, entry = database.execute(
            "select kind, ref, at, entry from leaf where number = 1"
        ).fetchone()
        forged = entry.replace(b"admin", b"ADMIN")
        assert forged != entry
        hash = leaf_hash(whole(kind, ref, at, forged))
        database.execute("update leaf set entry = ?, hash = ? where number = 1", (forged, hash))

    assert places(shop)[:2] == ["the checkpoint of 5 entries", "the tree"]


def test_a_database_of_yesterday_does_not_come_to_a_newer_checkpoint(shop: Served, tmp_path: Path) -> None:
    # given a copy of the database, and a checkpoint that was signed after it was made
    copy = tmp_path / "yesterday.db"
    with behind(shop) as database, closing(sqlite3.connect(copy)) as other:
        database.backup(other)
    shop.receive("2026-01-08 13:00", "order_completed", "cid", total=70)
    row = shop.engine.checkpoint().result()
    assert row is not None
    assert places(shop, ("kept.txt", row.note)) == []

    # when the copy is put in its place
    store = open_store(f"sqlite:///{copy}", exclusive=False)
    with store.reader() as reader:
        found = verify_database(reader, shop.engine.verifier, [("kept.txt", row.note)])
    store.close()

    assert [damage.place for damage in found.damages] == ["kept.txt"]
    assert "the rest is gone" in found.damages[0].what


def test_a_forked_record_does_not_come_to_the_kept_checkpoint(shop: Served, tmp_path: Path) -> None:
    # given a copy of before an order, and the checkpoint of after it
    database = shop.engine.folder / "holdfast.db"
    copy = tmp_path / "fork.db"
    with behind(shop) as before, closing(sqlite3.connect(copy)) as other:
        before.backup(other)
    shop.receive("2026-01-08 13:00", "order_completed", "cid", total=70)
    kept = shop.engine.checkpoint().result()
    assert kept is not None
    shop.engine.close()

    # when history goes on from the copy, otherwise
    shutil.copyfile(copy, database)
    for beside in ("-wal", "-shm"):
        database.with_name(database.name + beside).unlink(missing_ok=True)
    again = shop.reopened()
    again.receive("2026-01-08 13:00", "order_completed", "dan", total=90)
    again.receive("2026-01-08 14:00", "order_completed", "eva", total=90)
    again.engine.checkpoint().result()

    assert "kept.txt" in places(again, ("kept.txt", kept.note))
    again.engine.close()


def test_nothing_is_signed_over_a_record_that_was_changed(shop: Served) -> None:
    with behind(shop) as database:
        database.execute("update tree set size = 2, edge = substr(edge, 1, 32)")
        database.execute("delete from leaf where number >= 2")

    with pytest.raises(StoreError, match="nothing is signed"):
        shop.engine.checkpoint().result()


def test_a_checkpoint_of_another_key_is_not_believed(shop: Served) -> None:
    note = Signer(shop.engine.verifier.name, bytes(32)).sign(3, bytes(32))

    assert places(shop, ("kept.txt", note)) == ["kept.txt"]


def test_nothing_to_sign_is_signed_once(shop: Served) -> None:
    first, second = shop.engine.checkpoint().result(), shop.engine.checkpoint().result()

    assert first == second
