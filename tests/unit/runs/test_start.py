"""Whether a run may start: status, hops, keys, re-entry, groups, consent and address."""

import pytest

from engine.runs.start import HOP_LIMIT
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine

RULE = """
rule: go
when: {event: go}
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: marketing
reentry: REENTRY
holdout: 0%
steps:
  - do: email.send
    with: {message: hello}
  - wait: 1d
"""
KEYED = """
workflow: flow
class: marketing
key: event.ticket
reentry: after 7d
holdout: 0%
steps:
  - do: email.send
    with: {message: hello}
  - wait: 1d
"""


def engine_for(flow: str, *texts: str) -> VirtualEngine:
    engine = VirtualEngine(CONSENT, RULE, flow, *(texts or (POLICY,)))
    engine.identify("2026-03-02 09:00", **OPT_IN)
    return engine


@pytest.mark.parametrize(
    ("reentry", "at", "reason"),
    [
        ("always", "2026-03-03 13:00", None),
        ("never", "2026-12-31 12:00", "reentry"),
        ("after 7d", "2026-03-08 23:59", "reentry"),
        ("after 7d", "2026-03-09 00:01", None),
        ("after 167h", "2026-03-09 10:59", "reentry"),
        ("after 167h", "2026-03-09 11:00", None),
    ],
)
def test_reentry_counts_from_the_last_start(reentry: str, at: str, reason: str | None) -> None:
    # given a run of 2 March at noon that took a day; days are those of the calendar, hours have elapsed
    engine = engine_for(FLOW.replace("REENTRY", reentry))
    engine.receive("2026-03-02 12:00", "go")
    engine.receive(at, "go")
    assert [run.reason for run in engine.runs("flow")] == [None, reason]


def test_one_run_at_a_time() -> None:
    engine = engine_for(FLOW.replace("REENTRY", "always"))
    engine.receive("2026-03-02 12:00", "go")
    engine.receive("2026-03-03 11:59", "go")
    engine.receive("2026-03-03 12:01", "go")
    assert engine.ended("flow") == [("completed", None), ("refused", "running"), ("waiting", None)]


def test_each_key_is_a_run_of_its_own() -> None:
    engine = engine_for(KEYED)
    for at, ticket in (("10:00", "a"), ("10:01", "b"), ("10:02", "a")):
        engine.receive(f"2026-03-02 {at}", "go", ticket=ticket)
    assert engine.ended("flow") == [("waiting", None), ("waiting", None), ("refused", "running")]
    assert [run.key for run in engine.runs("flow")] == ["a", "b", "a"]


def test_a_refused_run_takes_no_place() -> None:
    # given a run refused for want of consent
    engine = engine_for(KEYED)
    engine.identify("2026-03-02 09:30", marketing_email=False)
    engine.receive("2026-03-02 10:00", "go", ticket="a")
    # when there is consent, then it may start
    engine.identify("2026-03-02 10:30", marketing_email=True)
    engine.receive("2026-03-02 11:00", "go", ticket="a")
    assert engine.ended("flow") == [("refused", "consent"), ("waiting", None)]


def test_a_suppressed_customer_is_refused() -> None:
    engine = engine_for(KEYED)
    engine.receive("2026-03-02 09:30", "message_complained", channel="email")
    engine.receive("2026-03-02 10:00", "go", ticket="a")
    assert engine.ended("flow") == [("refused", "suppressed")]


def test_a_workflow_that_writes_to_nobody_needs_no_address() -> None:
    flow = """
workflow: flow
class: service
reentry: always
steps:
  - wait: 1d
"""
    engine = VirtualEngine(RULE, flow)
    engine.receive("2026-03-02 10:00", "go")
    assert engine.ended("flow") == [("waiting", None)]


@pytest.mark.parametrize("status", ["draft", "off"])
def test_a_workflow_that_is_not_live_starts_nothing(status: str) -> None:
    engine = engine_for(KEYED.replace("class:", f"status: {status}\nclass:", 1))
    engine.receive("2026-03-02 10:00", "go", ticket="a")
    assert engine.ended("flow") == [("refused", "not_live")]


GROUPED = """
policy:
  consent: {email: marketing_email}
  groups: {offers: [low, high]}
  order: [first, second]
"""


def offer(name: str, rank: str) -> tuple[str, str]:
    rule = f"""
rule: start-{name}
when: {{event: {name}}}
then:
  - run: {name}
"""
    flow = f"""
workflow: {name}
class: marketing
rank: {rank}
reentry: always
holdout: 0%
steps:
  - wait: 1d
  - do: email.send
    with: {{message: {name}}}
"""
    return rule, flow


def offers() -> VirtualEngine:
    engine = VirtualEngine(CONSENT, *offer("low", "second"), *offer("high", "first"), GROUPED)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    return engine


def test_a_group_refuses_a_lower_rank() -> None:
    engine = offers()
    engine.receive("2026-03-02 10:00", "high")
    engine.receive("2026-03-02 11:00", "low")
    engine.until("2026-03-10 00:00")
    assert engine.ended("low") == [("refused", "group")]
    assert engine.sent() == [("2026-03-03 10:00", "high")]


def test_a_higher_rank_of_a_group_stops_a_lower_at_its_next_do() -> None:
    engine = offers()
    engine.receive("2026-03-02 10:00", "low")
    engine.receive("2026-03-02 11:00", "high")
    engine.until("2026-03-03 09:59")
    assert engine.ended("low") == [("waiting", None)]
    engine.until("2026-03-10 00:00")
    assert engine.ended("low") == [("stopped", "outranked")]
    assert engine.run("low").detail == "high"
    assert engine.sent() == [("2026-03-03 11:00", "high")]


def test_a_circle_of_runs_is_cut_by_the_hop_limit() -> None:
    # given two rules that hand a customer to and fro between two lists
    texts = [
        text
        for name, other in (("red", "blue"), ("blue", "red"))
        for text in (
            f"rule: on-{name}\nwhen: {{enters: {name}}}\nthen:\n  - run: to-{other}\n",
            f"segment: {name}\nstatic: yes\n",
            f"workflow: to-{name}\nclass: service\nreentry: always\nsteps:\n"
            f"  - do: segment.add\n    with: {{segment: {name}}}\n"
            f"  - do: segment.remove\n    with: {{segment: {other}}}\n",
        )
    ]
    start = "rule: go\nwhen: {event: go}\nthen:\n  - run: to-red\n"
    engine = VirtualEngine(start, *texts)
    engine.receive("2026-03-02 10:00", "go")
    # then it ends
    ended = [reason or status for status, reason in engine.ended()]
    assert ended[-1] == "hops"
    assert ended[:-1] == ["completed"] * (HOP_LIMIT + 1)


@pytest.mark.parametrize(
    ("reentry", "left"), [("after 7d", 1), ("always", 1), ("never", 60)], ids=["after", "always", "never"]
)
def test_starts_are_remembered_as_long_as_re_entry_asks_for_them(reentry: str, left: int) -> None:
    # given a run for each of sixty keys, one every day
    engine = engine_for(KEYED.replace("after 7d", reentry))
    for number in range(60):
        month, day = divmod(number, 28)
        engine.receive(f"2026-{3 + month:02}-{day + 1:02} 10:00", "go", ticket=f"t{number}")
    kept = [place for place in engine.member().standing.starts if place.startswith("flow")]
    assert left <= len(kept) <= left + 31
    # and one who comes back in time is still known
    engine.receive("2026-05-05 11:00", "go", ticket="t59")
    assert engine.runs("flow")[-1].reason == (None if reentry == "always" else "reentry")


def test_only_marketing_is_assigned_to_an_arm_and_a_child_goes_with_its_parent() -> None:
    child = "workflow: child\nclass: marketing\nreentry: always\nholdout: 100%\nsteps:\n  - wait: 1d\n"
    parent = "workflow: flow\nclass: service\nreentry: always\nsteps:\n  - run: child\n"
    engine = VirtualEngine(CONSENT, RULE, parent, child, POLICY)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 10:00", "go")
    assert [(run.workflow, run.arm) for run in engine.runs()] == [("flow", "treated"), ("child", "treated")]
    assert engine.simulation.changes.exposures == []
