"""Letters: values as people read them."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.customers.zones import zone
from engine.expressions import Kind
from engine.runtime.delivery.letters import readable

BERLIN = zone("Europe/Berlin")
MIDNIGHT = dt.datetime(2026, 3, 31, 22, 0, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 1, 5, 11, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value, kind, shown",
    [
        (MIDNIGHT, Kind.DATE, "2026-04-01"),
        (MIDNIGHT, Kind.TIME, "2026-04-01 00:00"),
        (MIDNIGHT, Kind.ANY, "2026-04-01"),
        (NOON, Kind.TIME, "2026-01-05 12:30"),
        (dt.timedelta(days=3, hours=5), Kind.DURATION, "3d"),
        (dt.timedelta(hours=5, minutes=59), Kind.DURATION, "5h"),
        (dt.timedelta(minutes=7, seconds=59), Kind.DURATION, "7m"),
        (Decimal("12.50"), Kind.NUMBER, Decimal("12.50")),
        (None, Kind.TEXT, None),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, kind: Kind, shown: object) -> None:
    assert readable(value, BERLIN, kind) == shown


def test_values_inside_maps_and_lists_are_shown_so_too() -> None:
    assert readable({"a": [NOON, {"b": MIDNIGHT}]}, BERLIN) == {
        "a": ["2026-01-05 12:30", {"b": "2026-04-01"}]
    }
