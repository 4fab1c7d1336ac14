"""Churn facts: times, reasons and where they are from, and sources that do not agree."""

from engine.customers.event import Event
from engine.customers.zones import zone
from engine.metrics.churn import Pair, Report, churns_of, compared, reports_of
from engine.metrics.lives import paying_life
from engine.model.facts import Subscriptions
from engine.model.metric import ChurnSource, ChurnTerms
from engine.model.reasons import ChurnReason
from tests.customer_facts import at, happened

TERMS = Subscriptions(of="billed", id="id", mrr="mrr", ends="ends", reason="reason")
SURVEY = ChurnTerms(
    sources={
        "exit": ChurnSource(event="exit_survey", reason="why", kind="survey"),
        "flag": ChurnSource(trait="gone", kind="csm"),
    }
)


def billed(day: str, mrr: int, **more: object) -> Event:
    return happened("billed", at(day), id="a", mrr=mrr, **more)


def test_a_churn_has_its_times_and_its_reason() -> None:
    # given a contract cancelled on 5 May, paid to 31 May, and paid again in July
    life = paying_life(
        [
            billed("2026-03-01", 50),
            billed("2026-05-05", 50, ends="2026-05-31", reason="price"),
            billed("2026-07-01", 50),
        ],
        TERMS,
        zone("UTC"),
    )
    [churn] = churns_of(life, [], ChurnTerms())

    assert (churn.requested, churn.churned, churn.reactivated) == (
        at("2026-05-05"), at("2026-05-31T00:00Z"), at("2026-07-01"),
    )  # fmt: skip
    assert (churn.reason, churn.source, churn.voluntary) == (ChurnReason.PRICE_BUDGET, "billing", True)


def test_where_billing_knows_no_reason_the_nearest_report_does() -> None:
    life = paying_life([billed("2026-03-01", 50), billed("2026-05-05", 0)], TERMS, zone("UTC"))
    events = [
        happened("exit_survey", at("2026-05-07"), why="bugs"),
        happened("exit_survey", at("2026-05-20"), why="price"),
        happened("exit_survey", at("2026-05-05"), why="none of your business"),
        happened("exit_survey", at("2025-05-05"), why="competitor"),
    ]
    [churn] = churns_of(life, reports_of(events, SURVEY), SURVEY)
    assert (churn.reason, churn.told, churn.source) == (ChurnReason.QUALITY, "bugs", "survey")

    [unknown] = churns_of(life, [], SURVEY)
    assert (unknown.reason, unknown.source) == (None, None)


def test_a_flag_says_so_while_it_is_yes() -> None:
    yes, no = (
        happened("identify", at(day), gone=value)
        for day, value in (("2026-03-01", True), ("2026-03-02", "no"))
    )
    assert reports_of([yes], SURVEY) == [Report("flag", at("2026-03-01"), "csm")]
    assert reports_of([no, yes], SURVEY) == []


def test_two_sources_are_held_against_each_other() -> None:
    names = {frozenset(("a", "b")): 3, frozenset("a"): 2, frozenset("b"): 5, frozenset[str](): 90}

    total, [pair] = compared(("a", "b"), names)

    assert total == {"a": 5, "b": 8}
    assert pair == Pair(one="a", other="b", both=3, only_one=2, only_other=5)
    assert pair.disagree == 7
