"""Thresholds moved by a unit of how they are written, and by a tenth."""

import pytest

from engine.authoring.mutants.thresholds import (
    moved_day,
    moved_length,
    moved_limit,
    moved_number,
    moved_percent,
    moved_reentry,
    moved_time,
)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("40", ["41", "39", "44", "36"]),
        ("4", ["5", "3"]),  # a tenth of it is nothing for what counts
        ("10", ["11", "9"]),  # a tenth is the unit
        ("0", ["1", "-1"]),
        ("0.4", ["0.5", "0.3", "0.44", "0.36"]),
        ("0.80", ["0.81", "0.79", "0.88", "0.72"]),
        ("1e3", []),
        ("0x10", []),
    ],
)
def test_a_number(written: str, near: list[str]) -> None:
    assert moved_number(written) == near


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("45d", ["46d", "44d", "50d", "40d"]),
        ("3d", ["4d", "2d"]),  # a tenth of it would no longer count days
        ("1d", ["2d"]),
        ("1h", ["2h", "66m", "54m"]),
        ("20h", ["21h", "19h", "22h", "18h"]),
        ("30m", ["31m", "29m", "33m", "27m"]),
        ("p90", []),
    ],
)
def test_a_length_of_time(written: str, near: list[str]) -> None:
    assert moved_length(written) == near


def test_a_share_stays_one() -> None:
    assert moved_percent("60%") == ["61%", "59%", "66%", "54%"]
    assert moved_percent("100%") == ["99%", "90%"]


def test_a_day_and_a_time_of_day() -> None:
    assert moved_day("2026-03-01") == ["2026-03-02", "2026-02-28"]
    assert moved_time("09:30") == ["10:30", "08:30"]
    assert moved_time("23:00") == ["22:00"]


def test_a_limit_moves_in_both_its_parts() -> None:
    assert moved_limit("1 per 7d") == ["2 per 7d", "1 per 8d", "1 per 6d"]


def test_a_reentry_becomes_the_other_ones() -> None:
    assert moved_reentry("never") == ["always"]
    assert moved_reentry("after 7d") == ["never", "always", "after 8d", "after 6d"]
