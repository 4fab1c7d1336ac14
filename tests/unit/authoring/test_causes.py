"""Causes: every trigger happens in a case, once, or is left to time and the timeline."""

import pytest

from tests.written_cases import rule, run, told


@pytest.mark.parametrize(
    ("when", "case"),
    [
        ("{event: order_completed, where: event.total > 10}", "event: {total: 11}"),
        ("{event: tier_reached}", "event: {tier: gold}"),
        ("{event: cart_updated, without: order_completed, for: 24h, key: order_id}", "event: {order_id: o1}"),
        ("{schedule: daily at 06:00}", ""),
        ("{schedule: daily at 06:00, in_segment: loyal}", "given: {segments: [loyal]}"),
        ("{date: customer.renewal_date, before: [90d, 60d, 30d], catch_up: none}",
         "at: 2027-03-01 09:00\ngiven: {renewal_date: 2027-03-31}"),
        ("{date: customer.renewal_date, before: [90d]}", "given: {renewal_date: 2026-02-01}"),
        ("{date: customer.renewal_date, after: 7d}", "event: {step: 7d}"),
        ("{changes: customer.owner}", ""),
        ("{changes: customer.plan}", "event: {from: team, to: free}"),
        ("{changes: customer.seats}", "given: {seats: 3}\ntimeline: [{after: 1d, given: {seats: 4}}]"),
        ("{enters: loyal}", ""),
        ("{leaves: loyal}", ""),
        ("{score: health, becomes: red}", "event: {from: amber, value: 30}"),
        ("{quiet: 45d}", ""),
        ("{quiet: p90, of: order_completed}", "event: {quiet_for: 126d}"),
        ("{quiet: 45d, of: order_completed}",
         "history: [{ago: 10d, event: order_completed, total: 5}]\ntimeline: [{after: 35d}]"),
        ("{call: yes}", "event: {note: hello}"),
        ("[{event: order_completed}, {event: cart_updated}]", "event: {event: cart_updated, cart_id: c1}"),
    ],
)  # fmt: skip
def test_every_trigger_happens_once(when: str, case: str) -> None:
    loyal = "segment: loyal\nenter_if: customer.orders >= 5\n"
    health = "score: health\nparts: {size: {weight: 1, is: customer.seats / 10}}\n"
    health += "bands: {green: {from: 50}, red: {from: 0}}\n"
    text = rule(when, f"{case}\nexpect: {{run: greet, times: 1, did: [email.send]}}")
    assert told(run(text, loyal, health)) == []


def test_a_fleet_trigger_is_about_the_base() -> None:
    text = rule("{fleet: usage_drop, at_least: 40%}", "expect: {did: [case.open], told: [team-lead]}",
                then="{do: case.open, with: {ladder: desk, title: Down}}")  # fmt: skip
    assert told(run(text)) == []


@pytest.mark.parametrize(
    ("when", "case"),
    [
        ("{event: order_completed, where: event.total > 10}", "event: {total: 10}"),
        ("{event: cart_updated, without: order_completed, for: 24h}",
         "event: {cart_id: c1}\ntimeline: [{after: 23h, event: order_completed, total: 5}]"),
        ("{schedule: daily at 06:00, in_segment: loyal}", "given: {segments: []}"),
        ("{date: customer.renewal_date, before: [30d]}", "given: {renewal_date: 2026-03-01}"),
        ("{quiet: 45d, of: order_completed}", "history: [{ago: 10d, event: order_completed, total: 5}]"),
    ],
)  # fmt: skip
def test_a_trigger_that_does_not_happen_does_nothing(when: str, case: str) -> None:
    loyal = "segment: loyal\nenter_if: customer.orders >= 5\n"
    assert told(run(rule(when, f"{case}\nexpect: nothing"), loyal)) == []


def test_schedules_come_round_during_the_timeline_and_no_more_after_it() -> None:
    days = "timeline: [{after: 3d}]\nexpect: {times: 4}"
    daily = rule("{schedule: daily at 06:00}", f"at: 2026-01-05 06:00\n{days}", days, "expect: {times: 1}",
                 then="{run: slow}")  # fmt: skip
    slow = "workflow: slow\nclass: service\nreentry: always\nsteps: [{wait: 30d}]\n"
    assert told(run(daily, slow)) == []
