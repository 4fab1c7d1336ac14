"""Ladders and calendars: times that cannot be kept are refused, with what to write instead."""

import pytest

from engine.authoring.loader import load
from tests.virtual_engine import files

LADDER = """
ladder: desk
hours: office
levels:
  - {{tell: lead, within: {within}}}
resolve_within: {{high: 8h, normal: 3d}}
{more}
"""
CALENDAR = """
calendar: office
zone: Europe/London
open: {opens}
{more}
"""
PEOPLE = "people: {lead: {email: lead@example.com}}\n"


def said(
    more: str = "", calendar: str = "", within: str = "4h", opens: str = '{mon-fri: "09:00-17:00"}'
) -> list[str]:
    texts = LADDER.format(within=within, more=more), CALENDAR.format(opens=opens, more=calendar)
    loaded = load(files(*texts, settings=PEOPLE))
    return [f"{finding.message}, {finding.hint}" for finding in loaded.findings]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("warn_before: 1h", None),
        ("warn_before: 1d", "a warning comes hours or minutes before the end, write 1h or 30m"),
        (
            "warn_before: 8h",
            "resolve_within gives high 8h, which is no longer than 8h, write a shorter time",
        ),
        ("respond_within: {high: 2h}", None),
        (
            "respond_within: {high: 9h}",
            "resolve_within gives high 8h, so that it ends before this, write a shorter time",
        ),
        ("show: [phone]", None),
        ("show: [phoney]", "there is no fact 'phoney', did you mean phone?"),
    ],
)
def test_the_times_of_a_ladder(more: str, sentence: str | None) -> None:
    assert said(more) == ([sentence] if sentence else [])


def test_a_warning_needs_an_end() -> None:
    ladder = "ladder: desk\nlevels: [{tell: lead, within: 1h}]\nwarn_before: 10m\n"
    (finding,) = load(files(ladder, settings=PEOPLE)).findings
    assert finding.message == "there is no end to warn of"


def test_a_calendar_has_to_be_open_for_long_enough() -> None:
    assert said(within="3660d") == [
        "calendar office is not open for 3660d in ten years, write a shorter time"
    ]


def test_a_calendar_that_is_closed_for_good_is_refused() -> None:
    assert said(opens="{}") == ['this calendar is never open, write mon-fri: "09:00-17:00"']
    # also where it opens on a day of the past, or on one to come
    assert said(opens="{}", calendar='special: {2026-12-24: "09:00-13:00"}') == [
        'this calendar is never open, write mon-fri: "09:00-17:00"'
    ]


@pytest.mark.parametrize(
    ("special", "sentence"),
    [
        ('special: {2026-12-24: "09:00-13:00"}', None),
        ('special: {2028-02-29: "09:00-13:00"}', None),
        (
            'special: {2026-02-29: "09:00-13:00"}',
            "'2026-02-29' is no day, write 2026-12-24: \"09:00-13:00\"",
        ),
        ('special: {xmas: "09:00-13:00"}', "'xmas' is no day, write 2026-12-24: \"09:00-13:00\""),
        (
            'special: {2026-12-24: "09:00-13:00"}\nclosed: [2026-12-24]',
            "2026-12-24 is closed too, write it under one of the two",
        ),
    ],
)
def test_days_with_hours_of_their_own(special: str, sentence: str | None) -> None:
    assert said(calendar=special) == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("priority", "sentence"),
    [
        ("high", None),
        ("hihg", "there is no priority 'hihg', did you mean high?"),
        ("=event.priority", None),
    ],
)
def test_a_priority_is_one_that_the_ladder_has_a_time_for(priority: str, sentence: str | None) -> None:
    rule = f"""
rule: go
when: {{event: trouble}}
then:
  - do: case.open
    with: {{ladder: desk, title: In trouble, priority: {priority}}}
"""
    ladder = LADDER.format(within="4h", more="")
    calendar = CALENDAR.format(opens='{mon-fri: "09:00-17:00"}', more="")
    found = load(files(rule, ladder, calendar, settings=PEOPLE)).findings
    assert [f"{one.message}, {one.hint}" for one in found] == ([sentence] if sentence else [])
