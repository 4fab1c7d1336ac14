"""Values of declared kinds: what is read as what, and what is not guessed at."""

from decimal import Decimal
from typing import Any

import pytest

from engine.customers.kinds import coerce, keep, parse_time
from engine.expressions import Kind
from engine.model.values import DAY, HOUR
from tests.customer_facts import at


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-08T11:00:00Z", "2026-03-08T11:00Z"),
        ("2026-03-08T11:00:00.123456+02:00", "2026-03-08T09:00:00.123456Z"),
        ("20260308T110000", "2026-03-08T11:00Z"),
        ("2026-03-08", "2026-03-08T00:00Z"),
        (1772967600, "2026-03-08T11:00Z"),
        (1772967600123, "2026-03-08T11:00:00.123Z"),
        (Decimal("1772967600.5"), "2026-03-08T11:00:00.5Z"),
        ("1772967600123", "2026-03-08T11:00:00.123Z"),
        (86400, "1970-01-02T00:00Z"),
    ],
)
def test_times_are_read(value: Any, instant: str) -> None:
    assert parse_time(value) == at(instant)


@pytest.mark.parametrize("value", ["", "11:00", "08.03.2026", True, None, [], 10**18, "2026-13-01"])
def test_what_is_no_time_is_not_read(value: Any) -> None:
    with pytest.raises(ValueError):
        parse_time(value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.TEXT, 7, "7"),
        (Kind.TEXT, Decimal("7.50"), "7.50"),
        (Kind.TEXT, "", ""),
        (Kind.NUMBER, "-12.50", Decimal("-12.50")),
        (Kind.NUMBER, "12", 12),
        (Kind.NUMBER, " ", None),
        (Kind.BOOLEAN, "TRUE", True),
        (Kind.BOOLEAN, "no", False),
        (Kind.BOOLEAN, 1, True),
        (Kind.DATE, "1984-02-29", "1984-02-29"),
        (Kind.DATE, "2026-03-08T00:00:00+09:00", "2026-03-08"),
        (Kind.DATE, 1772928000000, "2026-03-08"),
        (Kind.TIME, "2026-03-08T12:00:00+01:00", "2026-03-08T11:00:00Z"),
        (Kind.DURATION, "2w", "2w"),
        (Kind.LIST, ["a"], ["a"]),
        (Kind.ANY, {"a": 1}, {"a": 1}),
        (Kind.NUMBER, None, None),
    ],
)
def test_values_are_brought_into_one_spelling(kind: Kind, value: Any, expected: Any) -> None:
    read = coerce(kind, value)
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, True),
        (Kind.TEXT, ["a"]),
        (Kind.NUMBER, "1,250.00"),
        (Kind.NUMBER, "12 EUR"),
        (Kind.NUMBER, "nan"),
        (Kind.NUMBER, "1e99"),
        (Kind.NUMBER, True),
        (Kind.BOOLEAN, "maybe"),
        (Kind.BOOLEAN, 2),
        (Kind.BOOLEAN, []),
        (Kind.DATE, "08/03/2026"),
        (Kind.DATE, "2026-03-08T12:00:00Z"),
        (Kind.DATE, "1066-10-14"),
        (Kind.TIME, "noon"),
        (Kind.DURATION, "P1Y"),
        (Kind.DURATION, "0d"),
        (Kind.LIST, "a"),
    ],
)
def test_what_could_mean_two_things_is_refused(kind: Kind, value: Any) -> None:
    with pytest.raises(ValueError):
        coerce(kind, value)


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        (Kind.DATE, "1970-01-02", 719164),
        (Kind.TIME, "1970-01-02T00:00:00Z", DAY),
        (Kind.DURATION, "P1DT2H", DAY + 2 * HOUR),
        (Kind.DURATION, "2w", 14 * DAY),
        (Kind.TEXT, "a", "a"),
        (Kind.TIME, "broken", None),
    ],
)
def test_values_are_kept_small(kind: Kind, sent: Any, kept: Any) -> None:
    assert keep(kind, sent) == kept
