"""What time alone brings about, and in which order at one instant."""

from tests.virtual_engine import VirtualEngine, instant, told

LISTED = """
segment: listed
static: yes
"""
THEN = "then:\n  - do: segment.add\n    with: {segment: listed}\n"


def rule(name: str, when: str, if_: str = "") -> str:
    condition = f"if: {if_}\n" if if_ else ""
    return f"rule: {name}\nwhen: {when}\n{condition}{THEN}"


def test_rules_that_are_due_at_one_instant_are_decided_by_their_ids() -> None:
    engine = VirtualEngine(
        LISTED,
        rule("b-daily", "{schedule: daily at 09:00}"),
        rule("c-missing", "{event: cart, without: order, for: 1h}"),
        rule("a-quiet", "{quiet: 1h, of: cart}"),
    )
    engine.receive("2026-03-02 08:00", "cart")
    engine.until("2026-03-02 09:00")
    assert [one.rule for one in engine.simulation.changes.decisions] == ["a-quiet", "b-daily", "c-missing"]


def test_what_is_due_at_an_events_instant_comes_after_the_event() -> None:
    # given a schedule that looks at orders, and an order at its very instant
    facts = "facts: {orders: {count: order}, started: {count: login}}"
    engine = VirtualEngine(facts, LISTED, rule("daily", "{schedule: daily at 09:00}", "customer.orders == 0"))
    engine.receive("2026-03-02 08:00", "login")
    engine.receive("2026-03-02 09:00", "order")
    engine.until("2026-03-02 09:00")
    # then the event was taken in first, and does not count: at a schedule what occurs at it is not yet over
    assert engine.decisions("daily") == [("2026-03-02 09:00", "fired")]
    engine.until("2026-03-03 09:00")
    assert engine.counted("daily") == {"not_met": 1}


def test_what_was_due_before_an_event_is_decided_with_its_own_now() -> None:
    engine = VirtualEngine(LISTED, rule("daily", "{schedule: daily at 09:00}"))
    engine.receive("2026-03-02 10:00", "login")
    engine.receive("2026-03-05 10:00", "login")
    assert engine.decisions("daily") == [
        ("2026-03-03 09:00", "fired"), ("2026-03-04 09:00", "fired"), ("2026-03-05 09:00", "fired")
    ]  # fmt: skip


def test_a_schedule_may_be_on_each_customers_own_clock() -> None:
    engine = VirtualEngine(LISTED, rule("daily", "{schedule: daily at 09:00 in customer time}"))
    for customer, zone in (("ana", "Asia/Tokyo"), ("bob", "America/New_York"), ("eve", None)):
        engine.identify("2026-03-02 10:00", customer, timezone=zone)
    engine.until("2026-03-03 23:00")
    assert {(one.customer, told(one.at)) for one in engine.rows("daily")} == {
        ("ana", "2026-03-03 00:00"), ("bob", "2026-03-02 14:00"), ("bob", "2026-03-03 14:00"),
        ("eve", "2026-03-03 09:00"),
    }  # fmt: skip


def test_a_schedule_may_be_for_the_members_of_a_segment() -> None:
    facts = "facts: {plan: {type: text}}"
    segment = "segment: paying\nenter_if: customer.plan == 'team'\n"
    engine = VirtualEngine(
        facts, segment, LISTED, rule("daily", "{schedule: daily at 09:00, in_segment: paying}")
    )
    engine.identify("2026-03-02 10:00", "ana", plan="team")
    engine.identify("2026-03-02 10:00", "bob", plan="free")
    engine.until("2026-03-03 10:00")
    engine.identify("2026-03-03 11:00", "ana", plan="free")
    engine.identify("2026-03-03 11:00", "bob", plan="team")
    engine.until("2026-03-04 10:00")
    assert [(one.customer, told(one.at)) for one in engine.rows("daily")] == [
        ("ana", "2026-03-03 09:00"), ("bob", "2026-03-04 09:00")
    ]  # fmt: skip


def outage(catch_up: str) -> list[str]:
    """A daily rule whose engine stood still from the 3rd to the 6th of March at noon."""
    span = (instant("2026-03-03 00:00"), instant("2026-03-06 12:00"))
    when = f"{{schedule: daily at 09:00, catch_up: {catch_up}}}"
    engine = VirtualEngine(LISTED, rule("daily", when), outages=[span])
    engine.receive("2026-03-02 08:00", "login")
    engine.until("2026-03-07 10:00")
    return [at[5:10] for at, _ in engine.decisions("daily")]


def test_catch_up_says_what_a_missed_schedule_gets() -> None:
    assert outage("all") == ["03-02", "03-03", "03-04", "03-05", "03-06", "03-07"]
    assert outage("latest") == ["03-02", "03-06", "03-07"]
    assert outage("none") == ["03-02", "03-07"]


CONTRACTS = "subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr, ends: ends_at}\n"
LEAVING = """
workflow: leaving
class: service
reentry: always
stop_when: [churned]
steps:
  - wait: {until: =customer.service_ends}
  - do: segment.add
    with: {segment: listed}
"""


def test_a_contract_that_ends_goes_before_everything_else_of_that_instant() -> None:
    # given a run that is stopped by churn, and acts at the instant at which service ends
    start = "rule: ending\nwhen: {event: cancel_requested}\nthen:\n  - run: leaving\n"
    engine = VirtualEngine(CONTRACTS, start, LEAVING, LISTED)
    engine.receive("2026-03-02 08:00", "subscription_updated", subscription_id="a", mrr=10)
    engine.receive(
        "2026-03-03 08:00", "subscription_updated", subscription_id="a", mrr=10, ends_at="2026-03-31"
    )
    engine.until("2026-04-02 00:00")
    # then it has churned before it acts
    assert [one["mrr"] for one in engine.recorded("churned")] == [0]
    assert engine.ended("leaving") == [("stopped", "exit")]
    assert engine.simulation.changes.memberships == []


def test_a_contract_that_ends_is_told_once() -> None:
    engine = VirtualEngine(CONTRACTS, LISTED, rule("churned", "{event: churned}"))
    engine.receive(
        "2026-03-02 08:00", "subscription_updated", subscription_id="a", mrr=10, ends_at="2026-03-31"
    )
    engine.until("2026-04-02 00:00")
    engine.receive("2026-04-03 08:00", "login")
    assert engine.decisions("churned") == [("2026-03-31 00:00", "fired")]
