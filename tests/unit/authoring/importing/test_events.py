from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.authoring.importing.events import BadRow, Row, events_of

BERLIN = ZoneInfo("Europe/Berlin")


def event(**cells: Any) -> Any:
    """Give the event of one row with these columns."""
    return next(events_of(list(cells), [(1, list(cells.values()))], BERLIN)).event


def properties(**cells: Any) -> Any:
    """Give what becomes of the other columns of a sound row."""
    return event(customer="c1", event="seen", at="2026-01-05T12:00:00Z", **cells).get("properties", {})


def test_columns_that_an_event_does_not_have_are_its_properties() -> None:
    # given a row with every field, and two columns more
    row = {
        "customer": "c1",
        "event": "order_completed",
        "id": "o1",
        "at": "2026-01-05T12:00:00+00:00",
        "account": "a1",
        "received_at": "2026-01-06T00:00:00Z",
        "total": 10,
        "customer_id": "other",
    }

    # when it becomes an event
    found = event(**row)

    # then only the last two are properties
    assert found == {
        "customer": "c1",
        "event": "order_completed",
        "id": "o1",
        "at": "2026-01-05T12:00:00+00:00",
        "account": "a1",
        "received_at": "2026-01-06T00:00:00+00:00",
        "properties": {"total": 10, "customer_id": "other"},
    }


def test_fields_are_known_in_any_case_and_properties_keep_theirs() -> None:
    found = event(Customer="c1", EVENT="seen", At="2026-01-05T12:00:00Z", Total=1)

    assert found["customer"] == "c1"
    assert found["properties"] == {"Total": 1}


@pytest.mark.parametrize("nothing", [None, "", "  ", float("nan"), float("inf"), Decimal("NaN"), b"\x00"])
def test_nothing_is_left_out(nothing: object) -> None:
    assert properties(total=nothing) == {}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.1, 0.1),
        (Decimal("12.30"), Decimal("12.30")),
        (False, False),
        (0, 0),
        (" spaces stay ", " spaces stay "),
        (date(2026, 3, 1), "2026-03-01"),
        (time(9, 30), "09:30:00"),
        (timedelta(days=1, seconds=5), "PT86405S"),
        (datetime(2026, 7, 1, 9), "2026-07-01T09:00:00+02:00"),
        (datetime(2026, 7, 1, 9, tzinfo=UTC), "2026-07-01T09:00:00+00:00"),
        ([1, None, "a"], [1, None, "a"]),
        ({"a": {"b": Decimal("1.5")}}, {"a": {"b": Decimal("1.5")}}),
    ],
)
def test_values_are_those_of_json_and_numbers_stay_exact(value: object, kept: object) -> None:
    assert properties(value=value) == {"value": kept}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2026, 1, 5, 12), "2026-01-05T12:00:00+01:00"),
        (datetime(2026, 7, 5, 12), "2026-07-05T12:00:00+02:00"),
        (date(2026, 7, 5), "2026-07-05T00:00:00+02:00"),
        ("2026-07-05 12:00", "2026-07-05T12:00:00+02:00"),
        ("2026-07-05T12:00:00Z", "2026-07-05T12:00:00+00:00"),
        (1767614400, 1767614400),
        ("yesterday", "yesterday"),
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(value: object, kept: object) -> None:
    assert event(customer="c1", event="seen", at=value)["at"] == kept


@pytest.mark.parametrize(
    ("value", "kept"), [(17850, "17850"), (17850.0, "17850"), (Decimal("17850"), "17850"), (" a ", "a")]
)
def test_ids_are_texts(value: object, kept: str) -> None:
    found = event(customer=value, event="seen", at=0, id=value)

    assert (found["customer"], found["id"]) == (kept, kept)


def test_a_row_without_a_time_is_no_event_of_now() -> None:
    found = event(customer="c1", event="seen", at=None)

    assert isinstance(found, BadRow)
    assert (found.code, found.body) == ("bad_time", b'{"customer":"c1","event":"seen"}')


def test_rows_without_an_event_are_traits_of_customers() -> None:
    found = list(events_of(["customer", "plan"], [(1, ["c1", "team"])], BERLIN, timed=False))

    assert [row.event for row in found] == [
        {"event": "identify", "customer": "c1", "properties": {"plan": "team"}}
    ]


def test_a_row_that_could_not_be_read_costs_its_neighbours_nothing() -> None:
    bad = BadRow("not_an_object", "torn")

    found = list(events_of(["customer", "event", "at"], [(1, bad), (2, ["c1", "seen", 0])], BERLIN))

    assert found == [
        Row(1, bad),
        Row(2, {"customer": "c1", "event": "seen", "at": 0}, ["c1", "seen", 0]),
    ]


def test_what_tells_of_the_file_is_no_property() -> None:
    # given a row with its number in the file, the file's time, and what a report says of it
    columns = ["customer", "event", "at", "source_row", "source_time", "refused_reason", "total"]
    cells = ["c1", "seen", 0, 41, "2026-01-05T12:00:00Z", "it was wrong", 5]

    (found,) = events_of(columns, [(1, cells)], BERLIN)

    # then its number is that of the file, and the rest of it is left out
    assert (found.number, found.event) == (
        41,
        {"customer": "c1", "event": "seen", "at": 0, "properties": {"total": 5}},
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-05 10:15:00 +0100", "2026-03-05T10:15:00+01:00"),
        ("2026-03-05 09:15:00 UTC", "2026-03-05T09:15:00+00:00"),
        ("2026-03-05T09:15:00.000+0000", "2026-03-05T09:15:00+00:00"),
    ],
)
def test_offsets_are_understood_as_vendors_write_them(written: str, kept: str) -> None:
    assert event(customer="c1", event="seen", at=written)["at"] == kept
