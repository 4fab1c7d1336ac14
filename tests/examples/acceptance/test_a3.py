"""A3: every `do` is checked again, and an order that comes between decision and send means 0 sends."""

import pytest

from engine.experiments.assignment import bucket
from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

RULE = """
rule: cart-abandoned
when: {event: cart_updated, without: order_completed, for: 1h, key: cart_id}
then:
  - run: cart-recovery
"""
REMIND = """
workflow: cart-recovery
class: marketing
reentry: always
holdout: 0%
stop_when: [order_completed]
steps:
  - wait: 1h
  - do: email.send
    with: {message: cart-reminder}
"""
OFFER = """
workflow: cart-recovery
class: marketing
reentry: always
holdout: 0%
stop_when: [order_completed]
steps:
  - wait: 1h
  - do: coupon.issue
    with: {percent: 10, worth: 10.00 EUR}
    as: offer
  - if: run.offer.outcome == 'executed'
    then:
      - do: email.send
        with: {message: cart-offer}
"""
POLICY = """
policy:
  consent: {email: marketing_email}
"""
QUIET = """
policy:
  consent: {email: marketing_email}
  quiet_hours: {marketing: "12:00-14:00", in: workspace time, on_quiet: hold, at_most: 72h}
"""
CAP = """
policy:
  consent: {email: marketing_email}
  caps: [{class: marketing, at_most: 1 per 7d, window: rolling, on_capped: skip}]
"""
BUDGET = """
policy:
  consent: {email: marketing_email}
  budgets: {coupons: {of: coupon.issue, at_most: 15.00 EUR per month}}
"""


def engine_with_a_cart(*texts: str) -> VirtualEngine:
    """A cart that was touched at 10:00: abandoned at 11:00, the reminder due at 12:00."""
    engine = VirtualEngine(CONSENT, RULE, *(texts or (REMIND, POLICY)))
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="c1")
    return engine


def test_a3_without_an_order_the_reminder_goes() -> None:
    engine = engine_with_a_cart()
    engine.until("2026-03-02 18:00")
    assert engine.decisions("cart-abandoned") == [("2026-03-02 11:00", "fired")]
    assert engine.sent() == [("2026-03-02 12:00", "cart-reminder")]


def test_a3_an_order_between_the_decision_and_the_do_means_no_send() -> None:
    engine = engine_with_a_cart()
    engine.receive("2026-03-02 11:30", "order_completed")
    engine.until("2026-03-02 18:00")
    assert engine.decisions("cart-abandoned") == [("2026-03-02 11:00", "fired")]
    assert engine.sent() == []
    assert engine.ended("cart-recovery") == [("stopped", "exit")]


def test_a3_an_order_between_the_do_and_the_send_means_no_send() -> None:
    # given a reminder that is on its way and has not left
    engine = engine_with_a_cart()
    engine.shut_outbox()
    engine.until("2026-03-02 12:00")
    assert [effect.action for effect in engine.simulation.changes.effects] == ["email.send"]

    # when the order comes
    engine.receive("2026-03-02 12:01", "order_completed")
    engine.open_outbox("2026-03-02 12:02")

    # then it does not leave, and that is recorded
    assert engine.sent() == []
    assert engine.outcomes(engine.run("cart-recovery")) == [("2026-03-02 12:01", "cancelled", "exit")]


def test_a3_an_order_out_of_order_means_no_send() -> None:
    # when the order occurred before the decision and is received after it
    engine = engine_with_a_cart()
    engine.until("2026-03-02 11:59")
    engine.receive("2026-03-02 11:59", "order_completed", occurred="2026-03-02 10:30")
    engine.until("2026-03-02 18:00")
    # then nothing is sent
    assert engine.decisions("cart-abandoned") == [("2026-03-02 11:00", "fired")]
    assert engine.sent() == []


def test_a3_a_cart_that_arrives_after_its_order_is_not_abandoned() -> None:
    engine = VirtualEngine(CONSENT, RULE, REMIND, POLICY)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 10:31", "order_completed", occurred="2026-03-02 10:30", cart_id="c1")
    engine.receive("2026-03-02 10:40", "cart_updated", occurred="2026-03-02 10:00", cart_id="c1")
    engine.until("2026-03-02 18:00")
    assert engine.decisions("cart-abandoned") == []
    assert engine.counted("cart-abandoned") == {"followed": 1}
    assert engine.sent() == []


@pytest.mark.parametrize("shut", [False, True], ids=["before the do", "before the send"])
def test_a3_an_order_under_a_guest_id_that_is_merged_later_means_no_send(shut: bool) -> None:
    # given a decision about ana, and an order of somebody unknown
    engine = engine_with_a_cart()
    if shut:
        engine.shut_outbox()
    engine.receive("2026-03-02 11:30", "order_completed", None, anonymous="guest-1")
    merged = "2026-03-02 12:10" if shut else "2026-03-02 11:50"
    engine.until(merged)

    # when the unknown turns out to be ana
    engine.receive(merged, "identify", "ana", anonymous="guest-1")
    engine.open_outbox("2026-03-02 18:00")

    # then nothing is sent
    assert engine.decisions("cart-abandoned") == [("2026-03-02 11:00", "fired")]
    assert engine.sent() == []
    assert engine.ended("cart-recovery") == [("stopped", "exit")]


@pytest.mark.parametrize("shut", [False, True], ids=["before the do", "before the send"])
def test_a3_consent_is_checked_again(shut: bool) -> None:
    engine = engine_with_a_cart()
    if shut:
        engine.shut_outbox()
    withdrawn = "2026-03-02 12:10" if shut else "2026-03-02 11:50"
    engine.identify(withdrawn, marketing_email=False)
    engine.open_outbox("2026-03-02 18:00")
    assert engine.sent() == []
    assert [found[1:] for found in engine.outcomes(engine.run("cart-recovery"))] == [("skipped", "consent")]
    assert engine.ended("cart-recovery") == [("completed", None)]


@pytest.mark.parametrize("shut", [False, True], ids=["before the do", "before the send"])
def test_a3_quiet_hours_are_checked_again(shut: bool) -> None:
    # given quiet hours from 12:00 to 14:00, and a message that is due before or in them
    engine = VirtualEngine(CONSENT, RULE, REMIND, QUIET)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    if shut:
        engine.shut_outbox()
    engine.receive("2026-03-02 09:30" if shut else "2026-03-02 10:00", "cart_updated", cart_id="c1")
    engine.until("2026-03-02 12:00")
    engine.open_outbox("2026-03-02 12:00")

    # when they are over, then it goes
    engine.until("2026-03-02 18:00")
    run = engine.run("cart-recovery")
    held = [one for one in engine.attempts(run) if one.outcome.value == "held"]
    assert [(one.reason, one.until) for one in held] == [("quiet_hours", engine.at("2026-03-02 14:00"))]
    assert engine.sent() == [("2026-03-02 14:00", "cart-reminder")]


@pytest.mark.parametrize("shut", [False, True], ids=["before the do", "before the send"])
def test_a3_the_cap_is_checked_again(shut: bool) -> None:
    # given two messages under a cap of one, the second due while the first is on its way
    engine = engine_with_a_cart(REMIND.replace("reentry:", "key: event.cart_id\nreentry:"), CAP)
    if shut:
        engine.shut_outbox()
    engine.receive("2026-03-02 10:05", "cart_updated", cart_id="c2")
    engine.until("2026-03-02 12:30")
    engine.open_outbox("2026-03-02 12:30")
    first, second = engine.runs("cart-recovery")
    assert [found[1:] for found in engine.outcomes(first)] == [("executed", None)]
    assert [found[1:] for found in engine.outcomes(second)] == [("skipped", "frequency_cap")]
    assert len(engine.sent()) == 1


def test_a3_the_budget_is_checked_again() -> None:
    # given a budget for one offer of 10.00, and two customers
    engine = VirtualEngine(CONSENT, RULE, OFFER, BUDGET)
    for customer in ("ana", "bob"):
        engine.identify("2026-03-02 09:00", customer, **OPT_IN)
    engine.receive("2026-03-02 10:00", "cart_updated", "ana", cart_id="c1")
    engine.receive("2026-03-02 10:05", "cart_updated", "bob", cart_id="c2")
    engine.until("2026-03-02 18:00")
    # then the second offer is left out, and what depends on it
    first, second = engine.runs("cart-recovery")
    assert [found[1:] for found in engine.outcomes(first)] == [("executed", None), ("executed", None)]
    assert [found[1:] for found in engine.outcomes(second)] == [("skipped", "budget")]
    assert engine.sent() == [("2026-03-02 12:00", "cart-offer")]


def test_a3_the_control_group_gets_nothing() -> None:
    # given 10% held out, and a customer of that tenth and one of the others
    out = next(f"c{n}" for n in range(100) if bucket("cart-recovery", f"c{n}") < 1000)
    treated = next(f"c{n}" for n in range(100) if bucket("cart-recovery", f"c{n}") >= 1000)
    engine = VirtualEngine(CONSENT, RULE, REMIND.replace("holdout: 0%", "holdout: 10%"), POLICY)
    for customer in (out, treated):
        engine.identify("2026-03-02 09:00", customer, **OPT_IN)
        engine.receive("2026-03-02 10:00", "cart_updated", customer, cart_id=customer)
    engine.until("2026-03-02 18:00")
    # then the one walks the same path with nothing done
    assert engine.sent(out) == []
    assert engine.sent(treated) == [("2026-03-02 12:00", "cart-reminder")]
    arms = {run.customer: (run.arm, run.status.value) for run in engine.runs("cart-recovery")}
    assert arms == {out: ("held_out", "completed"), treated: ("treated", "completed")}
    decisions = {one.customer: one.outcome.value for one in engine.rows("cart-abandoned")}
    assert decisions == {out: "fired", treated: "fired"}
