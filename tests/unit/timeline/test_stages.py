"""Lifecycle: everybody is in exactly one stage, and each change is an event, once."""

from itertools import pairwise

from tests.virtual_engine import VirtualEngine, told

FACTS = """
facts:
  orders: {count: order_completed}
  health: {type: number}
  first_month: {cohort: order_completed}
"""
AT_RISK = """
segment: at-risk
enter_if: customer.health < 40
leave_if: customer.health >= 50
"""
LIFECYCLE = """
lifecycle: lifecycle
stages:
  prospect: {if: customer.orders == 0}
  lapsed: {quiet: p90, of: order_completed, until_known: 90d}
  at_risk: {if: "'at-risk' in customer.segments"}
  reactivated:
    if:
      - (customer.lifecycle_stage ?? 'prospect') in ['lapsed', 'reactivated']
      - any:
          - customer.lifecycle_stage == 'lapsed'
          - customer.lifecycle_stage_for < 30d
  new: {if: customer.orders == 1}
  active: {}
"""


def engine(*more: str, **rest: str) -> VirtualEngine:
    return VirtualEngine(FACTS, AT_RISK, LIFECYCLE, *more, **rest)


def stages(engine: VirtualEngine, customer: str = "ana") -> list[tuple[str, str | None, str]]:
    """Give when a customer came from where into which stage."""
    return [
        (told(event.occurred_at), event.properties["from"], event.properties["stage"])
        for event in engine.simulation.changes.events
        if event.name == "stage_changed" and event.customer == customer
    ]


def test_a_customer_goes_through_the_stages_each_told_once() -> None:
    # given one who signs up, buys twice, is silent for 91 days, comes back and stays
    shop = engine()
    shop.identify("2026-01-01 10:00", health=80)
    shop.receive("2026-01-05 10:00", "order_completed")
    shop.receive("2026-01-06 10:00", "page_viewed")
    shop.receive("2026-01-10 10:00", "order_completed")
    shop.until("2026-04-20 00:00")
    shop.receive("2026-05-01 10:00", "order_completed")
    shop.until("2026-06-15 00:00")
    # then each change is one event, at the instant that brought it
    assert stages(shop) == [
        ("2026-01-01 10:00", None, "prospect"),
        ("2026-01-05 10:00", "prospect", "new"),
        ("2026-01-10 10:00", "new", "active"),
        ("2026-04-11 00:00", "active", "lapsed"),
        ("2026-05-01 10:00", "lapsed", "reactivated"),
        ("2026-06-01 00:00", "reactivated", "active"),
    ]


def test_stages_are_exclusive_at_every_instant() -> None:
    shop = engine()
    shop.identify("2026-01-01 10:00", health=80)
    for day in (5, 10, 20):
        shop.receive(f"2026-01-{day:02} 10:00", "order_completed")
    shop.identify("2026-01-25 10:00", health=30)
    shop.identify("2026-01-27 10:00", health=60)
    shop.until("2026-06-15 00:00")
    # then each stage is left at the instant at which the next is entered
    changes = shop.simulation.changes.memberships
    moves = [(one.at, one.segment, one.inside) for one in changes if "." in one.segment]
    assert [one[1] for one in moves if one[2]] == [
        f"lifecycle.{name}" for name in ("prospect", "new", "active", "at_risk", "active", "lapsed")
    ]
    for (left_at, left, inside), (entered_at, _, entered) in zip(moves[1::2], moves[2::2], strict=True):
        assert (left_at, inside, entered) == (entered_at, False, True), left
    # and segments are what is declared as such
    assert shop.member().standing.segments == []
    assert all(one[0] <= two[0] for one, two in pairwise(moves))


def test_what_is_unknown_neither_takes_in_nor_lets_go() -> None:
    # given a stage that rests on a fact
    stages_by = """
lifecycle: mood
stages:
  low: {if: customer.health < 40}
  fine: {}
"""
    shop = VirtualEngine(FACTS, stages_by)
    shop.identify("2026-01-01 10:00", health=30)
    # when the fact becomes unknown
    shop.identify("2026-01-02 10:00", health=None)
    shop.until("2026-01-05 00:00")
    # then who was in the stage stays there, and who was not does not come in
    assert shop.facts("2026-01-05 00:00")["mood_stage"] == "low"
    shop.receive("2026-01-05 10:00", "login", "ben")
    assert shop.facts("2026-01-05 12:00", "ben")["mood_stage"] == "fine"


def test_the_base_s_own_gap_decides_once_it_is_known() -> None:
    # given a base in which all buy every ten days, and one who has stopped
    shop = engine()
    for day in range(0, 60, 10):
        for number in range(50):
            at = shop.day_of(shop.at("2026-01-01 10:00") + day * 86_400_000_000)
            shop.receive(f"{at} 10:00", "order_completed", f"c{number}")
    shop.until("2026-03-10 00:00")
    # then the stage comes with the eleventh day, and not with the 91st
    lapsed = [one for one in stages(shop, "c7") if one[2] == "lapsed"]
    assert lapsed == [("2026-03-03 00:00", "active", "lapsed")]


def test_a_rule_acts_on_a_stage_and_a_release_fires_nothing() -> None:
    rule = """
rule: lapsed
owner: shop
when: {event: stage_changed, where: event.stage == 'lapsed'}
if: customer.lifecycle_stage == 'lapsed'
then:
  - do: customer.set
    with: {health: 1}
"""
    before = VirtualEngine(FACTS, AT_RISK)
    before.receive("2026-01-05 10:00", "order_completed")
    # when the stages come with a release, for one who has long lapsed, then nothing fires
    shop = before.release("2026-06-01 12:00", FACTS, AT_RISK, LIFECYCLE, rule)
    assert shop.facts("2026-06-01 13:00")["lifecycle_stage"] == "lapsed"
    assert shop.decisions("lapsed") == []
    # but when it happens later, it does, once
    shop.receive("2026-06-02 10:00", "order_completed")
    shop.until("2026-12-01 00:00")
    assert shop.decisions("lapsed") == [("2026-09-01 00:00", "fired")]


def test_two_who_become_one_are_in_one_stage() -> None:
    shop = engine()
    shop.receive("2026-01-05 10:00", "order_completed", "ana")
    shop.receive("2026-01-06 10:00", "login", "guest")
    shop.simulation.merge("ana", "guest", shop.reception.events, shop.at("2026-01-07 10:00"))
    assert shop.facts("2026-01-07 12:00")["lifecycle_stage"] == "new"
    last = [(one.customer, one.segment, one.inside) for one in shop.simulation.changes.memberships][-1:]
    assert last == [("guest", "lifecycle.prospect", False)]


def test_a_cohort_is_the_month_of_the_first_event_there() -> None:
    # given a first order an hour into February in Berlin, which is January in UTC
    shop = engine(timezone="Europe/Berlin")
    shop.receive("2026-02-20 10:00", "order_completed")
    assert shop.facts("2026-02-21 10:00")["first_month"] == "2026-02"
    shop.receive("2026-03-20 10:00", "order_completed", occurred="2026-01-31 23:30")
    assert shop.facts("2026-03-21 10:00")["first_month"] == "2026-02"
    # and an earlier one that is told late takes its place
    shop.receive("2026-03-22 10:00", "order_completed", occurred="2026-01-15 12:00")
    assert shop.facts("2026-03-23 10:00")["first_month"] == "2026-01"
    shop.receive("2026-03-22 11:00", "login", "ben")
    assert shop.facts("2026-03-23 10:00", "ben")["first_month"] is None
