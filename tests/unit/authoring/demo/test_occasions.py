from datetime import date

from engine.customers.zones import moment_of
from engine.model.values import DAY

from .conftest import Log


def trait(log: Log, customer: str, name: str) -> date:
    rows = [b["properties"][name] for _, _, b in log.of("identify", customer) if name in b["properties"]]
    return date.fromisoformat(rows[-1])


def test_a_birthday_is_a_case_on_its_day_and_innocent_on_all_others(log: Log) -> None:
    cases = log.planted["birthday", "fire"]
    assert len(cases) >= 100
    for case in cases:
        born = trait(log, case.customer, "birthday")
        days = {moment_of(case.at).date(), moment_of(case.at + DAY).date()}
        assert (born.month, born.day) in {(day.month, day.day) for day in days}


def test_only_the_first_year_is_an_anniversary(log: Log) -> None:
    for case in log.planted["first-anniversary", "fire"]:
        assert moment_of(case.at + DAY).year - trait(log, case.customer, "customer_since").year == 1
    for case in log.planted["first-anniversary", "innocent"]:
        assert trait(log, case.customer, "customer_since").year <= moment_of(case.at).year - 2


def test_a_referral_is_the_first_order_of_somebody_who_was_sent(log: Log) -> None:
    cases = log.planted["referral-bought", "fire"]
    assert len(cases) >= 20
    for case in cases:
        first = min(log.of("order_completed", case.customer), key=lambda row: row[0])
        assert first[0] == case.at
        assert "referred_by" in first[2]["properties"]


def test_the_first_order_that_arrives_is_asked_about(log: Log) -> None:
    cases = log.planted["order-survey-due", "fire"]
    assert len(cases) >= 40
    for case in cases:
        assert min(at for at, _, _ in log.of("order_delivered", case.customer)) == case.at
