import pytest

from engine.model.spreadsheet import bare, shielded


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "'", "''"])
def test_what_a_spreadsheet_would_compute_is_text_and_comes_back(first: str) -> None:
    cell = f"{first}HYPERLINK(1)"
    assert shielded(cell) == f"'{cell}"
    assert bare(shielded(cell)) == cell


@pytest.mark.parametrize("cell", ["", "ann@example.com", "1-2", " =1", "O'Neil"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert shielded(cell) == bare(cell) == cell


def test_a_quote_that_shields_nothing_stays() -> None:
    assert bare("'tis") == "'tis"
