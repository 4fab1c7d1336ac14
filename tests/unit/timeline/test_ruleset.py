"""What a ruleset knows of its rules besides what they say."""

from engine.timeline.ruleset import BASE
from tests.virtual_engine import ruleset

FACTS = """
facts:
  usage_drop: {drop: minutes, of: usage, recent: 2w, baseline: 8w, against_fleet: yes}
  own_drop: {drop: minutes, of: usage, recent: 2w, baseline: 8w}
  falling: customer.usage_drop >= 0.4
  alone: customer.own_drop >= 0.4
  worried: customer.falling or customer.alone
"""
SCORE = """
score: health
parts:
  usage: {weight: 1, is: 1 - customer.usage_drop}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
"""
CALM = """
score: mood
parts:
  usage: {weight: 1, is: 1 - customer.own_drop}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
"""
RULE = """
rule: called
when: {call: yes}
if: customer.own_drop > 0
then:
  - do: segment.add
    with: {segment: listed}
"""
LISTED = """
segment: listed
static: yes
"""


def test_what_rests_on_the_base_is_known_through_expressions_and_scores() -> None:
    based = ruleset(FACTS, SCORE, CALM).based
    assert {"customer.usage_drop", "customer.falling", "customer.worried"} <= based
    assert {"customer.health", "customer.health_band"} <= based
    assert based.isdisjoint({"customer.own_drop", "customer.alone", "customer.mood", "customer.mood_band"})


def test_the_base_itself_is_under_no_rule() -> None:
    rules = ruleset(FACTS, RULE, LISTED)
    assert list(rules.desk("acme", "account").rules) == []
    assert list(rules.desk("ana", "person").rules) == ["called"]
    assert list(rules.desk(BASE, "person").rules) == []


def test_policy_and_definitions_have_hashes_of_their_own() -> None:
    policy = "policy:\n  ceiling: 10 messages per customer per day\n"
    one, two = ruleset(FACTS, RULE, LISTED, policy), ruleset(FACTS, RULE, LISTED, policy.replace("10", "11"))
    assert one.policy_hash != two.policy_hash
    assert one.hash != two.hash
    assert one.desks["person"].rules["called"].hash == two.desks["person"].rules["called"].hash
