"""Steps around a date: where they lie, what moves them, and what a late one gets."""

import pytest

from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  renewal_date: {type: date}
  birthday: {type: date}
  contract_year: {type: number}
"""
NOTED = """
segment: noted
static: yes
"""
FIRED = "fired"


def rule(trigger: str) -> str:
    return f"""
rule: dated
when: {{{trigger}}}
then:
  - do: segment.add
    with: {{segment: noted}}
"""


def workspace(trigger: str, timezone: str = "UTC") -> VirtualEngine:
    return VirtualEngine(FACTS, rule(trigger), NOTED, timezone=timezone)


def steps(engine: VirtualEngine) -> list[tuple[str, str, object]]:
    return [
        (at, outcome, row.event["step"])
        for (at, outcome), row in zip(engine.decisions("dated"), engine.rows("dated"), strict=True)
    ]


def test_steps_lie_before_and_after_at_the_time_that_is_written() -> None:
    engine = workspace("date: customer.renewal_date, before: 7d, after: [1d, 2w], at: '07:30'")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-01")
    engine.until("2026-05-01 10:00")
    assert steps(engine) == [
        ("2026-03-25 07:30", FIRED, "P7D"),
        ("2026-04-02 07:30", FIRED, "P1D"),
        ("2026-04-15 07:30", FIRED, "P14D"),
    ]


def test_a_date_with_neither_before_nor_after_has_its_step_on_the_day() -> None:
    engine = workspace("date: customer.renewal_date, at: '07:30'")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-01")
    assert engine.timers() == ["2026-04-01 07:30"]
    engine.until("2026-05-01 10:00")
    assert steps(engine) == [("2026-04-01 07:30", FIRED, "PT0S")]


def test_a_date_that_is_told_on_the_day_is_caught_up_on_the_day() -> None:
    engine = workspace("date: customer.renewal_date, at: '07:30'")
    engine.identify("2026-04-01 10:00", renewal_date="2026-04-01")
    engine.until("2026-05-01 10:00")
    assert steps(engine) == [("2026-04-01 10:00", FIRED, "PT0S")]


def test_a_step_keeps_its_place_on_the_wall_when_the_clocks_change() -> None:
    # Berlin puts its clocks forward on 29 March
    engine = workspace("date: customer.renewal_date, before: [30d, 1d]", "Europe/Berlin")
    engine.identify("2026-02-01 10:00", renewal_date="2026-03-31")
    assert engine.timers() == ["2026-03-01 08:00", "2026-03-30 07:00"]


def test_in_customer_time_the_hour_is_the_customers_and_the_day_the_workspaces() -> None:
    engine = workspace("date: customer.renewal_date, before: 1d, in: customer time", "Europe/Berlin")
    engine.identify("2026-02-01 10:00", renewal_date="2026-02-20")
    assert engine.timers() == ["2026-02-19 08:00"]
    # a zone that becomes known moves the timer
    engine.identify("2026-02-02 10:00", timezone="Asia/Tokyo")
    assert engine.timers() == ["2026-02-19 00:00"]
    # one that means nothing is the workspace's
    engine.identify("2026-02-03 10:00", timezone="Mars/Olympus")
    assert engine.timers() == ["2026-02-19 08:00"]


def test_an_anniversary_comes_every_year() -> None:
    engine = workspace("date: customer.birthday, every: year")
    engine.identify("2026-03-02 10:00", birthday="1990-04-05")
    engine.until("2028-12-31 10:00")
    assert [at for at, _ in engine.decisions("dated")] == [
        "2026-04-05 09:00",
        "2027-04-05 09:00",
        "2028-04-05 09:00",
    ]
    assert [row.event["years"] for row in engine.rows("dated")] == [36, 37, 38]


def test_the_29th_of_february_is_the_28th_in_other_years() -> None:
    engine = workspace("date: customer.birthday, every: year")
    engine.identify("2027-01-02 10:00", birthday="2000-02-29")
    engine.until("2028-12-31 10:00")
    assert [at for at, _ in engine.decisions("dated")] == ["2027-02-28 09:00", "2028-02-29 09:00"]


def test_a_birthday_has_no_anniversary_in_the_year_of_birth() -> None:
    engine = workspace("date: customer.birthday, every: year")
    engine.identify("2026-03-02 10:00", birthday="2026-03-01")
    engine.until("2026-12-31 10:00")
    assert engine.decisions("dated") == []


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("latest", [("too_late", "P90D"), ("too_late", "P60D"), (FIRED, "P30D")]),
        ("all", [(FIRED, "P90D"), (FIRED, "P60D"), (FIRED, "P30D")]),
        ("none", [("too_late", "P90D"), ("too_late", "P60D"), ("too_late", "P30D")]),
    ],
)
def test_catch_up_says_what_a_late_date_gets(catch_up: str, expected: list[tuple[str, str]]) -> None:
    engine = workspace(f"date: customer.renewal_date, before: [90d, 60d, 30d], catch_up: {catch_up}")
    engine.identify("2026-03-20 10:00", renewal_date="2026-03-31")
    engine.until("2026-04-30 10:00")
    assert sorted(found[1:] for found in steps(engine)) == sorted(expected)
    assert {at for at, _, _ in steps(engine)} == {"2026-03-20 10:00"}


def test_a_date_that_has_passed_is_not_prepared_for() -> None:
    engine = workspace("date: customer.renewal_date, before: [60d, 30d], after: 10d")
    engine.identify("2026-04-20 10:00", renewal_date="2026-03-31")
    engine.until("2026-05-30 10:00")
    assert [found[1:] for found in steps(engine)] == [
        ("too_late", "P60D"), ("too_late", "P30D"), (FIRED, "P10D")
    ]  # fmt: skip


def test_a_date_that_is_taken_away_takes_its_timers_with_it() -> None:
    engine = workspace("date: customer.renewal_date, before: 30d")
    engine.identify("2026-03-02 10:00", renewal_date="2026-06-30")
    engine.identify("2026-03-03 10:00", renewal_date=None)
    assert engine.timers() == []


def test_the_same_date_sent_again_repeats_nothing() -> None:
    engine = workspace("date: customer.renewal_date, before: 30d")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-20")
    engine.until("2026-03-22 10:00")
    engine.identify("2026-03-23 10:00", renewal_date="2026-04-20")
    engine.until("2026-05-30 10:00")
    assert steps(engine) == [("2026-03-21 09:00", FIRED, "P30D")]


def test_a_date_that_changes_after_it_has_passed_begins_a_term() -> None:
    engine = workspace("date: customer.renewal_date, before: 30d")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-20")
    engine.identify("2026-04-21 10:00", renewal_date="2027-04-20")
    engine.until("2027-05-30 10:00")
    assert [at for at, _, _ in steps(engine)] == ["2026-03-21 09:00", "2027-03-21 09:00"]


def test_another_value_of_term_begins_one() -> None:
    engine = workspace("date: customer.renewal_date, before: 30d, term: customer.contract_year")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-20", contract_year=1)
    engine.until("2026-03-22 10:00")
    # a moved date of the same term repeats nothing
    engine.identify("2026-03-22 11:00", renewal_date="2026-05-20")
    assert engine.timers() == []
    # that of the next term has its step
    engine.identify("2026-03-22 12:00", contract_year=2)
    assert engine.timers() == ["2026-04-20 09:00"]


def test_a_term_that_becomes_unknown_begins_none() -> None:
    engine = workspace("date: customer.renewal_date, before: 30d, term: customer.contract_year")
    engine.identify("2026-03-02 10:00", renewal_date="2026-04-20", contract_year=1)
    engine.until("2026-03-22 10:00")
    engine.identify("2026-03-22 11:00", contract_year=None, renewal_date="2026-05-20")
    assert engine.timers() == []
    engine.identify("2026-03-22 12:00", contract_year=1)
    assert engine.timers() == []


def test_a_renewal_ends_the_term_and_the_next_date_has_its_own() -> None:
    engine = workspace("date: customer.renewal_date, before: [60d, 30d], without: contract_renewed")
    engine.identify("2026-03-02 10:00", renewal_date="2026-06-01")
    engine.until("2026-04-03 10:00")
    engine.receive("2026-04-04 10:00", "contract_renewed")
    assert engine.timers() == []
    engine.identify("2026-04-05 10:00", renewal_date="2026-09-01")
    assert engine.timers() == ["2026-07-03 09:00", "2026-08-02 09:00"]


def test_a_renewal_that_is_told_after_its_new_date_spends_the_old_one() -> None:
    # given a CRM that sends the new date first and the renewal five minutes later
    engine = workspace("date: customer.renewal_date, before: [60d, 30d], without: contract_renewed")
    engine.identify("2026-03-02 10:00", renewal_date="2026-06-01")
    engine.until("2026-04-03 10:00")
    engine.identify("2026-04-04 10:00", renewal_date="2027-06-01")
    engine.receive("2026-04-04 10:05", "contract_renewed")
    # then the next term has all its steps, also that of 60 days
    assert engine.timers() == ["2027-04-02 09:00", "2027-05-02 09:00"]


def test_a_first_event_that_no_fact_reads_dates_first_seen() -> None:
    engine = workspace("date: customer.first_seen, after: 7d")
    engine.receive("2026-03-02 10:00", "page_viewed")
    engine.until("2026-04-03 10:00")
    assert steps(engine) == [("2026-03-09 09:00", FIRED, "P7D")]


def test_a_step_whose_condition_does_not_hold_is_not_tried_again_for_that_date() -> None:
    text = rule("date: customer.renewal_date, before: [60d, 30d]").replace(
        "then:", "if: customer.contract_year == 1\nthen:"
    )
    engine = VirtualEngine(FACTS, text, NOTED)
    engine.identify("2026-03-02 10:00", renewal_date="2026-06-01", contract_year=2)
    engine.until("2026-04-03 10:00")
    engine.identify("2026-04-04 10:00", contract_year=1)
    engine.until("2026-06-03 10:00")
    assert engine.counted("dated") == {"not_met": 1}
    assert steps(engine) == [("2026-05-02 09:00", FIRED, "P30D")]


def test_a_date_that_comes_back_after_another_makes_decisions_of_its_own() -> None:
    # given a date of which a step is passed over, and another in its place
    engine = workspace("date: customer.renewal_date, before: 30d, catch_up: none")
    engine.identify("2026-03-02 10:00", renewal_date="2026-03-20")
    engine.identify("2026-03-02 11:00", renewal_date="2026-03-25")

    # when the first comes back
    engine.identify("2026-03-02 12:00", renewal_date="2026-03-20")

    # then each of them is told of in a decision of its own: the record takes no id twice
    assert [outcome for _, outcome, _ in steps(engine)] == ["too_late"] * 3
    assert len({row.id for row in engine.rows("dated")}) == 3


def test_a_step_at_the_instant_of_an_anniversary_is_executed_once() -> None:
    # given a rule of every year that looks first, and lays all dates out anew when it has looked
    yearly = rule("date: customer.birthday, every: year").replace("rule: dated", "rule: annual")
    engine = VirtualEngine(FACTS, yearly, rule("date: customer.renewal_date, before: 30d"), NOTED)

    # when a step of another rule is due at the same instant
    engine.identify("2026-03-02 10:00", birthday="1990-03-21", renewal_date="2026-04-20")
    engine.until("2026-03-25 10:00")

    # then each of them fires once
    assert engine.decisions("annual") == [("2026-03-21 09:00", FIRED)]
    assert engine.decisions("dated") == [("2026-03-21 09:00", FIRED)]
