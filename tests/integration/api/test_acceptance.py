"""The acceptance examples as a user meets them: YAML in the folder, events and questions over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.examples.acceptance import test_a2 as a2
from tests.examples.acceptance import test_c1 as c1
from tests.examples.acceptance import test_e1 as e1
from tests.examples.acceptance import test_h1 as h1
from tests.examples.acceptance import test_t1 as t1
from tests.examples.acceptance import test_t2 as t2
from tests.examples.acceptance import test_t3 as t3
from tests.examples.acceptance import test_t4 as t4
from tests.examples.acceptance import test_t5 as t5
from tests.examples.acceptance import test_w2 as w2
from tests.examples.acceptance import test_w4 as w4
from tests.served import Served
from tests.virtual_engine import CONSENT, OPT_IN, POLICY

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves a workspace of texts from a time on."""
    with ExitStack() as stack:
        yield lambda start, *texts, settings="": stack.enter_context(
            Served(tmp_path / "workspace", start, *texts, settings=settings)
        )


def test_a1_an_event_posted_twice_is_stored_once_and_another_body_is_a_conflict(serve: Serve) -> None:
    shop = serve("2026-03-02 09:00", CONSENT)
    first = shop.receive("2026-03-02 10:00", "order_completed", key="e1", total=10)
    again = shop.receive("2026-03-02 10:00", "order_completed", key="e1", total=10)
    other = shop.receive("2026-03-02 10:00", "order_completed", key="e1", total=11)
    assert (first["accepted"], first["duplicates"]) == (1, 0)
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    assert (other["accepted"], [one["message_id"] for one in other["conflicts"]]) == (0, ["e1"])


def test_a2_a_segment_is_entered_on_the_third_day_below_and_left_at_50(serve: Serve) -> None:
    shop = serve("2026-01-05 00:00", a2.FACTS, a2.AT_RISK)
    inside = []
    for day, score in enumerate((39, 41, 39, 38, 37, 45, 50), 6):
        shop.identify(f"2026-01-{day:02} 00:00", health=score)
        shop.until(f"2026-01-{day:02} 23:00")
        inside.append([one["customer"] for one in shop.get("/v1/segments/at-risk/members")["items"]])
    assert inside == [[], [], [], [], ["ana"], ["ana"], []]


@pytest.mark.parametrize(
    ("recent", "fall", "fires"), [((28, 24), 0.48, True), ((33, 31), 0.36, False), ((28, 45), 0.27, False)]
)
def test_t1_a_usage_drop(serve: Serve, recent: tuple[int, int], fall: float, fires: bool) -> None:
    shop = serve("2026-01-05 00:00", t1.FACTS, t1.DROP, t1.FALLING)
    for week, minutes in enumerate((*t1.BASELINE, *recent)):
        shop.receive(t1.monday(week, "12:00"), "usage", minutes=minutes)
    shop.until(t1.monday(10, "06:00"))
    assert shop.facts()["usage_drop"]["value"] == fall
    assert shop.decisions("usage-drop") == ([(t1.monday(10, "06:00"), "fired")] if fires else [])
    why = shop.why("usage-drop", t1.monday(10, "06:00"))
    (line,) = why["lines"]
    assert line["outcome"] == ("met" if fires else "not_met")
    assert line["values"] == {"customer.usage_drop": fall}


@pytest.mark.parametrize(
    ("weeks", "reason"),
    [
        ((3, 2, 3, 4, 3, 3, 2, 3, 1, 0), "insufficient_volume"),
        ((*t1.BASELINE[1:], 28, 24), "insufficient_history"),
    ],
)
def test_t1_what_cannot_be_known_says_why(serve: Serve, weeks: tuple[int, ...], reason: str) -> None:
    shop = serve("2026-01-05 00:00", t1.FACTS, t1.DROP, t1.FALLING)
    for week, minutes in enumerate(weeks):
        if minutes:
            shop.receive(t1.monday(week, "12:00"), "usage", minutes=minutes)
    shop.until(t1.monday(len(weeks), "06:00"))
    drop = shop.facts()["usage_drop"]
    assert (drop["value"], drop["reason"]) == (None, reason)
    assert shop.decisions("usage-drop") == []


def test_t1_the_whole_base_down_is_one_alert(serve: Serve) -> None:
    shop = serve(
        "2026-01-05 00:00", t1.FACTS_AGAINST_FLEET, t1.DROP, t1.OUTAGE, t1.FALLING, t1.DESK,
        settings=t1.PEOPLE,
    )  # fmt: skip
    for week in range(11):
        for customer in range(8):
            shop.receive(
                t1.monday(week, "12:00"), "usage", f"c{customer}", minutes=100 if week < 10 else 35
            )  # fmt: skip
    shop.until(t1.monday(11, "23:00"))
    assert shop.decisions("usage-outage") == [(t1.monday(11, "00:00"), "fired")]
    assert shop.decisions("usage-drop") == []
    assert [case["title"] for case in shop.get("/v1/cases")["items"]] == [
        "Usage fell for everybody at once"
    ]  # fmt: skip


def test_t2_one_bad_answer_is_one_case_however_often_it_is_sent(serve: Serve) -> None:
    shop = serve(
        "2026-03-02 09:00", CONSENT, t2.EVENTS, t2.TICKET, t2.RECOVERY, t2.LADDER, settings=t2.PEOPLE
    )  # fmt: skip
    shop.identify("2026-03-02 09:30", **OPT_IN)
    for key in ("a1", "a1", "a2"):
        shop.receive("2026-03-02 10:00", "survey_answered", key=key, ticket_id="T", score=1)
    shop.receive("2026-03-02 10:00", "survey_answered", key="b1", ticket_id="U", score=2)
    shop.receive("2026-03-02 10:59", "survey_answered", key="b2", ticket_id="U", score=5)
    shop.until("2026-03-04 10:00")
    assert [case["key"] for case in shop.get("/v1/cases")["items"]] == ["T"]
    assert sorted(shop.ended("service-recovery")) == [
        ("completed", None), ("refused", "running"), ("stopped", "corrected")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("positive", "answers", "upper", "fires"),
    [(3, 10, 0.603, True), (2, 3, 0.939, False), (12, 20, 0.781, True)],
)
def test_t2_an_account_is_judged_by_the_upper_bound(
    serve: Serve, positive: int, answers: int, upper: float, fires: bool
) -> None:
    shop = serve("2026-03-01 00:00", t2.EVENTS, t2.ACCOUNT_FACTS, t2.ACCOUNT, t2.LADDER, settings=t2.PEOPLE)
    events = [
        {"customer": f"p{number}", "account": "acme", "event": "survey_answered", "id": f"s{number}",
         "at": "2026-03-02T10:00:00Z",
         "properties": {"ticket_id": f"t{number}", "score": 5 if number < positive else 1}}
        for number in range(answers)
    ]  # fmt: skip
    shop.until("2026-03-02 10:00")
    assert shop.act("POST", "/v1/events", events)["accepted"] == answers
    shop.until("2026-03-03 06:00")
    assert round(shop.facts("acme")["csat_upper"]["value"], 3) == upper
    assert shop.decisions("low-csat-account") == ([("2026-03-03 06:00", "fired")] if fires else [])


def test_t3_a_cart_is_abandoned_and_an_order_told_late_calls_its_message_off(serve: Serve) -> None:
    shop = serve("2026-03-02 09:00", CONSENT, t3.FACTS, t3.RULE, t3.RECOVERY, POLICY)
    for customer in ("ana", "ben"):
        shop.identify("2026-03-02 09:30", customer, **OPT_IN)
        shop.receive("2026-03-02 10:00", "cart_updated", customer, cart_id=f"c-{customer}", total=80)
    shop.until("2026-03-02 13:59")
    assert [at for at, _ in shop.decisions("cart-abandoned")] == ["2026-03-02 11:00"] * 2
    # when ben's order of 13:30 is told at 13:59, and ana's of 13:59 at 14:03, after her message
    shop.receive("2026-03-02 13:59", "order_completed", "ben", occurred="2026-03-02 13:30", order_id="o1")
    shop.receive("2026-03-02 14:03", "order_completed", "ana", occurred="2026-03-02 13:59", order_id="o2")
    shop.until("2026-03-09 10:00")
    # then only ana's has left, and that is flagged
    assert shop.sent("cart-recovery") == [("2026-03-02 14:00", "cart-reminder")]
    assert {run["customer"]: run["flags"] for run in shop.runs("cart-recovery")} == {
        "ana": ["late_order"], "ben": []
    }  # fmt: skip


def test_t4_steps_around_a_renewal_and_a_date_that_moves(serve: Serve) -> None:
    shop = serve("2026-11-01 00:00", t4.FACTS, t4.RULE, t4.RENEWAL, t4.RENEWING)
    shop.identify("2026-11-01 12:00", renewal_date="2027-03-31")
    shop.identify("2026-11-01 12:00", "ben", renewal_date="2028-02-29")
    shop.identify("2026-11-01 12:00", "cid", renewal_date="2027-03-31")
    shop.identify("2026-12-01 12:00", "cid", renewal_date="2027-06-30")
    shop.until("2028-02-29 12:00")
    fired = shop.get("/v1/audit/decisions", rule="renewal-due", outcome="fired")["items"]
    days = {
        customer: [one["at"][:10] for one in fired if one["customer"] == customer]
        for customer in ("ana", "ben", "cid")
    }
    assert days == {
        "ana": ["2026-12-31", "2027-01-30", "2027-03-01"],
        "ben": ["2027-12-01", "2027-12-31", "2028-01-30"],
        "cid": ["2027-04-01", "2027-05-01", "2027-05-31"],
    }


def test_t4_a_contract_told_of_late_gets_its_latest_step_once(serve: Serve) -> None:
    shop = serve("2027-02-15 00:00", t4.FACTS, t4.RULE, t4.RENEWAL, t4.RENEWING)
    shop.identify("2027-02-15 10:00", renewal_date="2027-03-31")
    shop.until("2027-02-16 10:00")
    assert [(run["input"]["days_left"], run["input"]["late"]) for run in shop.runs("renewal")] == [(60, 16)]
    assert sorted(outcome for _, outcome in shop.decisions("renewal-due")) == ["fired", "too_late"]


def test_t5_contracts_cancelled_undone_ended_and_unpaid(serve: Serve) -> None:
    shop = serve("2026-04-01 00:00", t5.FACTS, t5.SAVE, t5.WIN_BACK, t5.DUNNING, *t5.FLOWS)
    for customer in ("ana", "ben", "cid"):
        for id, mrr in (("a", 50), ("b", 30)):
            shop.receive(
                "2026-04-01 10:00", "subscription_updated", customer, subscription_id=id, mrr=mrr
            )  # fmt: skip
        shop.receive("2026-05-01 10:00", "subscription_updated", customer, subscription_id="b", mrr=0)
        shop.receive(
            "2026-05-05 10:00", "subscription_updated", customer, subscription_id="a", mrr=50,
            ends_at="2026-05-31", reason="payment_failure" if customer == "cid" else "price",
        )  # fmt: skip
    assert shop.facts()["mrr"]["value"] == 50
    shop.receive("2026-05-20 10:00", "subscription_updated", "ben", subscription_id="a", mrr=50)
    shop.until("2026-06-02 10:00")
    # then ana is asked to stay and then to come back, ben's is called off, cid is dunned and not courted
    assert {run["customer"]: run["status"] for run in shop.runs("save-plan")} == {
        "ana": "stopped", "ben": "stopped"
    }  # fmt: skip
    assert [run["customer"] for run in shop.runs("win-back")] == ["ana"]
    assert shop.decisions("churned") == [("2026-05-31 00:00", "fired")]
    assert [run["customer"] for run in shop.runs("dunning") if run["status"] != "refused"] == ["cid"]


def test_w2_frequencies_become_scores_and_who_was_in_it_has_an_answer(serve: Serve) -> None:
    shop = serve("2026-03-02 00:00", w2.FACTS, *w2.SEGMENTS)
    for order in range(max(w2.FREQUENCIES)):
        for number, frequency in enumerate(w2.FREQUENCIES):
            if order < frequency:
                shop.receive(f"2026-03-02 1{order}:00", "order_completed", f"c{number}", total=10)
    for number in (4, 5):
        shop.receive("2026-03-03 10:00", "order_completed", f"c{number}", total=10)
    shop.until("2026-03-09 23:59")

    def scores(day: str) -> tuple[int, ...]:
        found = {}
        for score in range(1, 6):
            path = f"/v1/segments/frequency-{score}/members"
            for one in shop.get(path, at=f"{day}T12:00:00Z")["items"]:
                found[one["customer"]] = score
        return tuple(found[f"c{number}"] for number in range(len(w2.FREQUENCIES)))

    assert scores("2026-03-03") == w2.SCORES == (1, 1, 1, 1, 1, 1, 4, 4, 5, 5)
    assert scores("2026-03-08") == w2.expected(w2.AFTER)


def test_w4_four_weeks_by_reason_and_an_order_that_ends_them(serve: Serve) -> None:
    shop = serve(
        "2026-02-01 00:00", CONSENT, w4.FACTS, w4.CHURNED, w4.FAILED, w4.SUPPRESSED, w4.WIN_BACK, w4.DUNNING,
        w4.LADDER, w4.POLICY, settings=w4.PEOPLE,
    )  # fmt: skip
    reasons = {
        "ana": "price",
        "ben": "quality",
        "cid": "payment_failure",
        "dee": "complaint",
        "eve": "market",
    }
    for customer in reasons:
        shop.identify("2026-02-01 10:00", customer, **OPT_IN)
        shop.receive("2026-02-01 10:00", "subscription_updated", customer, subscription_id="a", mrr=50)
    for customer, reason in reasons.items():
        shop.receive(
            "2026-03-01 10:00", "subscription_updated", customer, subscription_id="a", mrr=0, reason=reason
        )  # fmt: skip
    shop.receive("2026-03-09 10:00", "order_completed", "eve", order_id="o1", total=10)
    shop.until("2026-03-29 11:00")

    def messages(customer: str) -> list[str]:
        effects = [
            one for run in shop.runs("win-back") if run["customer"] == customer for one in run["effects"]
        ]
        return [one["arguments"]["message"] for one in sorted(effects, key=lambda one: one["created_at"])]

    assert messages("ana") == ["reminder", "news", "offer", "last-word"]
    assert messages("ben") == ["reminder", "what-we-fixed", "last-word"]
    assert messages("eve") == ["reminder", "news"]
    assert messages("cid") == messages("dee") == []
    assert [run["customer"] for run in shop.runs("dunning")] == ["cid"]
    assert shop.get("/v1/customers/dee")["suppressed"]


def test_e1_buckets_and_arms_show_on_runs(serve: Serve) -> None:
    shop = serve(
        "2026-03-01 00:00", CONSENT, e1.RULE, e1.WIN_BACK.replace("SHARE", "10"), POLICY
    )  # fmt: skip
    for customer in ("cust-0", "cust-1", "cust-2", "cust-3", "cust-4"):
        shop.identify("2026-03-01 10:00", customer, **OPT_IN)
        shop.receive("2026-03-02 10:00", "gone", customer)
    shop.until("2026-03-03 10:00")
    # with the salt winback-2026, cust-1 alone has a bucket under 1,000: 348
    arms = {run["customer"]: run["arm"] for run in shop.runs("win-back")}
    assert arms == {f"cust-{number}": "held_out" if number == 1 else "treated" for number in range(5)}


def test_h1_a_score_covers_what_it_says(serve: Serve) -> None:
    shop = serve("2026-03-01 00:00", h1.FACTS, h1.HEALTH)
    shop.identify("2026-03-01 10:00", usage=80, support=50, renewal=90)
    assert shop.facts()["health"]["value"] == 75
    shop.identify("2026-03-02 10:00", usage=None)
    facts = shop.facts()
    assert (facts["health"]["value"], facts["health_band"]["value"]) == (None, None)


@pytest.mark.parametrize(
    ("due", "sent"),
    [("2026-03-08 03:30", "2026-03-08 12:00"), ("2026-11-01 02:30", "2026-11-01 13:00")],
)
def test_c1_quiet_hours_in_new_york_over_both_changes_of_the_clocks(
    serve: Serve, due: str, sent: str
) -> None:
    shop = serve("2026-03-01 00:00", CONSENT, c1.RULE, c1.NEWSLETTER, c1.WRITTEN_TO, c1.QUIET)
    shop.identify("2026-03-01 10:00", timezone="America/New_York", **OPT_IN)
    shop.receive(due, "due", number=1)
    shop.until("2026-12-01 00:00")
    assert shop.sent("newsletter") == [(sent, "news")]
