"""The gate before every message: each check, and their order."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.contact.arbitration import Rival
from engine.contact.gate import GO, Attempt, Verdict, check
from engine.contact.log import ContactLog, Sent, reserve
from engine.model.policy import Budget, Cap, ContactPolicy, QuietHours
from engine.model.values import DAY, HOUR, AtMost, BudgetLimit, Ceiling, Duration, Hours, Micros, Money

POLICY = ContactPolicy(
    quiet_hours=QuietHours(marketing=Hours.parse("21:00-08:00")),
    caps=(Cap(class_="marketing", at_most=AtMost.parse("2 per 7d")),),
    consent={"email": "marketing_email"},
    order=("renewal", "cart"),
    arbitrate_within=Duration(1, "h"),
    ceiling=Ceiling(3),
)
ADA = {"email": "ada@example.com", "marketing_email": True}
NOON = 20 * DAY + 12 * HOUR
CART = Attempt(
    workflow="cart-recovery",
    class_="marketing",
    rank=1,
    action="email.send",
    effect_key="run-1:0:0",
    due=NOON,
    channel="email",
)


def sent(at: Micros, workflow: str = "news", rank: int = 2, class_: str = "marketing") -> Sent:
    return Sent(at, class_, "email", workflow, rank, f"{workflow}:{at}")  # type: ignore[arg-type]


def judge(
    attempt: Attempt = CART,
    log: ContactLog | None = None,
    facts: dict[str, Any] = ADA,
    rivals: tuple[Rival, ...] = (),
    now: Micros = NOON,
    policy: ContactPolicy = POLICY,
    spent: dict[str, Decimal] | None = None,
) -> Verdict:
    return check(policy, "UTC", attempt, log or ContactLog(), facts, rivals, now, spent)


def test_nothing_in_the_way() -> None:
    assert judge() == GO


def test_c1_who_opts_out_between_decision_and_send_gets_nothing() -> None:
    assert judge(facts={**ADA, "marketing_email": False}) == Verdict("skip", "consent")


def test_no_address_and_suppressed() -> None:
    assert judge(facts={"marketing_email": True}) == Verdict("skip", "address")
    assert judge(log=ContactLog(suppressed={"*": "complained"})) == Verdict("skip", "suppressed")


def test_in_the_night_a_message_is_held_until_the_morning() -> None:
    due = 20 * DAY + 22 * HOUR
    assert judge(now=due) == Verdict("hold", "quiet_hours", 21 * DAY + 8 * HOUR)


def test_what_would_be_held_for_too_long_is_skipped() -> None:
    # given an attempt first due over 72 h before the quiet hours end
    late = msgspec.structs.replace(CART, due=NOON - 3 * DAY)
    assert judge(late, now=20 * DAY + 22 * HOUR) == Verdict("skip", "quiet")
    # and a policy that skips instead of holding
    quiet = QuietHours(marketing=Hours.parse("21:00-08:00"), on_quiet="skip")
    policy = msgspec.structs.replace(POLICY, quiet_hours=quiet)
    assert judge(policy=policy, now=20 * DAY + 22 * HOUR) == Verdict("skip", "quiet")


def test_c1_the_third_in_seven_days_is_skipped() -> None:
    log = ContactLog(sends=[sent(15 * DAY), sent(18 * DAY)])
    assert judge(log=log) == Verdict("skip", "frequency_cap")
    assert judge(log=log, now=22 * DAY + 12 * HOUR) == GO


@pytest.mark.parametrize(
    ("on_capped", "verdict"),
    [
        ("hold", Verdict("hold", "frequency_cap", 22 * DAY)),
        ("stop", Verdict("stop", "frequency_cap")),
    ],
)
def test_a_cap_may_hold_or_stop(on_capped: Any, verdict: Verdict) -> None:
    cap = Cap(class_="marketing", at_most=AtMost.parse("2 per 7d"), on_capped=on_capped)
    log = ContactLog(sends=[sent(15 * DAY), sent(18 * DAY)])
    assert judge(log=log, policy=msgspec.structs.replace(POLICY, caps=(cap,))) == verdict


def test_an_attempts_own_reservation_does_not_count_against_it() -> None:
    log = ContactLog(sends=[sent(15 * DAY)])
    reserve(log, CART.as_sent(NOON))
    assert judge(log=log) == GO
    other = msgspec.structs.replace(CART, effect_key="run-2:0:0")
    assert judge(other, log=log) == Verdict("skip", "frequency_cap")


def test_a_spent_budget_is_named() -> None:
    policy = msgspec.structs.replace(
        POLICY,
        budgets={"coupons": Budget(of="coupon.issue", at_most=BudgetLimit.parse("100.00 EUR per month"))},
    )
    coupon = msgspec.structs.replace(
        CART, action="coupon.issue", channel=None, worth=Money(Decimal("10.00"), "EUR")
    )
    assert judge(coupon, policy=policy, spent={"coupons": Decimal("90.00")}) == GO
    assert judge(coupon, policy=policy, spent={"coupons": Decimal("90.01")}) == Verdict(
        "skip", "budget", because="coupons"
    )
    # and once its share is reserved it is not asked again
    reserved = msgspec.structs.replace(coupon, reserved=True)
    assert judge(reserved, policy=policy, spent={"coupons": Decimal("100.00")}) == GO


def test_the_ceiling_stops_every_class() -> None:
    today = [sent(20 * DAY + hour * HOUR, class_="service") for hour in (8, 9, 10)]
    receipt = msgspec.structs.replace(CART, class_="transactional")
    assert judge(receipt, log=ContactLog(sends=today)) == Verdict("skip", "ceiling")
    assert judge(receipt, log=ContactLog(sends=today[:2])) == GO


def test_c1_of_two_marketing_runs_in_one_hour_one_sends() -> None:
    # given a renewal and a cart message, both due now
    renewal = msgspec.structs.replace(CART, workflow="renewal-offer", rank=0, effect_key="run-2:0:0")
    log = ContactLog()
    # when the cart comes first, it sees the renewal coming
    rival = Rival("renewal-offer", 0, NOON)
    assert judge(log=log, rivals=(rival,)) == Verdict("skip", "outranked", because="renewal-offer")
    # and when the renewal comes first, the cart sees it gone
    assert judge(renewal, log=log, rivals=(Rival("cart-recovery", 1, NOON),)) == GO
    reserve(log, renewal.as_sent(NOON))
    assert judge(log=log) == Verdict("skip", "outranked", because="renewal-offer")


def test_only_marketing_gives_way() -> None:
    service = msgspec.structs.replace(CART, class_="service")
    assert judge(service, rivals=(Rival("renewal-offer", 0, NOON),)) == GO


def test_a_message_to_a_colleague_asks_nothing_of_the_customer() -> None:
    inside = msgspec.structs.replace(CART, to_customer=False)
    log = ContactLog(suppressed={"*": "complained"}, sends=[sent(19 * DAY), sent(20 * DAY)])
    assert judge(inside, log=log, facts={}, now=20 * DAY + 23 * HOUR) == GO


def test_the_first_objection_decides() -> None:
    # given everything in the way at once
    night = 20 * DAY + 22 * HOUR
    full = ContactLog(
        sends=[sent(20 * DAY + hour * HOUR, "renewal-offer", 0) for hour in (19, 20, 21)],
        suppressed={"email": "bounced"},
    )
    reachable = msgspec.structs.replace(full, suppressed={})
    uncapped = msgspec.structs.replace(POLICY, caps=(), quiet_hours=None)
    # then removing one after the other shows the order
    reasons = [
        judge(log=full, facts={}, now=night).reason,
        judge(log=full, facts={"marketing_email": True}, now=night).reason,
        judge(log=full, now=night).reason,
        judge(log=reachable, now=night).reason,
        judge(log=reachable, now=night, policy=msgspec.structs.replace(POLICY, quiet_hours=None)).reason,
        judge(log=reachable, now=night, policy=uncapped).reason,
        judge(log=reachable, now=night, policy=msgspec.structs.replace(uncapped, ceiling=None)).reason,
    ]
    assert reasons == [
        "consent",
        "address",
        "suppressed",
        "quiet_hours",
        "frequency_cap",
        "ceiling",
        "outranked",
    ]


def test_only_messages_stand_in_the_log() -> None:
    assert CART.as_sent(5) == Sent(5, "marketing", "email", "cart-recovery", 1, "run-1:0:0")
    with pytest.raises(ValueError, match="sends no message"):
        msgspec.structs.replace(CART, channel=None).as_sent(5)
