"""An export is checked by two programs; whatever is changed in it, both find it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.audit.leaves import ErasedLeaf, read_entry
from tests.integration.runtime.audit.exports import (
    PROGRAMS,
    Check,
    contents,
    exported,
    first_program,
    packed,
)
from tests.integration.runtime.audit.flips import PLACE, PLACES
from tests.served import Served


@pytest.fixture(params=list(PROGRAMS))
def check(request: pytest.FixtureRequest) -> Check:
    return PROGRAMS[request.param]


@pytest.fixture
def export(shop: Served, tmp_path: Path) -> Path:
    return exported(shop, tmp_path / "audit.zip")


def test_a_whole_export_is_good(shop: Served, export: Path, check: Check) -> None:
    assert check(export, shop.engine.verifier, []) == []


def test_the_export_of_a_period_is_good(shop: Served, tmp_path: Path, check: Check) -> None:
    part = exported(
        shop, tmp_path / "part.zip", **{"from": "2026-01-06T00:00:00Z", "to": "2026-01-06T12:00:00Z"}
    )

    assert check(part, shop.engine.verifier, []) == []
    manifest = json.loads(contents(part)["manifest.json"])
    assert manifest["counts"] == {"decision": 1, "run_ended": 1, "run_started": 1, "step": 1}
    assert 0 < manifest["first"] < manifest["end"] < manifest["size"]


def test_every_bit_of_the_file_counts(shop: Served, export: Path, check: Check) -> None:
    data = export.read_bytes()
    damaged = export.with_name("damaged.zip")
    # Every byte, each with another of its bits: the file is copied thousands of times otherwise.
    for place in range(0, len(data), 1 if len(data) < 4000 else 13):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        damaged.write_bytes(changed)
        assert check(damaged, shop.engine.verifier, []) != [], f"byte {place}"


def test_every_bit_of_an_entry_is_found_in_its_entry(shop: Served, export: Path) -> None:
    found = contents(export)
    number = 0
    for place, byte in enumerate(found["entries.jsonl"]):
        if byte == ord("\n"):
            number += 1
            continue
        changed = bytearray(found["entries.jsonl"])
        changed[place] ^= 1 << place % 8
        if changed[place] == ord("\n"):
            continue
        forged = packed(found | {"entries.jsonl": bytes(changed)}, export.with_name("forged.zip"))
        damages = first_program(forged, shop.engine.verifier, [])
        assert damages[0].startswith((f"entry {number}: ", f"the record of entry {number}: ")), damages


@pytest.mark.parametrize("name", ["hashes.bin", "checkpoints.jsonl", "records.jsonl", "definitions.jsonl",
                                  "manifest.json", "manifest.sig"])  # fmt: skip
def test_bits_of_every_file_are_found(shop: Served, export: Path, check: Check, name: str) -> None:
    found = contents(export)
    for place in range(0, len(found[name]), 11):
        changed = bytearray(found[name])
        changed[place] ^= 1 << place % 8
        forged = packed(found | {name: bytes(changed)}, export.with_name("forged.zip"))
        assert check(forged, shop.engine.verifier, []) != [], f"{name}, byte {place}"


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def dropped(entries: list[bytes]) -> list[bytes]:
    return entries[:3] + entries[4:]


def swapped(entries: list[bytes]) -> list[bytes]:
    return [*entries[:3], entries[4], entries[3], *entries[5:]]


def doubled(entries: list[bytes]) -> list[bytes]:
    return [*entries[:4], entries[3], *entries[4:]]


def truncated(entries: list[bytes]) -> list[bytes]:
    return entries[:-1]


@pytest.mark.parametrize(
    ("change", "place"),
    [(dropped, "entry 3"), (swapped, "entry 3"), (doubled, "entry 4"), (truncated, "entries.jsonl")],
)
def test_entries_that_are_not_in_their_place_are_named(
    shop: Served, export: Path, check: Check, change: object, place: str
) -> None:
    assert callable(change)
    found = contents(export)
    forged = b"".join(change(lines(found["entries.jsonl"])))

    damages = check(packed(found | {"entries.jsonl": forged}, export), shop.engine.verifier, [])

    assert any(each.startswith(f"{place}: ") for each in damages), damages


LINES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "dropped": lambda held: held[1:],
    "swapped": lambda held: [held[-1], *held[1:-1], held[0]],
    "doubled": lambda held: [held[0], *held],
    "cut": lambda held: [*held[:-1], held[-1][:-2]],
}
"""What may be done to the lines of a file, and leaves every other byte as it was."""


@pytest.mark.parametrize("change", list(LINES))
@pytest.mark.parametrize("name", ["checkpoints.jsonl", "records.jsonl", "context.jsonl", "definitions.jsonl"])
def test_lines_that_are_not_as_they_were_are_named_by_their_file(
    shop: Served, tmp_path: Path, check: Check, name: str, change: str
) -> None:
    # given an export of a period with two lines and more in each file
    shop.engine.checkpoint().result()
    period = {"from": "2026-01-06T00:00:00Z", "to": "2026-01-06T12:00:00Z"}
    found = contents(exported(shop, tmp_path / "part.zip", **period))
    held = lines(found[name])
    forged = LINES[change](held)
    if len(held) == 1 and change == "swapped":
        forged = [*held, b"{}\n"]
    assert forged != held

    damages = check(
        packed(found | {name: b"".join(forged)}, tmp_path / "forged.zip"), shop.engine.verifier, []
    )

    assert any(each.startswith(name) for each in damages), damages


def test_a_record_that_was_left_out_is_missed(shop: Served, export: Path, check: Check) -> None:
    found = contents(export)
    first, *rest = lines(found["records.jsonl"])

    damages = check(packed(found | {"records.jsonl": b"".join(rest)}, export), shop.engine.verifier, [])

    assert any(each.startswith(f"entry {json.loads(first)['number']}: ") for each in damages)


def test_a_kept_checkpoint_holds(shop: Served, export: Path, check: Check, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    with shop.engine.store.reader() as reader:
        kept.write_text(reader.checkpoints()[0].note)

    assert check(export, shop.engine.verifier, [kept]) == []


def test_a_record_that_was_forked_is_found_by_a_kept_checkpoint(
    shop: Served, export: Path, check: Check, tmp_path: Path
) -> None:
    # given an operator with the key, who signs another past of as many entries
    kept = tmp_path / "kept.txt"
    with shop.engine.store.reader() as reader:
        size = reader.checkpoints()[0].size
    kept.write_text(shop.engine._shell.signer.sign(size, bytes(32)))

    damages = check(export, shop.engine.verifier, [kept])

    assert any("kept.txt" in each and "fork" in each for each in damages)


def test_a_record_that_was_taken_back_is_found_by_a_kept_checkpoint(
    shop: Served, export: Path, check: Check, tmp_path: Path
) -> None:
    # given a checkpoint of a time after the database was copied back from
    kept = tmp_path / "kept.txt"
    kept.write_text(shop.engine._shell.signer.sign(10_000, bytes(32)))

    damages = check(export, shop.engine.verifier, [kept])

    assert any("kept.txt" in each and "10000 entries" in each for each in damages)


def test_another_key_is_none(shop: Served, export: Path, check: Check) -> None:
    other = shop.engine._shell.signer.__class__(shop.engine.verifier.name, bytes(32)).verifier

    assert check(export, other, []) != []


def test_a_file_that_is_packed_is_refused_before_anything_is_unpacked(
    shop: Served, export: Path, check: Check
) -> None:
    # given the same files, packed as a ZIP usually is
    found = contents(export)
    with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(name, data)

    (damage,) = check(export, shop.engine.verifier, [])

    assert "an export packs nothing" in damage


def test_an_erased_customer_leaves_the_export_good(shop: Served, tmp_path: Path, check: Check) -> None:
    # given the erasure of everything about ana but her entries
    with shop.engine.store.begin() as writer:
        called = writer.subjects(["ana"])["ana"].subject
        writer.drop_subjects(["ana"])
        writer.record(ErasedLeaf(ref="erasure:1", at=shop.clock.now(), subject=called, who="dpo"))

    export = exported(shop, tmp_path / "erased.zip")

    assert check(export, shop.engine.verifier, []) == []
    found = contents(export)
    assert json.loads(found["manifest.json"])["erased"] > 0
    assert b'"ana"' not in b"".join(found.values())


def test_a_subject_that_vanished_without_an_erasure_is_missed(
    shop: Served, tmp_path: Path, check: Check
) -> None:
    with shop.engine.store.begin() as writer:
        writer.drop_subjects(["ana"])

    damages = check(exported(shop, tmp_path / "gone.zip"), shop.engine.verifier, [])

    assert any("gone" in each for each in damages)


def test_an_export_during_writes_is_of_one_moment(shop: Served, tmp_path: Path, check: Check) -> None:
    # given an export of which somebody has the first bytes
    pieces = shop.engine.export_audit(None, None, "eve")
    first = next(pieces)

    # when more is decided before the rest is taken
    shop.receive("2026-01-08 13:00", "order_completed", "cid", total=70)
    shop.engine.checkpoint().result()
    path = tmp_path / "during.zip"
    path.write_bytes(first + b"".join(pieces))

    # then it is whole, without what came later
    assert check(path, shop.engine.verifier, []) == []
    assert b'"cid"' not in b"".join(contents(path).values())


def test_an_erasure_during_an_export_leaves_it_whole(shop: Served, tmp_path: Path, check: Check) -> None:
    pieces = shop.engine.export_audit(None, None, "eve")
    first = next(pieces)

    with shop.engine.store.begin() as writer:
        called = writer.subjects(["ana"])["ana"].subject
        writer.drop_subjects(["ana"])
        writer.record(ErasedLeaf(ref="erasure:1", at=shop.clock.now(), subject=called, who="dpo"))
    path = tmp_path / "during.zip"
    path.write_bytes(first + b"".join(pieces))

    assert check(path, shop.engine.verifier, []) == []


def test_that_an_export_was_taken_is_in_it(shop: Served, export: Path) -> None:
    last = read_entry(lines(contents(export)["entries.jsonl"])[-1])

    assert (last.__class__.__name__, last.ref.split(":")[0]) == ("AccessLeaf", "export")


def test_whatever_bit_is_flipped_the_place_is_named(shop: Served, export: Path) -> None:
    # every bit, and by both programs: python -m tests.integration.runtime.audit.flips
    data, damaged = export.read_bytes(), export.with_name("damaged.zip")
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 1 << (place // 5) % 8
        damaged.write_bytes(changed)
        told = first_program(damaged, shop.engine.verifier, [])
        assert any(PLACE.search(each) for each in told), (place, told)


def test_a_forger_who_makes_the_zip_anew_is_told_the_very_file(shop: Served, export: Path) -> None:
    # every bit: python -m tests.integration.runtime.audit.flips
    content = contents(export)
    for name, data in content.items():
        for place in range(0, len(data), 9):
            changed = bytearray(data)
            changed[place] ^= 1 << (place // 9) % 8
            forged = packed(content | {name: bytes(changed)}, export.with_name("forged.zip"))
            told = first_program(forged, shop.engine.verifier, [])
            assert any(re.search(PLACES[name], each) for each in told), (name, place, told)
