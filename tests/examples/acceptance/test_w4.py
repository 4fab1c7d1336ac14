"""W4: four weeks to win somebody back, by the reason for which they left."""

import pytest

from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

PEOPLE = "people: {desk: {email: desk@example.com}}\n"
FACTS = """
facts:
  offers_180d: {count: coupon_issued, over: 180d}
subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr, ends: ends_at, reason: reason}
"""
CHURNED = """
rule: churned
when: {event: churned}
if:
  - event.voluntary
  - event.reason not in ['complaint', 'deceased']
then:
  - run: win-back
    with: {reason: =event.reason}
"""
FAILED = """
rule: payment-failed
when: {event: churned}
if:
  - event.voluntary == false
  - event.reason not in ['complaint', 'deceased']
then:
  - run: dunning
"""
SUPPRESSED = """
rule: do-not-contact
when: {event: churned}
if:
  - event.reason in ['complaint', 'deceased']
then:
  - do: contact.suppress
    with: {reason: =event.reason}
"""
WIN_BACK = """
workflow: win-back
class: marketing
needs: {reason: text}
reentry: after 180d
holdout: 0%
stop_when: [order_completed, reactivated]
steps:
  - do: email.send
    with: {message: reminder}
  - wait: {until: day 7}
  - if: input.reason == 'quality'
    then:
      - do: email.send
        with: {message: what-we-fixed}
      - do: case.open
        with: {ladder: desk, title: Left over quality}
    else:
      - do: email.send
        with: {message: news}
  - wait: {until: day 14}
  - if: input.reason == 'price' and customer.offers_180d == 0
    then:
      - do: coupon.issue
        with: {percent: 15, worth: 15.00 EUR}
        as: offer
      - if: run.offer.outcome == 'executed'
        then:
          - do: email.send
            with: {message: offer}
  - wait: {until: day 28}
  - do: email.send
    with: {message: last-word}
"""
DUNNING = """
workflow: dunning
class: transactional
reentry: after 30d
steps:
  - do: email.send
    with: {message: another-card}
"""
LADDER = """
ladder: desk
levels: [{tell: desk, within: 4h}]
"""
POLICY = """
policy:
  consent: {email: marketing_email}
  budgets: {coupons: {of: coupon.issue, at_most: 15.00 EUR per month}}
"""


def left(reason: str, *customers: str) -> VirtualEngine:
    """Customers who leave on 1 March for a reason."""
    engine = VirtualEngine(
        CONSENT, FACTS, CHURNED, FAILED, SUPPRESSED, WIN_BACK, DUNNING, LADDER, POLICY, settings=PEOPLE
    )
    for customer in customers or ("ana",):
        engine.identify("2026-02-01 10:00", customer, **OPT_IN)
        engine.receive("2026-02-01 10:00", "subscription_updated", customer, subscription_id="a", mrr=50)
    for customer in customers or ("ana",):
        engine.receive(
            "2026-03-01 10:00", "subscription_updated", customer, subscription_id="a", mrr=0, reason=reason
        )
    return engine


def test_w4_price_takes_the_branch_with_the_offer() -> None:
    engine = left("price")
    engine.until("2026-05-01 10:00")
    assert engine.sent() == [
        ("2026-03-01 10:00", "reminder"),
        ("2026-03-08 10:00", "news"),
        ("2026-03-15 10:00", "offer"),
        ("2026-03-29 10:00", "last-word"),
    ]
    assert engine.ended("win-back") == [("completed", None)]


def test_w4_quality_hears_what_was_fixed_and_from_a_person() -> None:
    engine = left("quality")
    engine.until("2026-05-01 10:00")
    assert engine.sent() == [
        ("2026-03-01 10:00", "reminder"),
        ("2026-03-08 10:00", "what-we-fixed"),
        ("2026-03-29 10:00", "last-word"),
    ]
    assert [case.title for case in engine.simulation.changes.cases.values()] == ["Left over quality"]
    assert engine.simulation.changes.coupons == []


def test_w4_a_failed_payment_is_dunned() -> None:
    engine = left("payment_failure")
    engine.until("2026-05-01 10:00")
    assert engine.sent() == [("2026-03-01 10:00", "another-card")]
    assert engine.runs("win-back") == []


@pytest.mark.parametrize("reason", ["complaint", "deceased"])
def test_w4_a_complaint_and_a_death_are_suppressed(reason: str) -> None:
    engine = left(reason)
    engine.until("2026-05-01 10:00")
    assert engine.sent() == []
    assert engine.runs() == []
    assert engine.member().standing.contact.suppressed == {"*": reason}


def test_w4_an_order_on_day_8_ends_it_and_what_was_to_come() -> None:
    engine = left("price")
    engine.receive("2026-03-09 10:00", "order_completed", order_id="o1")
    engine.until("2026-05-01 10:00")
    assert engine.sent() == [("2026-03-01 10:00", "reminder"), ("2026-03-08 10:00", "news")]
    assert engine.ended("win-back") == [("stopped", "exit")]
    assert engine.simulation.changes.coupons == []


def test_w4_no_second_offer_within_180_days() -> None:
    # given an offer of 15 March, and a customer who comes back and leaves again on 28 August
    engine = left("price")
    engine.until("2026-04-01 10:00")
    engine.receive("2026-04-02 10:00", "subscription_updated", subscription_id="a", mrr=50)
    engine.receive("2026-08-28 10:00", "subscription_updated", subscription_id="a", mrr=0, reason="price")
    engine.until("2026-10-30 10:00")
    # then day 14 falls on 11 September, the 180th day after it, which still counts
    assert [name for _, name in engine.sent()[4:]] == ["reminder", "news", "last-word"]
    assert len(engine.simulation.changes.coupons) == 1


def test_w4_no_offer_once_the_budget_is_spent() -> None:
    # given a budget for one offer a month, and two customers
    engine = left("price", "ana", "bob")
    engine.until("2026-05-01 10:00")
    assert [name for _, name in engine.sent("ana")] == ["reminder", "news", "offer", "last-word"]
    assert [name for _, name in engine.sent("bob")] == ["reminder", "news", "last-word"]
    second = engine.runs("win-back")[1]
    assert ("2026-03-15 10:00", "skipped", "budget") in engine.outcomes(second)
    assert second.status.value == "completed"
