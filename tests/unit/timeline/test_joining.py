"""Two customers become one: what each had under way goes on, ends or is called off, as if it had been one."""

import pytest

from engine.customers.event import Event
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine, told

FACTS = """
facts:
  plan: {type: text}
  orders: {count: order_completed}
  renewal_date: {type: date}
"""
GO = """
rule: go
when: {event: go}
at_most: 2 per 7d
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: service
key: event.cart_id
reentry: after 7d
stop_when: [order_completed]
steps:
  - wait: 1d
  - do: segment.add
    with: {segment: done}
"""
LISTS = ("segment: done\nstatic: yes\n", "segment: chosen\nstatic: yes\n")
CHOOSE = """
rule: choose
when: {event: chosen}
then:
  - do: segment.add
    with: {segment: chosen}
"""
BUYERS = """
segment: buyers
enter_if: customer.orders >= 2
held_for: 2d
"""
ENTERED = """
rule: entered
when: {enters: buyers}
then:
  - do: segment.add
    with: {segment: done}
"""


def shop(*texts: str) -> VirtualEngine:
    return VirtualEngine(FACTS, GO, FLOW, CHOOSE, *LISTS, *texts)


def unite(engine: VirtualEngine, at: str) -> None:
    """The guest turns out to be ana."""
    engine.receive(at, "identify", "ana", anonymous="guest")


def guest(engine: VirtualEngine, at: str, name: str, **properties: object) -> None:
    engine.receive(at, name, None, anonymous="guest", **properties)


def test_a_run_goes_on_under_the_id_that_survives() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "go", cart_id="c1")
    unite(engine, "2026-03-02 11:00")
    assert [(run.customer, run.key) for run in engine.member().runs.values()] == [("ana", "c1")]
    assert "guest" not in engine.simulation.cast.members
    engine.until("2026-03-04 00:00")
    assert engine.ended("flow") == [("completed", None)]
    assert engine.member().standing.segments == ["done"]


def test_on_a_clash_of_keys_the_older_run_survives() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "go", cart_id="c1")
    engine.receive("2026-03-02 10:30", "go", cart_id="c1")
    engine.receive("2026-03-02 10:31", "go", cart_id="c2")
    unite(engine, "2026-03-02 11:00")
    assert engine.ended("flow") == [("waiting", None), ("cancelled", "merged"), ("waiting", None)]
    assert engine.runs("flow")[1].detail == engine.runs("flow")[0].id


def test_an_event_of_one_ends_the_run_of_the_other() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "go", cart_id="c1")
    engine.receive("2026-03-02 10:30", "order_completed")
    unite(engine, "2026-03-02 11:00")
    assert engine.ended("flow") == [("stopped", "exit")]


def test_an_event_before_what_began_the_run_does_not() -> None:
    engine = shop()
    engine.receive("2026-03-02 09:30", "order_completed")
    guest(engine, "2026-03-02 10:00", "go", cart_id="c1")
    unite(engine, "2026-03-02 11:00")
    assert engine.ended("flow") == [("waiting", None)]


def test_limits_and_re_entry_count_what_either_did() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "go", cart_id="c1")
    engine.receive("2026-03-02 10:10", "go", cart_id="c2")
    unite(engine, "2026-03-02 11:00")
    engine.until("2026-03-04 00:00")
    # two have fired within the week
    engine.receive("2026-03-04 10:00", "go", cart_id="c3")
    assert [outcome for _, outcome in engine.decisions("go")] == ["fired", "fired", "at_most"]
    # on the 7th day after they may fire again; c1 was run on the 2nd
    engine.receive("2026-03-08 23:00", "go", cart_id="c1")
    assert engine.decisions("go")[3:] == [("2026-03-08 23:00", "at_most")]
    engine.receive("2026-03-09 00:10", "go", cart_id="c1")
    assert engine.decisions("go")[4:] == [("2026-03-09 00:10", "fired")]


def test_what_a_wait_of_the_run_has_used_is_not_used_again() -> None:
    flow = """
workflow: flow
class: service
reentry: always
steps:
  - wait_for: order_completed
    up_to: 5d
    as: first
  - wait_for: order_completed
    up_to: 5d
    as: second
"""
    engine = VirtualEngine(FACTS, GO, flow, CHOOSE, *LISTS)
    engine.receive("2026-03-02 10:00", "go")
    engine.receive("2026-03-02 10:30", "order_completed", order_id="o1")
    guest(engine, "2026-03-02 10:40", "page_viewed")
    unite(engine, "2026-03-02 11:00")
    assert engine.ended("flow") == [("waiting", None)]
    assert list(engine.run("flow").answers) == ["first"]
    # an order of the guest's is another one
    assert len(engine.run("flow").signals) == 1


def test_facts_are_those_of_both_and_nothing_fires_for_it() -> None:
    # given two orders of two customers who are one
    engine = shop(BUYERS, ENTERED)
    guest(engine, "2026-03-02 10:00", "order_completed")
    engine.receive("2026-03-02 10:30", "order_completed")
    unite(engine, "2026-03-02 11:00")
    assert engine.facts("2026-03-02 12:00")["orders"] == 2
    # when both orders have counted for two whole days, then the customer enters, as anybody would
    engine.until("2026-03-03 23:59")
    assert engine.decisions("entered") == []
    engine.until("2026-03-04 00:00")
    assert engine.decisions("entered") == [("2026-03-04 00:00", "fired")]


def test_a_segment_that_one_was_in_is_kept_and_not_entered_again() -> None:
    engine = shop(BUYERS, ENTERED)
    guest(engine, "2026-03-02 10:00", "order_completed")
    guest(engine, "2026-03-02 10:10", "order_completed")
    guest(engine, "2026-03-02 10:20", "chosen")
    engine.until("2026-03-05 00:00")
    assert engine.decisions("entered") == [("2026-03-04 00:00", "fired")]

    unite(engine, "2026-03-05 11:00")
    engine.until("2026-03-12 00:00")
    assert engine.member().standing.segments == ["buyers", "chosen", "done"]
    # there is no second entry, and who was in it when has an answer for either id
    assert len(engine.rows("entered")) == 1
    changes = [one for one in engine.simulation.changes.memberships if one.segment == "buyers"]
    assert [(one.customer, told(one.at), one.inside, one.cause) for one in changes] == [
        ("guest", "2026-03-04 00:00", True, "engine"),
        ("guest", "2026-03-05 11:00", False, "merge"),
        ("ana", "2026-03-05 11:00", True, "merge"),
    ]


def test_a_case_goes_on_under_the_id_that_survives() -> None:
    desk = "ladder: desk\nlevels: [{tell: lead, within: 4h}, {tell: head, within: 4h}]\n"
    rule = (
        "rule: look\nwhen: {event: look}\nthen:\n  - do: case.open\n    with: {ladder: desk, title: Look}\n"
    )
    people = "people: {lead: {email: lead@example.com}, head: {email: head@example.com}}\n"
    engine = VirtualEngine(rule, desk, settings=people)
    guest(engine, "2026-03-02 10:00", "look")
    unite(engine, "2026-03-02 11:00")
    engine.until("2026-03-02 15:00")
    (case,) = engine.simulation.changes.cases.values()
    assert case.customer == "ana"
    assert [(one.customer, one.arguments["to"]) for one in engine.simulation.changes.effects] == [
        ("guest", "lead"), ("ana", "head")
    ]  # fmt: skip
    engine.receive("2026-03-02 16:00", "case_resolved", case=case.id)
    assert case.status == "resolved"


def test_dates_are_planned_anew() -> None:
    rule = "rule: due\nwhen: {date: customer.renewal_date, before: 30d}\nthen:\n  - run: flow\n"
    engine = shop(rule)
    guest(engine, "2026-03-02 10:00", "identify", renewal_date="2026-05-01")
    engine.receive("2026-03-02 10:30", "identify", renewal_date="2026-06-01")
    unite(engine, "2026-03-02 11:00")
    # the later word counts
    assert engine.timers() == ["2026-05-02 09:00"]


@pytest.mark.parametrize("sent_by", ["guest", "ana"])
def test_messages_to_either_count_under_the_cap(sent_by: str) -> None:
    send = """
workflow: letter
class: marketing
reentry: always
holdout: 0%
steps:
  - do: email.send
    with: {message: hello}
"""
    rule = "rule: write\nwhen: {event: write}\nthen:\n  - run: letter\n"
    policy = POLICY.rstrip() + "\n  caps: [{class: marketing, at_most: 1 per 7d}]\n"
    engine = VirtualEngine(CONSENT, rule, send, policy)
    engine.receive("2026-03-02 09:00", "identify", **OPT_IN)
    guest(engine, "2026-03-02 09:00", "identify", **OPT_IN)
    if sent_by == "guest":
        guest(engine, "2026-03-02 10:00", "write")
    else:
        engine.receive("2026-03-02 10:00", "write")
    unite(engine, "2026-03-02 11:00")
    engine.receive("2026-03-02 12:00", "write")
    assert engine.sent() == [("2026-03-02 10:00", "hello")]
    assert engine.outcomes(engine.runs("letter")[1]) == [("2026-03-02 12:00", "skipped", "frequency_cap")]


def test_what_the_guest_was_suppressed_for_stays() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "message_complained", channel="email")
    unite(engine, "2026-03-02 11:00")
    assert engine.member().standing.contact.suppressed == {"email": "complaint"}


def test_the_guests_suppressions_are_on_record_as_the_survivors() -> None:
    engine = shop()
    guest(engine, "2026-03-02 10:00", "message_complained", channel="email")
    unite(engine, "2026-03-02 11:00")
    changes = engine.simulation.changes
    of_customers = [each for each in changes.suppressions if each.scope == "customer"]
    assert [(each.target, each.reason) for each in of_customers] == [
        ("guest", "complaint"),
        ("ana", "complaint"),
    ]
    assert [(each.customer, each.scope) for each in changes.allowed] == [("guest", "email")]


def test_the_guests_coupons_are_the_survivors_to_use() -> None:
    gift = (
        "rule: gift-due\nwhen: {event: gift}\nthen: [{run: gift}]\n",
        "workflow: gift\nclass: service\nreentry: always\nsteps:\n"
        "  - do: coupon.issue\n    with: {percent: 10, expires: 5d}\n",
    )
    engine = shop(*gift)
    guest(engine, "2026-03-02 10:00", "gift")
    (coupon,) = engine.simulation.changes.coupons
    unite(engine, "2026-03-02 11:00")
    engine.receive("2026-03-02 12:00", "coupon_redeemed", "ana", code=coupon.code)
    moves = [(each.customer, each.status.value) for each in engine.simulation.changes.coupon_moves]
    assert moves == [("ana", "issued"), ("ana", "redeemed")]


def test_a_score_that_a_person_set_of_either_stays_set() -> None:
    # given a guest whose score a person has set, who turns out to be ana
    health = "score: health\nparts:\n  orders: {weight: 1, is: customer.orders / 10}\n"
    bands = "bands: {good: {from: 50}, bad: {from: 0}}\n"
    engine = VirtualEngine("facts:\n  orders: {count: order_completed}\n", health + bands)
    engine.receive("2026-03-02 10:00", "order_completed", "ana")
    engine.receive("2026-03-02 10:00", "order_completed", "guest")
    said = {"score": "health", "value": 90, "reason": "Talked", "by": "sam", "until": "2026-04-01"}
    engine.simulation.feed(
        Event(
            source="operator", message_id="o1", customer="guest", name="score_overridden", cause="operator",
            occurred_at=engine.at("2026-03-03 10:00"), received_at=engine.at("2026-03-03 10:00"),
            properties=said,
        )
    )  # fmt: skip
    # when they become one
    engine.simulation.merge("ana", "guest", engine.reception.events, engine.at("2026-03-04 10:00"))
    # then it counts to its end, and what is computed is of both
    assert engine.facts("2026-03-04 12:00")["health"] == 90
    engine.until("2026-04-01 00:00")
    assert engine.facts("2026-04-01 12:00")["health"] == 20
