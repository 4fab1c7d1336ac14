"""The list of erased ids: marks that say nothing by themselves, in a file that is only added to."""

from pathlib import Path

import pytest

from engine.runtime.erasures import Erasures
from engine.runtime.secret import FOLDER
from engine.store.opening import open_store
from engine.store.personal import ErasureRow


@pytest.fixture
def erasures(tmp_path: Path) -> Erasures:
    (tmp_path / FOLDER).mkdir()
    return Erasures(b"s" * 32, tmp_path)


def test_a_mark_is_the_same_for_ever_and_another_with_another_secret(tmp_path: Path) -> None:
    one, other = Erasures(b"a" * 32, tmp_path), Erasures(b"b" * 32, tmp_path)

    assert one.mark("ana") == one.mark("ana") != one.mark("ben")
    assert one.mark("ana") != other.mark("ana")
    assert one.hidden("ana") != one.mark("ana")


def test_the_file_tells_when_each_was_erased_last(erasures: Erasures) -> None:
    assert erasures.listed() == {}

    erasures.write({"a" * 32: 10, "b" * 32: 10})
    erasures.write({"a" * 32: 20})
    erasures.write({})

    assert erasures.listed() == {"a" * 32: 20, "b" * 32: 10}


def test_a_line_cut_short_is_none_and_costs_no_other(erasures: Erasures, tmp_path: Path) -> None:
    erasures.write({"a" * 32: 10})
    with (tmp_path / FOLDER / "erased").open("a") as file:
        file.write("b" * 32)

    erasures.write({"c" * 32: 30})

    assert erasures.listed() == {"a" * 32: 10, "c" * 32: 30}


def test_what_one_side_knows_and_the_other_does_not(erasures: Erasures) -> None:
    erasures.write({"a" * 32: 10, "b" * 32: 20})
    rows = [
        ErasureRow(mark="b" * 32, at=10), ErasureRow(mark="c" * 32, at=30, lifted_at=40),
    ]  # fmt: skip

    assert erasures.missing_from(rows) == {"a" * 32: 10, "b" * 32: 20}
    assert erasures.unlisted(rows) == {"c" * 32: 30}
    assert erasures.missing_from([ErasureRow(mark="a" * 32, at=10), ErasureRow(mark="b" * 32, at=20)]) == {}


def test_an_erased_id_is_found_anywhere_in_what_was_sent_until_it_is_lifted(erasures: Erasures) -> None:
    # given
    store = open_store("memory://")
    with store.begin() as writer:
        writer.keep_erasures({erasures.mark("ana"): 10, erasures.mark("42"): 10})
    with store.reader() as reader:
        erasures.load(reader, "1")

    # then
    assert erasures.holds("ana") and not erasures.holds("ben")
    assert erasures.holds("erased:whatever")
    assert erasures.named_in({"a": [{"user_id": 42}]})
    assert erasures.named_in(b'{"customer": "ana", "cut')
    assert not erasures.named_in({"a": "banana"})

    # when somebody registers again
    with store.begin() as writer:
        writer.lift_erasures([erasures.mark("ana")], 20)
    with store.reader() as reader:
        erasures.load(reader, "2")
    assert not erasures.holds("ana") and erasures.holds("42")
