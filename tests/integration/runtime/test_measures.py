"""Measures on both databases: versions of closed months, ids that became one, accounts, and an empty base."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.metrics.catalog import METRICS
from engine.model.values import DAY
from engine.runtime.reports import measuring
from engine.runtime.reports.keeping import Keeper
from tests.measured_base import SUBSCRIPTIONS, MeasuredBase, Measuring, measured_base
from tests.servers import postgres_url
from tests.virtual_engine import instant

APRIL = ("2026-04-01", "2026-05-01")
ORDERS = "name: Example\nmetrics: {active: {by: events, events: [order_completed], within: 31d}}\n"


@pytest.fixture(params=["sqlite", "postgres"])
def measuring_on(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Measuring]:
    """Opens a workspace on an empty database, of each kind in turn."""
    with ExitStack() as stack:

        def open_base(now: str = "2026-05-02 00:00", settings: str = ORDERS, **files: str) -> MeasuredBase:
            named = {"holdfast.yaml": settings} | {f"rules/{name}.yaml": text for name, text in files.items()}
            url = postgres_url() if request.param == "postgres" else None
            return stack.enter_context(measured_base(tmp_path / "base", named, now, url))

        yield open_base


def told(answer: Any) -> list[tuple[int, str, Any]]:
    return [(one["version"], one["why"], one["value"]) for one in answer["versions"]]


def keeper(base: MeasuredBase) -> Keeper:
    engine = base.engine
    return Keeper(engine._shell, base.clock.now, lambda: True, engine._now_do)


def test_a_late_event_makes_a_second_version_beside_the_first(measuring_on: Measuring) -> None:
    # given a closed April with one answer that was good
    base = measuring_on("2026-05-02 00:00")
    base.tell("2026-04-10", "ann", "survey_answered", score=5)
    first = base.figure("csat", *APRIL)
    assert (told(first), first["restated"], first["version"]) == ([(1, "closed", 1)], False, 1)
    assert told(base.figure("csat", *APRIL)) == [(1, "closed", 1)]

    # when an answer of April comes in May
    base.clock.move_to(instant("2026-05-10 00:00"))
    base.receive(customer="bob", event="survey_answered", score=1, at="2026-04-20T00:00:00Z")

    # then the month says so, and keeps what it said
    second = base.figure("csat", *APRIL)
    assert (second["value"], second["restated"], second["version"]) == (0.5, True, 2)
    assert told(second) == [(1, "closed", 1), (2, "late_events", 0.5)]
    assert [one["computed_at"] for one in second["versions"]] == [
        "2026-05-02T00:00:00Z",
        "2026-05-10T00:00:00Z",
    ]
    # As of the second of May it was what it was.
    assert base.figure("csat", *APRIL, as_of="2026-05-02")["value"] == 1
    # An event of May is none of April's.
    base.receive(customer="cid", event="survey_answered", score=1)
    assert base.figure("csat", *APRIL)["version"] == 2


def test_each_metric_and_each_month_at_once_are_what_they_are_alone(measuring_on: Measuring) -> None:
    # given contracts and answers of two months and of the one that runs
    base = measuring_on(facts=SUBSCRIPTIONS)
    for day, customer, mrr in (
        ("2026-03-10", "ann", 50),
        ("2026-03-20", "bob", 20),
        ("2026-04-10", "ann", 70),
    ):
        base.pay(day, customer, mrr)
    for day, customer, score in (
        ("2026-03-05", "ann", 5),
        ("2026-04-10", "ann", 1),
        ("2026-05-01", "bob", 5),
    ):
        base.tell(day, customer, "survey_answered", score=score)
    every = base.ask("/v1/metrics/figures", from_=APRIL[0], to=APRIL[1])["items"]

    # then all at once are the figures that they are one by one, with what is kept of them
    assert [one["metric"] for one in every] == list(METRICS)
    for one in every:
        alone = base.figure(one["metric"], *APRIL)
        del alone["groups"]
        assert one == alone and one["version"] == 1

    # and so are months, of which the last has not ended
    months = base.ask("/v1/metrics/csat/months", from_="2026-03-01", to="2026-06-01")["items"]
    assert [(one["value"], one["version"], one["complete"]) for one in months] == [
        (1, 1, True), (0, 1, True), (1, None, False),
    ]  # fmt: skip
    april = base.figure("csat", *APRIL)
    del april["groups"]
    assert months[1] == april
    total = base.ask("/v1/metrics/repeat_purchase_ratio/months", variant="repeat_within_period")["items"]
    assert [one["from"] for one in total] == ["2026-04-01T00:00:00Z"]


def test_a_month_that_runs_is_not_kept(measuring_on: Measuring) -> None:
    base = measuring_on("2026-04-20 00:00")
    base.tell("2026-04-10", "ann", "survey_answered", score=5)
    found = base.figure("csat", *APRIL)
    assert (found["value"], found["complete"], found["versions"]) == (1, False, [])
    assert base.figure("csat", "2026-05-01", "2026-06-01")["reason"] == "incomplete"


def test_closed_months_are_kept_without_being_asked_for(measuring_on: Measuring) -> None:
    # given two months with an answer each
    base = measuring_on("2026-05-02 00:00")
    base.tell("2026-03-10", "ann", "survey_answered", score=5)
    base.tell("2026-04-10", "ann", "survey_answered", score=5)
    base.settle()
    at_work = keeper(base)

    # when the process that leads looks after them
    assert at_work.look_once() == 2 * len(METRICS)
    assert at_work.look_once() == 0

    # and a late answer of March comes
    base.clock.move_to(instant("2026-05-03 00:00"))
    base.receive(customer="bob", event="survey_answered", score=2, at="2026-03-20T00:00:00Z")
    assert at_work.look_once() == 1
    assert at_work.look_once() == 0

    # then March has a second version, and April has its first
    assert told(base.figure("csat", "2026-03-01", "2026-04-01")) == [
        (1, "closed", 1),
        (2, "late_events", 0.5),
    ]
    assert told(base.figure("csat", *APRIL)) == [(1, "closed", 1)]


def test_a_goal_is_frozen_without_being_asked_for(measuring_on: Measuring) -> None:
    # given a goal of more satisfied answers, and two answers before its first day
    goal = """
goal: better-answers
metric: csat
change: {kind: points, by: 10 points}
between: [2026-05-01, 2026-05-20]
at_least: 2 observations
"""
    base = measuring_on("2026-05-02 00:00", **{"better-answers": goal})
    base.tell("2026-04-20", "ann", "survey_answered", score=5)
    base.tell("2026-04-21", "bob", "survey_answered", score=1)
    base.settle()
    at_work = keeper(base)

    # when the process that leads looks after it, and more of April comes to light
    at_work.look_once()
    for customer in ("cid", "dan"):
        base.receive(customer=customer, event="survey_answered", score=1, at="2026-04-22T00:00:00Z")
    at_work.look_once()

    # then it goes from where it stood
    found = base.ask("/v1/goals/better-answers")
    assert (found["baseline"], found["target"], found["frozen"]) == (0.5, 0.6, True)
    assert found["measured"]["as_of"] == "2026-05-02T00:00:00Z"

    # and at the deadline it is judged, and stays so
    base.clock.move_to(instant("2026-05-20 00:00"))
    for customer in ("eve", "fay", "gus"):
        base.receive(customer=customer, event="survey_answered", score=5, at="2026-05-19T00:00:00Z")
    at_work.look_once()
    for number in range(9):
        base.receive(customer=f"late-{number}", event="survey_answered", score=1, at="2026-05-18T00:00:00Z")
    at_work.look_once()
    found = base.ask("/v1/goals/better-answers")
    assert (found["status"], found["final"], found["current"]["of"]) == ("achieved", True, 5)


def test_another_declaration_is_another_definition(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'one.db'}"
    stricter = "name: Example\nmetrics: {surveys: {csat: {event: survey_answered, good_from: 5}}}\n"
    with measured_base(tmp_path / "a", {}, "2026-05-02 00:00", database) as base:
        base.tell("2026-04-10", "ann", "survey_answered", score=4)
        first = base.figure("csat", *APRIL)
        other = base.figure("nps", *APRIL)
    with measured_base(tmp_path / "a", {"holdfast.yaml": stricter}, "2026-05-03 00:00", database) as base:
        second = base.figure("csat", *APRIL)

        assert told(second) == [(1, "closed", 1), (2, "definition", 0)]
        assert second["definition"] != first["definition"]
        assert base.figure("nps", *APRIL)["definition"] == other["definition"]


def test_who_had_two_names_is_one_customer(measuring_on: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    # given orders under two ids that are merged after, read in pages of two
    monkeypatch.setattr(measuring, "PAGE", 2)
    base = measuring_on()
    for number, customer in enumerate(("ann", "ann-2", "bob", "cid", "dan")):
        base.tell("2026-04-10", customer, "order_completed", order_id=f"o{number}", total=1)
    base.settle()
    base.engine.merge_customers("ann", "ann-2", "ops").result()

    april = base.figure("repeat_purchase_ratio", *APRIL, variant="repeat_within_period")

    assert (april["numerator"], april["denominator"]) == (1, 4)


def test_contracts_of_accounts_are_those_of_their_members(measuring_on: Measuring) -> None:
    terms = SUBSCRIPTIONS.replace("reason: reason}", "reason: reason, on: account}")
    base = measuring_on(settings="name: Example\n", facts=terms)
    for day, mrr in (("2026-03-10", 50), ("2026-04-10", 70)):
        base.tell(day, "ann", "subscription_updated", subscription_id="main", mrr=mrr, account="acme")

    april = base.figure("nrr", *APRIL)

    assert (april["value"], april["denominator"]) == (1.4, 5000)
    assert base.figure("crr", *APRIL)["denominator"] == 1


@pytest.mark.parametrize("files", [{}, {"facts": SUBSCRIPTIONS}], ids=["orders", "contracts"])
def test_an_empty_base_has_no_figure_and_a_reason_for_each(
    measuring_on: Measuring, files: dict[str, str]
) -> None:
    base = measuring_on(settings="name: Example\nmetrics: {margin: 40%}\n", **files)
    for name, metric in METRICS.items():
        asked: list[dict[str, str]] = [{}]
        asked += [{"by": part} for part in ("segment", *metric.parts)]
        asked += [{"statistic": "mean"}, {"statistic": "p90"}, {"formula": "stripe"}, {"formula": "daily"}]
        for query in asked:
            found = base.figure(name, *APRIL, **query)
            assert (found["value"], found["reason"]) == (None, "empty_denominator"), (name, query)
            assert found["groups"] == []
    rows = base.ask("/v1/metrics/retention", from_="2026-01-01", to="2026-04-01", cells=1)["items"]
    assert [(row["size"], row["cells"][0]["value"], row["cells"][0]["reason"]) for row in rows] == [
        (0, None, "empty_denominator")
    ] * 3
    [april] = base.ask("/v1/metrics/mrr", from_=APRIL[0], to=APRIL[1])["items"]
    assert [april[name] for name in ("start", "new", "churn", "end")] == [None] * 4
    assert april["reason"] == "empty_denominator"


def test_contracts_are_measured_where_activity_says_who_is_a_customer(measuring_on: Measuring) -> None:
    # given a shop whose customers are those who bought lately, and who may pay for a contract too
    base = measuring_on(facts=SUBSCRIPTIONS)
    base.pay("2026-03-01", "ann", 10)
    base.tell("2026-03-20", "bob", "order_completed", order_id="1", total=1)

    assert base.figure("crr", *APRIL)["denominator"] == 1
    assert base.figure("crr", *APRIL)["value"] == 0
    assert base.figure("nrr", *APRIL)["denominator"] == 1000
    assert base.ask("/v1/metrics/churn_sources", from_=APRIL[0], to=APRIL[1])["sources"] == {"contracts": 0}


def test_curves_are_drawn_in_brackets_and_by_segment(measuring_on: Measuring) -> None:
    # given two who began in March, one of whom bought again twice and so is a regular
    base = measuring_on(
        facts="facts:\n  orders: {count: order_completed}\n",
        regular="segment: regular\nenter_if: customer.orders >= 3\n",
    )
    for number, (day, customer) in enumerate(
        (("2026-03-02", "ann"), ("2026-03-03", "bob"), ("2026-03-12", "ann"), ("2026-03-24", "ann"))
    ):
        base.tell(day, customer, "order_completed", order_id=str(number), total=1)
    base.settle()
    base.engine.run_until(instant("2026-05-03 01:00"))

    found = base.ask(
        "/v1/metrics/retention", from_="2026-03-02", to="2026-03-09",
        unit="week", kind="bracket", brackets="1-2,3-3", by="segment",
    )  # fmt: skip

    assert [
        (
            row["group"],
            row["size"],
            [(cell["first"], cell["last"], cell["numerator"]) for cell in row["cells"]],
        )
        for row in found["items"]
    ] == [(None, 2, [(1, 2, 1), (3, 3, 1)]), ("regular", 0, [(1, 2, 0), (3, 3, 0)])]
    later = base.ask(
        "/v1/metrics/retention", from_="2026-03-02", to="2026-05-04",
        unit="week", cells=1, by="segment", as_of="2026-05-03T01:00:00Z",
    )["items"]  # fmt: skip
    regulars = [row for row in later if row["group"] == "regular" and row["size"]]
    assert [(row["from"], row["size"]) for row in regulars] == [("2026-03-02T00:00:00Z", 1)]


def test_who_says_who_left_is_named_with_what_they_do_not_agree_on(measuring_on: Measuring) -> None:
    settings = """
name: Example
metrics:
  churn:
    sources:
      survey: {event: exit_survey, reason: why, kind: survey}
      crm: {trait: gone, kind: csm}
"""
    base = measuring_on(settings=settings, facts=SUBSCRIPTIONS + "facts:\n  gone: {type: boolean}\n")
    for customer in ("ann", "bob", "cid"):
        base.pay("2026-03-01", customer, 10)
    base.pay("2026-04-05", "ann", 0)
    base.tell("2026-04-06", "ann", "exit_survey", why="price")
    base.tell("2026-04-06", "bob", "identify", gone=True)

    found = base.ask("/v1/metrics/churn_sources", from_=APRIL[0], to=APRIL[1])

    assert found["sources"] == {"contracts": 1, "crm": 1, "survey": 1}
    assert {(pair["one"], pair["other"]): pair["disagree"] for pair in found["pairs"]} == {
        ("contracts", "crm"): 2, ("contracts", "survey"): 0, ("crm", "survey"): 2,
    }  # fmt: skip
    reasons = base.figure("logo_churn_rate", *APRIL, by="source")["groups"]
    assert [(part["group"], part["numerator"]) for part in reasons] == [("survey", 1)]


def test_a_figure_that_is_wanted_as_of_then_leaves_out_what_came_later(measuring_on: Measuring) -> None:
    base = measuring_on("2026-06-10 00:00")
    base.receive(customer="ann", event="order_completed", order_id="1", total=1, at="2026-04-02T00:00:00Z")
    as_of = "2026-06-09T23:59:59Z"
    assert base.figure("repeat_purchase_ratio", *APRIL, as_of=as_of)["denominator"] == 0
    assert base.figure("repeat_purchase_ratio", *APRIL)["denominator"] == 1
    assert base.clock.now() - instant("2026-06-09 00:00") == DAY
