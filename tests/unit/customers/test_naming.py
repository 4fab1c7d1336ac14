"""Naming: the words by which somebody is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.customers.naming import LONGEST_WORD, MOST_WORDS, called, fold, said, typed, words_of
from engine.customers.state import Sent


def named(**traits: object) -> tuple[object, ...]:
    return said({name: Sent(name, value, 1, 1, "shop") for name, value in traits.items()})


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ann", "ann"),
        ("ZOË", "zoe"),
        ("Zoe\N{COMBINING DIAERESIS}", "zoe"),
        ("Straße", "strasse"),
        ("İzmir", "izmir"),
        ("O'Brien", "obrien"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", "obrien"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}nn", "ann"),
        ("Νίκος", "νικοσ"),
    ],
)
def test_case_accents_and_apostrophes_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_name_is_found_by_each_of_its_words() -> None:
    assert words_of("c-1", named(name="Ann-Marie  Lee")) == {"ann-marie", "marie", "lee"}
    assert words_of("c-1", named(first_name="Ann", last_name="O'Neil (Sales)")) == {
        "ann", "oneil", "(sales)", "sales)",
    }  # fmt: skip


def test_an_address_is_found_by_its_words_and_by_its_domain_as_a_whole() -> None:
    assert words_of("c-1", named(email="Ann.Lee@shop.example.com")) == {
        "ann.lee@shop.example.com", "lee@shop.example.com", "shop.example.com",
    }  # fmt: skip


def test_vowel_signs_do_not_part_words() -> None:
    syllables = "\N{DEVANAGARI LETTER KA}\N{DEVANAGARI VOWEL SIGN AA}\N{DEVANAGARI LETTER MA}"
    assert words_of("c-1", named(name=syllables)) == {syllables}


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("c-1", set()),
        ("ann@example.com", set()),
        ("C-1", {"c-1"}),
        ("zoë", {"zoe"}),
        ("ann lee", {"ann", "lee"}),
        (" ann", {"ann"}),
        ("...", set()),
    ],
)
def test_an_id_has_words_of_its_own_only_where_it_is_not_what_one_types(id: str, words: set[str]) -> None:
    assert words_of(id) == words


def test_a_long_name_is_found_by_its_first_words_and_by_how_they_begin() -> None:
    found = words_of("c-1", named(name=" ".join(["x" * 300, *(f"w{number:03}" for number in range(100))])))
    assert len(found) == MOST_WORDS
    assert "x" * LONGEST_WORD in found and "w000" in found and "w099" not in found


def test_words_are_typed_in_any_order_and_one_that_another_begins_with_is_no_more_than_that() -> None:
    assert typed("  Lee,  ANN an ") == ["ann", "lee"]
    assert typed(" ,; ") == []
    assert typed("ann ann") == ["ann"]


def test_whoever_has_no_name_is_called_by_first_and_last() -> None:
    assert called({"name": "Ann Lee", "first_name": "A"}) == "Ann Lee"
    assert called({"first_name": "Ann", "last_name": "Lee"}) == "Ann Lee"
    assert called({"last_name": "Lee"}) == "Lee"
    assert called({"email": "ann@example.com"}) is None


def test_what_is_said_is_the_same_while_no_naming_trait_changes() -> None:
    assert named(name="Ann", plan="free") == named(name="Ann", plan="team")
    assert named(name="Ann") != named(name="Anna")
    assert named() == named(plan="free")
