"""What bears on a rule: the events and the parts of the files that are played when it is explained."""

from __future__ import annotations

from collections.abc import Callable

from engine.authoring.explaining.bearing import Bearing, bearing_on
from engine.authoring.explaining.record import Record, Release
from engine.authoring.explaining.why import explain
from engine.authoring.simulate import Figures
from engine.customers.event import Cause, Event
from engine.model.values import DAY, HOUR, MINUTE, Micros
from tests.counted import counted
from tests.virtual_engine import instant, ruleset

START = instant("2026-03-02 10:00")
FACTS = """
facts:
  plan: {type: text}
  orders_7d: {count: order_completed, over: 7d}
  emptied_ago: {since: cart_emptied}
  pages_7d: {count: page_viewed, over: 7d}
  surveys: {count: survey_sent}
"""
KEEN = "segment: keen\nenter_if: customer.pages_7d >= 3"
HEALTH = """
score: health
parts: {pages: {weight: 100, is: customer.pages_7d / 9}}
bands: {good: {from: 50}, poor: {from: 0}}
"""
CART = """
rule: cart-left
when: {event: cart_updated, without: order_completed, for: 1h}
if: customer.emptied_ago == null
then: [{run: tell}]
"""
DAILY = """
rule: daily
when: {schedule: daily at 07:00}
if: customer.orders_7d >= 1
then: [{run: tell}]
"""
BANDED = "rule: banded\nwhen: {score: health, becomes: good}\nthen: [{run: tell}]"
SURVEYED = "rule: surveyed\nwhen: {event: cart_updated}\nif: customer.surveys < 2\nthen: [{run: tell}]"
ASKING = "rule: asking\nwhen: {event: page_viewed}\nthen: [{do: survey.send, with: {survey: page}}]"
TELL = "workflow: tell\nclass: service\nreentry: always\nsteps: [{do: event.emit, with: {event: told}}]"
FILES = (FACTS, KEEN, HEALTH, CART, DAILY, BANDED, SURVEYED, TELL)
POLICY = ruleset(*FILES)


def happened(number: int, at: Micros, name: str, cause: Cause = "sent", ahead: Micros = 0) -> Event:
    return Event(
        source="shop", message_id=f"e{number}", customer="ana", name=name, occurred_at=at + ahead,
        received_at=at, seq=number, cause=cause,
    )  # fmt: skip


def life(*names: str, every: Micros = HOUR) -> list[Event]:
    return [happened(number, START + number * every, name) for number, name in enumerate(names, 1)]


def played(bearing: Bearing, events: list[Event]) -> list[str]:
    return [event.name for event in events if bearing.concerns(event)]


def test_of_a_rule_of_facts_alone_only_the_events_that_it_hangs_on_are_played() -> None:
    # given a life of pages, carts and orders
    events = life("page_viewed", "identify", "cart_updated", "survey_sent", "cart_emptied", "order_completed")
    # when it is asked what bears on a rule about carts
    found = bearing_on("cart-left", [POLICY], events)
    # then it is its two events, the one that its fact is made of, and what may set a trait
    assert played(found, events) == ["identify", "cart_updated", "cart_emptied", "order_completed"]
    # and nothing is weighed
    desk = found.rulesets[0].desks["person"]
    assert (desk.scores, desk.segments, desk.schedules, [*desk.rules]) == ((), (), (), ["cart-left"])


def test_of_a_rule_that_looks_at_a_score_everything_but_idle_rules_is_played() -> None:
    events = life("page_viewed", "cart_updated")
    found = bearing_on("banded", [POLICY], events)
    assert played(found, events) == ["page_viewed", "cart_updated"]
    desk = found.rulesets[0].desks["person"]
    assert ([*desk.rules], len(desk.scores), len(desk.segments)) == (["banded"], 1, 1)


def test_an_event_that_another_rule_makes_is_made_by_that_rule() -> None:
    # given a rule that counts surveys, which runs send
    events = life("page_viewed", "cart_updated")
    assert played(bearing_on("surveyed", [POLICY], events), events) == ["cart_updated"]
    # when another rule sends some by itself, or did so under an earlier release
    asking = ruleset(*FILES, ASKING)
    for rulesets in ([asking], [asking, POLICY]):
        found = bearing_on("surveyed", rulesets, events)
        # then what makes it send them is played
        assert played(found, events) == ["page_viewed", "cart_updated"]
        assert all("asking" in one.desks["person"].rules for one in found.rulesets[:1])


def test_an_event_ahead_of_its_clock_counts_until_the_next_one_and_so_all_are_played() -> None:
    events = [happened(1, START, "cart_updated", ahead=MINUTE), happened(2, START + 1, "page_viewed")]
    found = bearing_on("cart-left", [POLICY], events)
    assert played(found, events) == ["cart_updated", "page_viewed"]


def test_what_follows_a_runs_own_event_at_its_very_instant_is_decided_by_playing_everything() -> None:
    for after, spared in ((0, False), (1, True)):
        events = [happened(1, START, "told", "run"), happened(2, START + after, "cart_updated")]
        assert (bearing_on("cart-left", [POLICY], events).rulesets[0] is not POLICY) is spared


def test_what_is_spared_is_work_and_nothing_that_is_told() -> None:
    # given two hundred pages over a month, and a cart now and then
    names = [("cart_updated" if number % 50 == 0 else "page_viewed") for number in range(200)]
    events = life(*names, every=4 * HOUR)
    told = {}

    record = Record([Release(START - DAY, POLICY)], events, Figures())

    def ask(sparing: bool) -> Callable[[], None]:
        def asked() -> None:
            told[sparing] = explain("cart-left", "ana", START + 40 * DAY, record, sparing=sparing)

        return asked

    # when it is asked why with and without sparing
    plain, spared = counted(ask(False)), counted(ask(True))
    # then it is told alike, of four carts and their timers in place of two hundred events and every day
    assert told[True] == told[False]
    assert told[True].decision == "fired"
    assert (plain["play_event"], spared["play_event"]) == (200, 4)
    assert (plain["instant"] > 70, spared["instant"]) == (True, 4)
    assert (plain["_score"] > 200, spared["_score"]) == (True, 0)
