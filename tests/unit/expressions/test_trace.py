"""Values as JSON has them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.expressions import plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        ("gold", "gold"),
        (3, 3),
        (Decimal("3"), 3),
        (Decimal("1E+3"), 1000),
        (Decimal("-0"), 0),
        (Decimal("0.40"), 0.4),
        (Decimal("-2.5"), -2.5),
        (0.1, 0.1),
        (Decimal("0.3333333333333333333333333333"), Decimal("0.3333333333333333333333333333")),
        (Decimal("9E+99999999"), Decimal("9E+99999999")),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (float("inf"), None),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1))), "2026-02-28T23:00:00Z"),
        (datetime(2026, 3, 1), "2026-03-01T00:00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(), "PT0S"),
        (timedelta(days=45), "P45D"),
        (timedelta(hours=36, minutes=5), "P1DT12H5M"),
        (timedelta(seconds=1, microseconds=500), "PT1.0005S"),
        (timedelta(days=-1, hours=2), "-PT22H"),
        (["a", Decimal("1.0")], ["a", 1]),
        (("a", timedelta(minutes=1)), ["a", "PT1M"]),
        ({"at": [Decimal("0.5")]}, {"at": [0.5]}),
        ({"b", "a"}, ["a", "b"]),
    ],
)
def test_a_value_is_plain(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)
