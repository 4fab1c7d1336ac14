"""The pictures of the console: two of each page, each of them shown, and none that nobody shows."""

from __future__ import annotations

import pytest

from tests.integration.console.screens import SCHEMES, SCREENS, gallery, picture, routes, shape
from tests.integration.console.screenshots import FOLDER, HIGHEST, WIDTH

MOST = 150_000
"""Bytes of a picture: a clone carries all of them."""


def test_every_page_of_the_console_is_shown() -> None:
    assert {shape(screen.address) for screen in SCREENS} == {shape(route) for route in routes()}
    assert len({screen.name for screen in SCREENS}) == len(SCREENS)


def test_the_page_of_pictures_is_up_to_date() -> None:
    assert (FOLDER.parent / "screens.md").read_text() == gallery()


def test_there_are_the_pictures_that_are_shown_and_no_others() -> None:
    wanted = {picture(screen.name, scheme) for screen in SCREENS for scheme in SCHEMES}
    assert {each.name for each in FOLDER.iterdir()} == wanted


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_are_small_and_of_one_width(scheme: str) -> None:
    for screen in SCREENS:
        data = (FOLDER / picture(screen.name, scheme)).read_bytes()
        assert data.startswith(b"\x89PNG")
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        assert (width, height <= HIGHEST, len(data) <= MOST) == (WIDTH, True, True), screen.name
