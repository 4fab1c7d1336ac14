from datetime import date

from engine.authoring.demo import Demo
from engine.customers.zones import moment_of, zone
from engine.model.values import DAY

from .conftest import Log


def zones(demo: Demo) -> dict[str, str]:
    return {
        delivery.body["customer"]: delivery.body["properties"].get("timezone", "UTC")
        for delivery in demo.events
        if "first_name" in delivery.body["properties"]
    }


def told(log: Log, customer: str) -> list[tuple[int, date]]:
    """When each renewal date was told, and the date."""
    return [
        (at, date.fromisoformat(body["properties"]["renewal_date"]))
        for at, _, body in log.of("identify", customer)
        if "renewal_date" in body["properties"]
    ]


def test_a_step_falls_due_at_nine_where_the_customer_is(log: Log, demo: Demo) -> None:
    where = zones(demo)
    on_time = made_up = 0
    for case in log.planted["renewal-due", "fire"]:
        dates = told(log, case.customer)
        if case.at == dates[0][0]:
            made_up += 1
            continue
        local = zone(where[case.customer]).local(case.at)
        known = [day for at, day in dates if at <= case.at][-1]
        assert (local.hour, local.minute) == (9, 0)
        assert (known - local.date()).days in (90, 60, 30)
        on_time += 1
    assert on_time >= 400
    assert made_up == 40


def test_what_is_made_up_for_had_been_missed_already(log: Log) -> None:
    for case in log.planted["renewal-due", "fire"]:
        at, day = told(log, case.customer)[0]
        if case.at == at:
            ahead = (day - moment_of(at).date()).days
            assert 30 < ahead < 90
            assert ahead not in (59, 60, 61)


def test_an_early_renewal_comes_after_its_first_step(log: Log) -> None:
    spared = {case.customer: case for case in log.planted["renewal-due", "innocent"]}
    stepped: dict[str, list[int]] = {}
    for case in log.planted["renewal-due", "fire"]:
        stepped.setdefault(case.customer, []).append(case.at)
    early = 0
    for (event, customer), rows in log.bodies.items():
        if event != "contract_renewed" or customer not in spared:
            continue
        early += 1
        at = rows[0][0]
        assert stepped[customer][0] < at == spared[customer].at
        assert (told(log, customer)[-1][1] - told(log, customer)[0][1]).days == 365
    assert early == 60


def test_an_innocent_has_no_step_in_its_window(log: Log) -> None:
    fires = log.planted["renewal-due", "fire"]
    for case in log.planted["renewal-due", "innocent"]:
        assert not any(
            other.at <= case.within and other.within >= case.at
            for other in fires
            if other.customer == case.customer
        )


def test_a_date_beyond_reach_is_innocent_all_the_time(log: Log, demo: Demo) -> None:
    whole = [case for case in log.planted["renewal-due", "innocent"] if case.at == demo.start]
    assert len(whole) == 80
    last = moment_of(demo.end - DAY).date()
    assert all((told(log, case.customer)[0][1] - last).days > 90 for case in whole)
