"""A release: what it changes is recorded, and fires only where a rule asks for it."""

import pytest

from tests.virtual_engine import VirtualEngine, told

FACTS = """
facts:
  health: {type: number}
  plan: {type: text}
"""
AT_RISK = """
segment: at-risk
enter_if: customer.health < 40
leave_if: customer.health >= 50
"""
SCORE = """
score: mood
parts:
  health: {weight: 1, is: customer.health / 100}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
"""
LISTED = """
segment: listed
static: yes
"""
THEN = "then:\n  - do: segment.add\n    with: {segment: listed}\n"


def rule(when: str, more: str = "") -> str:
    return f"rule: found\nwhen: {when}\n{more}{THEN}"


def before(*texts: str) -> VirtualEngine:
    engine = VirtualEngine(FACTS, LISTED, *texts)
    engine.identify("2026-03-02 10:00", health=30)
    engine.receive("2026-03-02 11:00", "order_completed")
    return engine


RELEASE = "2026-06-01 12:00"
WHEN = ["{enters: at-risk}", "{score: mood, becomes: red}", "{quiet: 45d, of: order_completed}"]


@pytest.mark.parametrize("when", WHEN)
def test_what_a_release_changes_fires_nothing(when: str) -> None:
    # given a customer for whom new files say something new
    engine = before().release(RELEASE, FACTS, LISTED, AT_RISK, SCORE, rule(when))
    engine.until("2026-07-01 00:00")
    # then it is so, with that cause, and nothing is told
    assert engine.member().standing.segments == ["at-risk"]
    assert engine.member().standing.scores["mood"].band == "red"
    assert [(told(one.at), one.cause) for one in engine.simulation.changes.memberships] == [
        (RELEASE, "release")
    ]
    assert engine.decisions("found") == []


@pytest.mark.parametrize("when", WHEN)
def test_a_rule_may_ask_for_it_and_is_asked_once(when: str) -> None:
    texts = (FACTS, LISTED, AT_RISK, SCORE, rule(when, "on_release: fire\n"))
    engine = before().release(RELEASE, *texts)
    assert engine.decisions("found") == [(RELEASE, "fired")]
    # another release changes nothing for the customer
    again = engine.release("2026-06-10 12:00", *texts, "facts: {seats: {type: number}}")
    again.until("2026-07-01 00:00")
    assert again.decisions("found") == []


def test_a_silence_that_was_told_is_not_told_by_a_release() -> None:
    texts = (FACTS, LISTED, rule(WHEN[2], "on_release: fire\n"))
    engine = before(texts[2])
    engine.until("2026-05-01 00:00")
    assert engine.decisions("found") == [("2026-04-16 11:00", "fired")]
    assert engine.release(RELEASE, *texts).decisions("found") == []


def test_what_comes_about_after_the_release_fires() -> None:
    engine = before().release(RELEASE, FACTS, LISTED, AT_RISK, rule("{leaves: at-risk}"))
    engine.identify("2026-06-02 10:00", health=60)
    assert engine.decisions("found") == [("2026-06-02 10:00", "fired")]


def test_timers_of_rules_that_are_gone_are_dropped_and_others_stay() -> None:
    kept = "rule: kept\nwhen: {event: cart, without: order, for: 200d}\n" + THEN
    gone = kept.replace("rule: kept", "rule: gone")
    engine = before(kept, gone)
    engine.receive("2026-03-02 12:00", "cart")
    assert len(engine.timers()) == 2
    after = engine.release(RELEASE, FACTS, LISTED, kept)
    assert list(after.member().standing.timers) == ["kept/0"]
    after.until("2026-12-31 00:00")
    assert after.decisions("kept") == [("2026-09-18 12:00", "fired")]


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", ["too_late", "fired"]), ("on_release: fire\n", ["fired", "fired"])],
    ids=["silently", "as it asks for"],
)
def test_dates_of_a_new_rule_are_planned(more: str, expected: list[str]) -> None:
    facts = FACTS + "  renewal_date: {type: date}\n"
    engine = VirtualEngine(facts, LISTED)
    engine.identify("2026-03-02 10:00", renewal_date="2026-07-01")
    dated = rule("{date: customer.renewal_date, before: [60d, 7d]}", more)
    after = engine.release(RELEASE, facts, LISTED, dated)
    after.until("2026-07-01 00:00")
    outcomes = list(zip((RELEASE, "2026-06-24 09:00"), expected, strict=True))
    assert after.decisions("found") == outcomes


def test_a_step_that_came_due_while_the_engine_stood_still_is_made_up_for() -> None:
    # given a timer of 20 May, and an engine that is started with other files on 1 June
    facts = FACTS + "  renewal_date: {type: date}\n"
    texts = (facts, LISTED, rule("{date: customer.renewal_date, before: 12d}"))
    engine = VirtualEngine(*texts)
    engine.identify("2026-03-02 10:00", renewal_date="2026-06-01")
    engine.stood_still = True
    after = engine.release("2026-05-25 12:00", *texts, SCORE)
    after.until("2026-05-26 00:00")
    assert after.decisions("found") == [("2026-05-25 12:00", "fired")]


def test_a_limit_holds_across_a_release() -> None:
    limited = rule("{event: looked}", "at_most: 1 per 365d\n")
    engine = before(limited)
    engine.receive("2026-05-02 12:00", "looked")
    after = engine.release(RELEASE, FACTS, LISTED, limited + "description: Reworded.\n")
    after.receive("2026-06-02 12:00", "looked")
    assert after.decisions("found") == [("2026-06-02 12:00", "at_most")]
