"""Values in words: lengths, numbers, closed words, and what is unknown."""

from __future__ import annotations

from typing import Any

import minijinja
import pytest

from api.console import words
from engine.customers.zones import moment_of

NOON = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC


def shown(template: str, value: Any, zone: str = "UTC") -> str:
    environment = minijinja.Environment(auto_escape_callback=lambda name: "html")
    words.add_to(environment)
    return environment.render_str(template, value=value, zone=zone, now=moment_of(NOON))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
        (86_400 * 400, "400 d"),
        (None, "\N{EN DASH}"),
    ],
)
def test_lengths_have_their_two_largest_units(seconds: float | None, said: str) -> None:
    assert words.length(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        ("1234.50", "1,234.50"),
        (-1234, "\N{MINUS SIGN}1,234"),
        ("1e5", "1e5"),
        (None, "\N{EN DASH}"),
    ],
)
def test_numbers_have_their_thousands_apart_and_all_their_digits(value: Any, said: str) -> None:
    assert words.number(value) == said


def test_values_are_said_plainly() -> None:
    assert words.plain({"a": True, "b": None, "c": [1, "x"]}) == "a yes, b \N{EN DASH}, c 1, x"
    assert words.words("not_met") == "not met"
    assert words.segment("a b/c?") == "a%20b%2Fc%3F"


def test_a_time_is_of_the_workspaces_zone_with_both_on_hover() -> None:
    assert shown("{{ value | moment }}", "2026-07-05T23:30:00Z", "Europe/Berlin") == (
        '<time datetime="2026-07-05T23:30:00Z" '
        'title="2026-07-05 23:30:00 UTC, 2026-07-06 01:30:00 Europe/Berlin">6 Jul 2026, 01:30</time>'
    )


def test_a_clock_says_what_is_left_or_how_late_it_is() -> None:
    assert ">in 1 h 30 min<" in shown("{{ value | clock }}", "2026-01-05T13:30:00Z")
    late = shown("{{ value | clock }}", "2026-01-04T12:00:00Z")
    assert ">1 d late<" in late and 'class="clock late"' in late


def test_what_a_rule_saw_is_shown_as_what_it_is() -> None:
    assert shown("{{ value | seen }}", None) == "nothing"
    assert shown("{{ value | seen }}", "P16DT25008.463S") == "16 d 6 h"
    assert shown("{{ value | seen }}", "0.50686830468") == '<span title="0.50686830468">0.5069</span>'
    assert "<time" in shown("{{ value | seen }}", "2026-01-05T12:00:00Z")
    assert shown("{{ value | seen }}", "<b>") == "&lt;b&gt;"


def test_a_mark_has_a_sign_beside_its_colour() -> None:
    assert shown("{{ value | mark }}", "too_late") == (
        '<span class="mark warm"><span aria-hidden="true">•</span> too late</span>'
    )
    assert "&lt;b&gt;" in shown("{{ value | mark }}", "<b>")
