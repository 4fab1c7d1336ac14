"""C1: when, how often and with whose leave: quiet hours, caps, opt-out, and who speaks first."""

import pytest

from engine.authoring.loader import load
from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine, files

RULE = """
rule: due
when: {event: due}
then:
  - run: newsletter
"""
NEWSLETTER = """
workflow: newsletter
class: marketing
key: event.number
reentry: always
holdout: 0%
steps:
  - do: email.send
    with: {message: news}
  - do: segment.add
    with: {segment: written-to}
"""
WRITTEN_TO = """
segment: written-to
static: yes
"""
QUIET = """
policy:
  quiet_hours: {marketing: "21:00-08:00", in: customer time, on_quiet: hold, at_most: 72h}
  consent: {email: marketing_email}
"""
QUIET_EVERYWHERE = """
policy:
  quiet_hours: {marketing: "21:00-08:00", in: customer time, on_quiet: hold, at_most: 72h}
  zone_unknown: [ZONES]
  consent: {email: marketing_email}
"""
CAPPED = """
policy:
  caps: [{class: marketing, at_most: 2 per 7d, window: rolling, on_capped: skip}]
  consent: {email: marketing_email}
"""
RANKED = """
policy:
  consent: {email: marketing_email}
  order: [win-back, cart]
  arbitrate_within: 1h
"""
RULES = tuple(
    f"""
rule: {name}-due
when: {{event: {name}}}
then:
  - run: {name}
"""
    for name in ("win", "cart")
)
RUNS = tuple(
    f"""
workflow: {name}
class: marketing
rank: {rank}
reentry: always
holdout: 0%
steps:
  - wait: 2h
  - do: email.send
    with: {{message: {name}}}
    as: letter
  - do: segment.add
    with: {{segment: written-to}}
"""
    for name, rank in (("win", "win-back"), ("cart", "cart"))
)


def reader(*policy: str, **traits: object) -> VirtualEngine:
    engine = VirtualEngine(CONSENT, RULE, NEWSLETTER, WRITTEN_TO, *policy)
    engine.identify("2026-01-02 10:00", **OPT_IN, **traits)
    return engine


@pytest.mark.parametrize(
    ("due", "goes"),
    [("2026-03-08 03:30", "2026-03-08 12:00"), ("2026-11-01 02:30", "2026-11-01 13:00")],
    ids=["the night the clocks go forward", "the night they go back"],
)
def test_c1_a_message_waits_for_the_customers_morning(due: str, goes: str) -> None:
    engine = reader(QUIET, timezone="America/New_York")
    engine.receive(due, "due", number=1)
    engine.until("2026-12-01 00:00")
    assert engine.sent() == [(goes, "news")]
    assert engine.outcomes(engine.run("newsletter"))[0] == (due, "held", "quiet_hours")


def test_c1_without_a_zone_the_workspaces_counts() -> None:
    engine = reader(QUIET)
    engine.receive("2026-03-08 03:30", "due", number=1)
    engine.until("2026-03-09 00:00")
    assert engine.sent() == [("2026-03-08 08:00", "news")]


def test_c1_with_a_list_of_zones_the_hours_must_be_open_in_all() -> None:
    # London and New York share the hours from 13:00 to 21:00 UTC in winter
    engine = reader(QUIET_EVERYWHERE.replace("ZONES", "Europe/London, America/New_York"))
    engine.receive("2026-01-08 09:30", "due", number=1)
    engine.until("2026-01-09 00:00")
    assert engine.sent() == [("2026-01-08 13:00", "news")]


def test_c1_a_list_of_zones_that_leaves_under_two_hours_is_refused() -> None:
    policy = QUIET_EVERYWHERE.replace("ZONES", "America/New_York, Europe/London, Asia/Tokyo")
    loaded = load(files(CONSENT, RULE, NEWSLETTER, WRITTEN_TO, policy))
    assert [finding.code for finding in loaded.errors] == ["never-open"]


def test_c1_the_third_message_in_seven_days_is_left_out_and_the_run_goes_on() -> None:
    engine = reader(CAPPED)
    for number, at in enumerate(("2026-03-02 10:00", "2026-03-04 10:00", "2026-03-06 10:00"), 1):
        engine.receive(at, "due", number=number)
    engine.until("2026-03-20 00:00")
    assert [at for at, _ in engine.sent()] == ["2026-03-02 10:00", "2026-03-04 10:00"]
    third = engine.runs("newsletter")[2]
    assert engine.outcomes(third) == [
        ("2026-03-06 10:00", "skipped", "frequency_cap"),
        ("2026-03-06 10:00", "executed", None),
    ]
    assert third.status.value == "completed"


def test_c1_after_an_opt_out_between_decision_and_send_nothing_is_sent() -> None:
    engine = reader(QUIET)
    engine.shut_outbox()
    engine.receive("2026-03-02 10:00", "due", number=1)
    engine.receive("2026-03-02 10:01", "unsubscribed", channel="email")
    engine.open_outbox("2026-03-02 10:02")
    assert engine.sent() == []
    assert engine.outcomes(engine.run("newsletter"))[0] == ("2026-03-02 10:02", "skipped", "suppressed")


@pytest.mark.parametrize("first", ["win", "cart"])
def test_c1_of_two_marketing_runs_in_an_hour_one_sends(first: str) -> None:
    # given two messages that come due 30 minutes apart
    engine = VirtualEngine(CONSENT, *RULES, *RUNS, WRITTEN_TO, RANKED)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    second = {"win": "cart", "cart": "win"}[first]
    engine.receive("2026-03-02 10:00", first)
    engine.receive("2026-03-02 10:30", second)
    engine.until("2026-03-03 00:00")
    # then the higher rank speaks, and the other run goes on without having spoken
    assert [name for _, name in engine.sent()] == ["win"]
    assert engine.outcomes(engine.run("cart"))[0][1:] == ("skipped", "outranked")
    assert engine.run("cart").answers["letter"] == {"outcome": "skipped", "reason": "outranked"}
    assert engine.ended() == [("completed", None), ("completed", None)]
