from datetime import UTC, datetime

from engine.authoring.importing.events import BadRow, Row
from engine.authoring.importing.survey import survey
from engine.customers.catalog import Catalog
from engine.customers.zones import instant_of

NOW = instant_of(datetime(2026, 3, 1, tzinfo=UTC))
CATALOG = Catalog(person={}, account={}, properties={}, protected=frozenset())


def seen(customer: str = "c1", at: object = "2026-01-05T12:00:00Z", **more: object) -> dict[str, object]:
    return {"customer": customer, "event": "seen", "at": at, **more}


def test_everything_wrong_is_counted_with_its_rows() -> None:
    # given rows with every slip there is
    rows = [
        Row(1, seen(id="a")),
        Row(2, {"event": "seen", "at": 0}),
        Row(3, seen(at="soon")),
        Row(4, seen(id="a")),
        Row(5, seen(id="a", total=2)),
        Row(6, BadRow("not_an_object", "torn")),
        Row(7, seen("c2", at="2027-01-01T00:00:00Z")),
        Row(8, seen("c3", at="2026-01-01T00:00:00Z")),
    ]

    # when they are looked at
    found = survey(rows, CATALOG, "clicks", NOW)

    # then nothing is lost
    assert {one.code: one.rows for one in found.refused} == {
        "no_customer": [2],
        "bad_time": [3],
        "conflict": [5],
        "not_an_object": [6],
    }
    assert {one.code: one.rows for one in found.odd} == {"duplicate": [4], "future": [7], "disorder": [8]}
    assert (found.rows, found.sound, found.customers, found.events) == (8, 4, 3, {"seen": 4})


def test_ten_rows_are_shown_as_they_would_arrive_and_ten_numbers_kept() -> None:
    rows = [Row(number, seen(id=str(number), Total=number)) for number in range(1, 13)]
    bad = [Row(number, seen(at="soon")) for number in range(13, 30)]

    found = survey([*rows, *bad], CATALOG, "clicks", NOW)

    assert len(found.preview) == 10
    assert found.preview[0] == {
        "row": 1,
        "customer": "c1",
        "event": "seen",
        "at": instant_of(datetime(2026, 1, 5, 12, tzinfo=UTC)),
        "account": None,
        "properties": {"total": 1},
    }
    [wrong] = found.refused
    assert (wrong.count, wrong.rows) == (17, list(range(13, 23)))
