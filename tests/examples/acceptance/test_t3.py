"""T3: a cart is abandoned, unless somebody ordered, however late and under whatever name that is told."""

from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine

FACTS = """
facts:
  discounts_180d: {count: coupon_issued, over: 180d}
"""
RULE = """
rule: cart-abandoned
when: {event: cart_updated, without: order_completed, for: 60m, key: cart_id}
if:
  - event.total > 0
at_most: 1 per 7d
then:
  - run: cart-recovery
    with: {cart_value: =event.total}
"""
RECOVERY = """
workflow: cart-recovery
class: marketing
needs: {cart_value: number}
key: event.cart_id
reentry: after 7d
holdout: 0%
stop_when: [order_completed]
steps:
  - wait: {until: "14:00"}
  - do: email.send
    with: {message: cart-reminder}
  - wait: 2d
  - if: customer.discounts_180d == 0
    then:
      - do: coupon.issue
        with: {percent: 10, worth: 10.00 EUR}
        as: offer
      - do: email.send
        with: {message: cart-offer}
    else:
      - do: email.send
        with: {message: cart-without-offer}
"""


def shop() -> VirtualEngine:
    engine = VirtualEngine(CONSENT, FACTS, RULE, RECOVERY, POLICY)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    return engine


def shop_with_a_cart() -> VirtualEngine:
    """A cart touched at 10:00; the first message is due at 14:00."""
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="c1", total=80)
    return engine


def test_t3_a_cart_is_abandoned_after_an_hour() -> None:
    engine = shop_with_a_cart()
    engine.until("2026-03-02 10:59")
    assert engine.decisions("cart-abandoned") == []
    engine.until("2026-03-02 14:00")
    assert engine.decisions("cart-abandoned") == [("2026-03-02 11:00", "fired")]
    assert engine.sent() == [("2026-03-02 14:00", "cart-reminder")]


def test_t3_an_order_received_late_cancels_a_message_that_has_not_left() -> None:
    # given a message that was due at 14:00 and has not left at 14:03
    engine = shop_with_a_cart()
    engine.shut_outbox()
    engine.until("2026-03-02 14:00")
    # when the order of 13:59 is received
    engine.receive("2026-03-02 14:03", "order_completed", occurred="2026-03-02 13:59", order_id="o1")
    engine.open_outbox("2026-03-09 10:00")
    # then it is cancelled
    assert engine.sent() == []
    assert engine.ended("cart-recovery") == [("stopped", "exit")]
    assert engine.run("cart-recovery").flags == []


def test_t3_an_order_received_late_flags_a_message_that_has_left() -> None:
    # given a message that left at 14:00
    engine = shop_with_a_cart()
    engine.until("2026-03-02 14:00")
    assert engine.sent() == [("2026-03-02 14:00", "cart-reminder")]
    # when the order of 13:59 is received at 14:03
    engine.receive("2026-03-02 14:03", "order_completed", occurred="2026-03-02 13:59", order_id="o1")
    engine.until("2026-03-12 10:00")
    # then the run is flagged and nothing more is sent
    assert engine.run("cart-recovery").flags == ["late_order"]
    assert engine.ended("cart-recovery") == [("stopped", "exit")]
    assert engine.sent() == [("2026-03-02 14:00", "cart-reminder")]


def test_t3_an_order_after_the_message_is_no_late_one() -> None:
    engine = shop_with_a_cart()
    engine.until("2026-03-02 14:00")
    engine.receive("2026-03-02 14:05", "order_completed", occurred="2026-03-02 14:01", order_id="o1")
    assert engine.run("cart-recovery").flags == []
    assert engine.ended("cart-recovery") == [("stopped", "exit")]


def test_t3_a_guest_cart_merged_into_a_customer_with_an_order_is_no_abandoned_one() -> None:
    # given a guest's cart, and an order of ana's that occurred after it
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", None, anonymous="guest", cart_id="c1", total=80)
    engine.receive("2026-03-02 10:20", "order_completed", order_id="o1")
    # when the guest turns out to be ana
    engine.receive("2026-03-02 10:30", "identify", "ana", anonymous="guest")
    engine.until("2026-03-03 10:00")
    # then nothing comes of the cart
    assert engine.decisions("cart-abandoned") == []
    assert engine.runs() == []
    assert engine.sent() == []


def test_t3_a_guest_cart_merged_after_it_was_abandoned_is_cancelled() -> None:
    # given a guest whose cart was abandoned at 11:00, who may be written to
    engine = shop()
    engine.receive("2026-03-02 09:55", "identify", None, anonymous="guest", **OPT_IN)
    engine.receive("2026-03-02 10:00", "cart_updated", None, anonymous="guest", cart_id="c1", total=80)
    engine.receive("2026-03-02 10:20", "order_completed", order_id="o1")
    engine.until("2026-03-02 12:00")
    assert engine.decisions("cart-abandoned", "guest") == [("2026-03-02 11:00", "fired")]
    # when the guest turns out to be ana
    engine.receive("2026-03-02 12:00", "identify", "ana", anonymous="guest")
    engine.until("2026-03-05 10:00")
    # then ana's order ends the guest's run
    assert engine.ended("cart-recovery") == [("stopped", "exit")]
    assert engine.run("cart-recovery").customer == "ana"
    assert engine.sent() == []


def test_t3_a_second_cart_within_seven_days_makes_no_second_run() -> None:
    engine = shop_with_a_cart()
    engine.receive("2026-03-08 10:00", "cart_updated", cart_id="c2", total=80)
    engine.receive("2026-03-09 10:00", "cart_updated", cart_id="c3", total=80)
    engine.until("2026-03-10 10:00")
    # then the one of 8 March is over the limit, and that of the 7th day after is within it again
    assert engine.decisions("cart-abandoned") == [
        ("2026-03-02 11:00", "fired"),
        ("2026-03-08 11:00", "at_most"),
        ("2026-03-09 11:00", "fired"),
    ]
    assert len(engine.runs("cart-recovery")) == 2


def test_t3_an_empty_cart_is_not_eligible_and_counted_so() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="c1", total=0)
    engine.until("2026-03-03 10:00")
    assert engine.decisions("cart-abandoned") == []
    assert engine.counted("cart-abandoned") == {"not_met": 1}


def test_t3_a_shopper_without_an_address_is_not_eligible_and_recorded_so() -> None:
    engine = shop()
    engine.identify("2026-03-02 09:00", "bob", marketing_email=True)
    engine.receive("2026-03-02 10:00", "cart_updated", "bob", cart_id="c1", total=80)
    engine.until("2026-03-03 10:00")
    assert engine.ended("cart-recovery") == [("refused", "address")]
    (decision,) = engine.rows("cart-abandoned")
    assert (decision.outcome.value, decision.starts[0].status, decision.starts[0].reason) == (
        "fired", "refused", "address"
    )  # fmt: skip


def test_t3_a_shopper_without_consent_is_not_eligible_and_recorded_so() -> None:
    engine = shop()
    engine.identify("2026-03-02 09:00", "bob", email="bob@example.com")
    engine.receive("2026-03-02 10:00", "cart_updated", "bob", cart_id="c1", total=80)
    engine.until("2026-03-03 10:00")
    assert engine.ended("cart-recovery") == [("refused", "consent")]
    (decision,) = engine.rows("cart-abandoned")
    assert (decision.outcome.value, decision.starts[0].status, decision.starts[0].reason) == (
        "fired", "refused", "consent"
    )  # fmt: skip


def test_t3_a_discount_of_30_days_ago_means_a_message_without_one() -> None:
    # given a cart that was given a discount on 4 March
    engine = shop_with_a_cart()
    engine.until("2026-03-05 10:00")
    assert [name for _, name in engine.sent()] == ["cart-reminder", "cart-offer"]
    # when another one is left on 3 April, 30 days later
    engine.receive("2026-04-03 10:00", "cart_updated", cart_id="c2", total=80)
    engine.until("2026-04-09 10:00")
    # then its messages have none
    assert [name for _, name in engine.sent()][2:] == ["cart-reminder", "cart-without-offer"]
    assert len(engine.simulation.changes.coupons) == 1
