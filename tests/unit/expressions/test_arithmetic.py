"""Numbers are exact, dates are calendar days, differences are instants."""

import decimal
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.expressions import Env, Kind, Scope, compile_expression
from engine.expressions.arithmetic import elapsed

BERLIN = ZoneInfo("Europe/Berlin")
SCOPE = Scope(
    customer={
        "renewal": Kind.DATE,
        "joined": Kind.DATE,
        "seen": Kind.TIME,
        "a": Kind.NUMBER,
        "b": Kind.NUMBER,
    },
    event={},
    zone="Europe/Berlin",
)


class Moment(datetime):
    """A time that is not exactly a datetime, so that rule-engine judges it."""


def value(text: str, **facts: Any) -> Any:
    return compile_expression(text, SCOPE).value(Env(customer=facts, now=datetime(2026, 4, 1, tzinfo=UTC)))


def test_a_date_literal_is_a_midnight_of_the_zone() -> None:
    assert value('d"2026-03-01"') == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert value('d"2026-07-01"') == datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("kind", [datetime, Moment])
def test_days_before_a_date_are_calendar_days(kind: type[datetime]) -> None:
    # Given a date after the clocks went forward
    renewal = kind(2026, 4, 1, tzinfo=BERLIN)
    # Then the date 7 days before is a midnight too
    assert value("customer.renewal - 7d", renewal=renewal) == datetime(2026, 3, 25, tzinfo=BERLIN)


@pytest.mark.parametrize("kind", [datetime, Moment])
def test_the_difference_of_two_dates_is_taken_in_utc(kind: type[datetime]) -> None:
    # Given two midnights of one zone with a change of the clocks between them
    facts = {"renewal": kind(2026, 4, 1, tzinfo=BERLIN), "joined": kind(2026, 3, 25, tzinfo=BERLIN)}
    # Then an hour is missing, by compiled code and by rule-engine
    assert value("customer.renewal - customer.joined", **facts) == timedelta(days=7, hours=-1)


def test_the_difference_of_a_literal_and_a_date_is_taken_in_utc() -> None:
    assert value('d"2026-04-01" - d"2026-03-25"') == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)),
        (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=BERLIN)),
        (datetime(9999, 12, 31, tzinfo=BERLIN), datetime(1, 1, 1, tzinfo=BERLIN)),
    ],
)
def test_elapsed_is_the_difference_of_the_instants(later: datetime, earlier: datetime) -> None:
    def shifted(moment: datetime) -> timedelta:
        offset = moment.utcoffset()
        assert offset is not None
        return moment.replace(tzinfo=None) - datetime(1, 1, 1) - offset

    assert elapsed(later, earlier) == shifted(later) - shifted(earlier)


def test_numbers_are_exact() -> None:
    assert value("customer.a + customer.b == 0.3", a=Decimal("0.1"), b=Decimal("0.2")) is True
    assert value("customer.a / customer.b", a=1, b=3) == Decimal("0." + "3" * 28)
    assert type(value("customer.a", a=3)) is Decimal


def test_the_callers_decimal_context_has_no_say() -> None:
    # Given a caller that computes with 3 digits
    with decimal.localcontext() as context:
        context.prec = 3
        found = [value("customer.a / customer.b", a=1, b=3), value("1 / 3 + 0 * customer.a", a=1)]
    # Then expressions compute with 28 all the same
    assert found == [Decimal("0." + "3" * 28)] * 2
