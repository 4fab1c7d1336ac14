"""T5: churn by contract, asked for, undone and come; failed payments; and silence without contracts."""

from datetime import date, timedelta

from tests.virtual_engine import VirtualEngine

FACTS = """
subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr, ends: ends_at, reason: reason}
"""
SAVE = """
rule: cancel-requested
when: {event: cancel_requested}
if:
  - event.voluntary
then:
  - run: save-plan
"""
WIN_BACK = """
rule: churned
when: {event: churned}
if:
  - event.voluntary
then:
  - run: win-back
"""
DUNNING = """
rule: payment-failed
when:
  - {event: cancel_requested}
  - {event: churned}
if:
  - event.voluntary == false
then:
  - run: dunning
"""
FLOWS = (
    """
workflow: save-plan
class: service
reentry: always
stop_when: [cancel_undone, churned]
steps:
  - wait: {until: day 30}
""",
    """
workflow: win-back
class: service
reentry: always
stop_when: [order_completed, reactivated]
steps:
  - wait: {until: day 28}
""",
    """
workflow: dunning
class: transactional
reentry: after 30d
stop_when: [cancel_undone, reactivated]
steps:
  - wait: {until: day 7}
""",
)
QUIET = """
rule: gone-quiet
when: {quiet: p90, of: order_completed}
then:
  - run: win-back
"""
CONTRACT_EVENTS = ("expanded", "contracted", "cancel_requested", "cancel_undone", "churned", "reactivated")
MARCH_1 = date(2025, 3, 1)


def subscribed() -> VirtualEngine:
    """A customer who pays 50 and 30 a month."""
    engine = VirtualEngine(FACTS, SAVE, WIN_BACK, DUNNING, *FLOWS)
    engine.receive("2026-04-01 10:00", "subscription_updated", subscription_id="a", mrr=50)
    engine.receive("2026-04-01 10:00", "subscription_updated", subscription_id="b", mrr=30)
    return engine


def only_the_greater() -> VirtualEngine:
    engine = subscribed()
    engine.receive("2026-05-01 10:00", "subscription_updated", subscription_id="b", mrr=0)
    return engine


def told_of(engine: VirtualEngine) -> list[tuple[str, str]]:
    events = engine.simulation.changes.events
    return [(engine.day_of(one.received_at), one.name) for one in events if one.name in CONTRACT_EVENTS]


def test_t5_one_contract_of_two_is_a_contraction_and_no_churn() -> None:
    # when the contract of 30 is cancelled
    engine = only_the_greater()
    engine.until("2026-05-04 10:00")
    # then 30 are lost and the customer stays
    assert told_of(engine) == [("2026-04-01", "expanded"), ("2026-05-01", "contracted")]
    (contracted,) = engine.recorded("contracted")
    assert (contracted["amount"], contracted["mrr"]) == (30, 50)
    assert engine.runs() == []


def cancelled_in_may(reason: str = "price") -> VirtualEngine:
    """The contract of 50 is cancelled on 5 May and paid to 31 May."""
    engine = only_the_greater()
    engine.receive(
        "2026-05-05 10:00", "subscription_updated",
        subscription_id="a", mrr=50, ends_at="2026-05-31", reason=reason,
    )  # fmt: skip
    return engine


def test_t5_the_last_contract_is_cancelled_and_then_ends() -> None:
    engine = cancelled_in_may()
    engine.until("2026-05-30 23:59")
    assert told_of(engine)[2:] == [("2026-05-05", "cancel_requested")]
    assert engine.ended("save-plan") == [("waiting", None)]
    assert engine.runs("win-back") == []

    engine.until("2026-06-01 10:00")
    assert told_of(engine)[2:] == [("2026-05-05", "cancel_requested"), ("2026-05-31", "churned")]
    assert engine.ended("save-plan") == [("stopped", "exit")]
    assert engine.ended("win-back") == [("waiting", None)]
    assert engine.decisions("churned") == [("2026-05-31 00:00", "fired")]
    assert engine.runs("dunning") == []


def test_t5_an_undone_cancellation_calls_both_off() -> None:
    # when it is undone on 20 May
    engine = cancelled_in_may()
    engine.receive("2026-05-20 10:00", "subscription_updated", subscription_id="a", mrr=50)
    engine.until("2026-07-01 10:00")
    # then the save plan ends, and there is no churn to win anybody back from
    assert told_of(engine)[2:] == [("2026-05-05", "cancel_requested"), ("2026-05-20", "cancel_undone")]
    assert engine.ended("save-plan") == [("stopped", "exit")]
    assert engine.runs("win-back") == []
    assert engine.decisions("churned") == []


def test_t5_a_failed_payment_is_dunned_and_not_courted() -> None:
    engine = cancelled_in_may("payment_failure")
    engine.until("2026-06-02 10:00")
    assert [one["voluntary"] for one in engine.recorded("churned")] == [False]
    assert engine.runs("win-back") == []
    assert engine.runs("save-plan") == []
    # one run of dunning, begun when the end was announced; when it comes it is within 30 days of that
    assert engine.ended("dunning") == [("completed", None), ("refused", "reentry")]
    assert engine.day_of(engine.runs("dunning")[0].started_at) == "2026-05-05"


def day(number: int, time: str = "12:00") -> str:
    return f"{MARCH_1 + timedelta(days=number)} {time}"


def test_t5_a_silence_beyond_the_bases_own_gaps_is_told_once() -> None:
    # given a base of which the 90th percentile of gaps between orders is 125 days
    engine = VirtualEngine(QUIET, FLOWS[1])
    for number in (0, 10):
        for customer in range(100):
            engine.receive(day(number), "order_completed", f"c{customer}", order_id=f"{customer}-{number}")
    engine.receive(day(20), "order_completed", order_id="o1")
    for customer in range(100):
        engine.receive(day(135), "order_completed", f"c{customer}", order_id=f"{customer}-135")

    # when ana has been away for 125 days, then nothing; when for 126, then once
    engine.until(day(145, "23:59"))
    assert engine.simulation.figures.at(engine.simulation.now).p90("person", "order_completed") == 125
    assert engine.decisions("gone-quiet", "ana") == []
    engine.until(day(160))
    assert engine.decisions("gone-quiet", "ana") == [(day(146, "00:00"), "fired")]
    assert engine.ended("win-back") == [("waiting", None)]
    (decision,) = engine.rows("gone-quiet", "ana")
    assert decision.event == {"quiet_for": "P125DT12H"}
    assert decision.base == engine.simulation.figures.at(decision.at).hash

    # when ana orders, then the run is left
    engine.receive(day(161), "order_completed", order_id="o2")
    assert engine.ended("win-back") == [("stopped", "exit")]
    # and another silence is another one
    engine.until(day(161 + 130))
    assert [at for at, _ in engine.decisions("gone-quiet", "ana")] == [day(146, "00:00"), day(287, "00:00")]


BRANCHED = """
rule: too-dear
when: {event: churned}
if:
  - customer.churn_reason == 'price_budget'
  - customer.churn_voluntary
  - customer.churned_at >= customer.cancel_requested_at
then:
  - run: win-back
"""


def test_a_rule_branches_on_why_a_customer_left() -> None:
    # given two who cancel on 5 May, paid to 31 May: one for the price, one whose card failed
    engine = VirtualEngine(FACTS, BRANCHED, *FLOWS)
    for customer, reason in (("dear", "Too expensive"), ("card", "card_declined")):
        engine.receive("2026-04-01 10:00", "subscription_updated", customer, subscription_id="a", mrr=50)
        engine.receive(
            "2026-05-05 10:00", "subscription_updated", customer,
            subscription_id="a", mrr=50, ends_at="2026-05-31", reason=reason,
        )  # fmt: skip

    # when 31 May has come
    engine.until("2026-06-01 00:00")

    # then the price is answered, and nothing else is
    assert [(run.customer, run.workflow) for run in engine.runs()] == [("dear", "win-back")]
