"""M2: churn, growth, repeat purchases, surveys, first contacts, and what a customer is worth over life."""

from decimal import Decimal

import pytest

from engine.metrics.formulas import (
    churn_of_counts,
    clv_margin,
    lifespan,
    ltv_revenue,
    net_promoter_score,
)
from engine.metrics.surveys import satisfaction
from engine.model.reasons import NoFigure
from tests.measured_base import SUBSCRIPTIONS, Measuring

APRIL = ("2026-04-01", "2026-05-01")


def test_eight_of_a_hundred_and_sixty_left(measuring: Measuring) -> None:
    assert churn_of_counts(160, 8).value == Decimal("0.05")
    base = measuring(facts=SUBSCRIPTIONS)
    for number in range(160):
        base.pay("2026-03-02", f"c{number}", 10)
    for number in range(8):
        base.pay("2026-04-15", f"c{number}", 0, reason="price" if number < 5 else "payment_failed")

    april = base.figure("logo_churn_rate", *APRIL, by="reason")

    assert (april["value"], april["numerator"], april["denominator"]) == (0.05, 8, 160)
    assert {part["group"]: part["numerator"] for part in april["groups"]} == {
        "price_budget": 5, "payment_failure": 3,
    }  # fmt: skip
    kinds = base.figure("logo_churn_rate", *APRIL, by="kind")["groups"]
    assert {part["group"]: part["numerator"] for part in kinds} == {"voluntary": 5, "involuntary": 3}


def test_churn_has_three_formulas(measuring: Measuring) -> None:
    # given four customers, one of whom leaves on 11 April, and one more who joins and leaves after
    base = measuring(facts=SUBSCRIPTIONS)
    for number in range(4):
        base.pay("2026-03-02", f"c{number}", 10)
    base.pay("2026-04-11", "c0", 0)
    base.pay("2026-04-12", "late", 10)
    base.pay("2026-04-21", "late", 0)

    found = {
        formula: base.figure("logo_churn_rate", *APRIL, formula=formula)
        for formula in ("standard", "stripe", "daily")
    }

    assert found["standard"]["value"] == 0.25
    assert (found["stripe"]["numerator"], found["stripe"]["denominator"]) == (2, 5)
    # A quarter of the four on the 11th, and a quarter of the four on the 21st.
    assert found["daily"]["value"] == 0.5
    assert len({each["definition"] for each in found.values()}) == 3


def test_revenue_of_the_same_customers_grew_by_a_fifth(measuring: Measuring) -> None:
    base = measuring(facts=SUBSCRIPTIONS)
    base.pay("2026-03-02", "ann", 10_000)
    base.pay("2026-04-02", "ann", 12_000)
    base.pay("2026-04-02", "new", 5000)

    assert base.figure("revenue_growth", *APRIL)["value"] == 0.2
    assert base.figure("nrr", *APRIL)["value"] == 1.2


def test_half_of_the_buyers_bought_again(measuring: Measuring) -> None:
    # given 500 buyers in April: 250 had bought before, 100 bought twice in April
    base = measuring()
    for number in range(500):
        base.tell("2026-04-10", f"c{number}", "order_completed", order_id=f"a{number}", total=10)
        if number < 250:
            base.tell("2026-01-10", f"c{number}", "order_completed", order_id=f"b{number}", total=10)
        if number >= 400:
            base.tell("2026-04-20", f"c{number}", "order_completed", order_id=f"c{number}", total=10)

    returning = base.figure("repeat_purchase_ratio", *APRIL)
    within = base.figure("repeat_purchase_ratio", *APRIL, variant="repeat_within_period")

    assert (returning["value"], returning["numerator"], returning["denominator"]) == (0.5, 250, 500)
    assert (within["numerator"], within["denominator"]) == (100, 500)


def test_an_order_that_is_told_twice_is_one(measuring: Measuring) -> None:
    base = measuring()
    for day in ("2026-04-10", "2026-04-11"):
        base.tell(day, "ann", "order_completed", order_id="7", total=10)
    assert base.figure("repeat_purchase_ratio", *APRIL, variant="repeat_within_period")["value"] == 0


def test_promoters_less_detractors(measuring: Measuring) -> None:
    assert net_promoter_score(50, 30, 20).value == 30
    base = measuring()
    scores = [9, 10] * 25 + [7, 8] * 15 + [0, 6] * 10
    for number, score in enumerate(scores):
        base.tell("2026-04-10", f"c{number}", "nps_answered", score=score)
    base.tell("2026-04-10", "slip", "nps_answered", score=11)

    april = base.figure("nps", *APRIL)

    assert (april["value"], april["numerator"], april["denominator"], april["unit"]) == (
        30,
        30,
        100,
        "points",
    )


@pytest.mark.parametrize(
    ("good", "of", "low", "high"), [(3, 10, 10.8, 60.3), (2, 3, 20.8, 93.9), (60, 100, 50.2, 69.1)]
)
def test_satisfaction_is_the_two_best_scores_with_its_interval(
    measuring: Measuring, good: int, of: int, low: float, high: float
) -> None:
    found = satisfaction(good, of)
    assert (round(100 * found.low, 1), round(100 * found.high, 1)) == (  # type: ignore[operator]
        Decimal(str(low)), Decimal(str(high)),
    )  # fmt: skip
    base = measuring()
    for number in range(of):
        base.tell("2026-04-10", f"c{number}", "survey_answered", score=4 + number % 2 if number < good else 3)

    april = base.figure("csat", *APRIL)

    assert april["value"] == pytest.approx(good / of)
    assert (round(100 * april["low"], 1), round(100 * april["high"], 1)) == (low, high)


def test_a_revised_answer_replaces_the_one_before(measuring: Measuring) -> None:
    base = measuring(
        facts="events:\n  survey_answered: {ticket_id: text, score: number, revises: ticket_id}\n"
    )
    base.tell("2026-04-10 10:00:00", "ann", "survey_answered", ticket_id="t", score=1)
    base.tell("2026-04-10 11:00:00", "ann", "survey_answered", ticket_id="t", score=5)
    base.tell("2026-05-01 09:00:00", "ann", "survey_answered", ticket_id="u", score=1)
    base.tell("2026-04-30 09:00:00", "ann", "survey_answered", ticket_id="u", score=5)

    april = base.figure("csat", *APRIL)

    # The answer of May is none of April's, nor does it take April's away.
    assert (april["numerator"], april["denominator"]) == (2, 2)


def test_first_contact_resolution_is_of_what_was_resolved(measuring: Measuring) -> None:
    # given tickets that were solved at once, after another contact, and never
    base = measuring("2026-05-02 00:00")
    for id in ("once", "asked-again", "open", "back-on-day-6", "back-on-day-7", "too-new"):
        day = "2026-04-28" if id == "too-new" else "2026-04-02"
        base.tell(f"{day} 09:00:00", "ann", "ticket_opened", ticket_id=id)
        if id == "asked-again":
            base.tell(f"{day} 10:00:00", "ann", "ticket_contacted", ticket_id=id)
        if id != "open":
            base.tell(f"{day} 12:00:00", "ann", "ticket_solved", ticket_id=id)
    base.tell("2026-04-08 12:00:00", "ann", "ticket_reopened", ticket_id="back-on-day-6")
    base.tell("2026-04-09 12:00:00", "ann", "ticket_reopened", ticket_id="back-on-day-7")

    april = base.figure("fcr", *APRIL)

    # then two of four were: one is open, and of one the seven days have not passed
    assert (april["value"], april["numerator"], april["denominator"]) == (0.5, 2, 4)


def test_times_of_tickets_leave_pauses_out_and_end_at_the_last_resolution(measuring: Measuring) -> None:
    base = measuring(
        settings="name: Example\nmetrics: {tickets: {calendar: office}}\n",
        office='calendar: office\nzone: Europe/London\nopen: {mon-fri: "09:00-17:00"}\n',
    )
    # Opened on Friday 10 April 15:00 in London, answered after an hour, paused over Monday morning.
    for day, event in (
        ("2026-04-10 14:00:00", "ticket_opened"),
        ("2026-04-10 15:00:00", "ticket_answered"),
        ("2026-04-13 08:00:00", "ticket_paused"),
        ("2026-04-13 11:00:00", "ticket_resumed"),
        ("2026-04-13 13:00:00", "ticket_solved"),
        ("2026-04-14 08:00:00", "ticket_reopened"),
        ("2026-04-14 10:00:00", "ticket_solved"),
    ):
        base.tell(day, "ann", event, ticket_id="t")

    def hours(name: str, **query: str) -> float:
        found: float = base.figure(name, *APRIL, **query)["value"] / 3600
        return found

    assert hours("first_response_time") == 1
    assert hours("resolution_time") == 4 * 24 - 4 - 3
    # Friday 2 h, Monday 8 h less 3, Tuesday 2 h.
    assert hours("resolution_time", clock="business") == 9


def test_mean_median_and_ninetieth_percentile_of_ten_tickets(measuring: Measuring) -> None:
    base = measuring()
    for number in range(1, 11):
        base.tell("2026-04-10 00:00:00", "ann", "ticket_opened", ticket_id=f"t{number}")
        base.tell(f"2026-04-10 {number:02}:00:00", "ann", "ticket_answered", ticket_id=f"t{number}")

    found = {
        statistic: base.figure("first_response_time", *APRIL, statistic=statistic)
        for statistic in ("mean", "median", "p90")
    }

    assert {name: each["value"] / 3600 for name, each in found.items()} == {
        "mean": 5.5,
        "median": 5.5,
        "p90": 9,
    }
    assert (found["mean"]["numerator"], found["mean"]["denominator"]) == (55 * 3600, 10)


def test_a_customer_is_worth_600_over_three_years_and_240_of_margin() -> None:
    three_years = lifespan(Decimal(1) / 3)
    assert round(ltv_revenue(50, 4, three_years).value or 0, 6) == 600
    assert round(clv_margin(Decimal("0.4"), 50 * 4, three_years).value or 0, 6) == 240


def test_where_nobody_leaves_there_is_no_worth_over_life_unless_it_is_capped() -> None:
    found = ltv_revenue(50, 4, lifespan(0))
    assert (found.value, found.reason) == (None, NoFigure.NO_CHURN)
    assert ltv_revenue(50, 4, lifespan(0, cap=5)).value == 1000
    assert lifespan(Decimal("0.1"), cap=5).value == 5


def test_worth_over_life_is_measured_on_orders(measuring: Measuring) -> None:
    # given three customers with four orders of 50 in 2025, one of whom has stayed away since spring
    settings = "name: Example\nmetrics: {active: {by: events, events: [order_completed], within: 200d}}\n"
    base = measuring("2026-05-02 00:00", settings=settings)
    for customer, months in (("a", (2, 5, 8, 11)), ("b", (2, 5, 8, 11)), ("c", (1, 2, 3, 4))):
        base.tell("2024-12-01", customer, "order_completed", order_id=f"{customer}0", total=50)
        for month in months:
            base.tell(
                f"2025-{month:02}-05", customer, "order_completed", order_id=f"{customer}{month}", total=50
            )

    year = base.figure("ltv_revenue", "2025-01-01", "2026-01-01")

    assert (year["value"], year["of"], year["unit"]) == (60_000, 3, "cents")


def test_worth_over_life_is_measured_on_contracts_by_margin(measuring: Measuring) -> None:
    # given three who pay 50 a month at the start of 2025, and one of them leaves
    settings = "name: Example\nmetrics: {margin: 40%}\n"
    base = measuring(settings=settings, facts=SUBSCRIPTIONS)
    for customer in ("a", "b", "c"):
        base.pay("2024-12-01", customer, 50)

    untouched = base.figure("clv_margin", "2025-01-01", "2026-01-01")
    base.pay("2025-08-01", "c", 0)
    year = base.figure("clv_margin", "2025-01-01", "2026-01-01")

    assert (untouched["value"], untouched["reason"]) == (None, "no_churn")
    assert year["value"] == 72_000  # 0.4 x 600 a year x 3 years


def test_without_a_margin_there_is_none_of_it(measuring: Measuring) -> None:
    base = measuring(facts=SUBSCRIPTIONS)
    base.pay("2026-03-01", "a", 50)
    base.pay("2026-04-01 10:00:00", "a", 0)
    assert base.figure("clv_margin", *APRIL)["reason"] == "no_margin"


def test_metrics_are_taken_apart_by_segment(measuring: Measuring) -> None:
    base = measuring(
        facts="facts:\n  orders: {count: order_completed}\n",
        regular="segment: regular\nenter_if: customer.orders >= 2\n",
    )
    base.tell("2026-03-01", "ann", "order_completed", order_id="1", total=1)
    base.tell("2026-03-02", "ann", "order_completed", order_id="2", total=1)
    base.tell("2026-03-02", "bob", "order_completed", order_id="3", total=1)
    base.settle()
    for customer, score in (("ann", 5), ("bob", 1)):
        base.receive(customer=customer, event="survey_answered", score=score)

    found = base.figure("csat", "2026-05-01", "2026-06-01", by="segment", as_of="2026-05-20")

    assert (found["value"], found["complete"]) == (0.5, False)
    assert [(part["group"], part["value"]) for part in found["groups"]] == [("regular", 1)]
