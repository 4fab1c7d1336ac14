"""A run from step to step: each verb, what it answers, and how a run ends."""

from decimal import Decimal

import pytest

from engine.experiments.assignment import arm, bucket
from engine.model.values import Percent
from engine.timeline import deliver
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine, instant

GO = """
rule: go
when: {event: go}
then:
  - run: flow
    with: {size: =event.size}
"""
LIST = """
segment: listed
static: yes
"""


def flow(steps: str, head: str = "class: service\nreentry: always") -> str:
    return f"workflow: flow\n{head}\nneeds: {{size: number}}\nsteps:\n{steps}"


def started(steps: str, *texts: str, at: str = "2026-03-02 10:00", **properties: object) -> VirtualEngine:
    engine = VirtualEngine(CONSENT, GO, flow(steps), LIST, *texts)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive(at, "go", **properties)
    return engine


def verbs(engine: VirtualEngine) -> list[tuple[str, str, str | None]]:
    attempts = engine.attempts(engine.run("flow"))
    return [(one.verb, one.path, one.reason) for one in attempts]


def test_a_wait_in_days_keeps_the_time_on_the_wall() -> None:
    engine = VirtualEngine(GO, flow("  - wait: 1d\n"), timezone="Europe/Berlin")
    # 28 March 12:00 in Berlin is 11:00 UTC, and 29 March 12:00 is 10:00 UTC
    engine.receive("2026-03-28 11:00", "go")
    assert engine.run("flow").due == instant("2026-03-29 10:00")


@pytest.mark.parametrize(
    ("wait", "due"),
    [
        ("36h", "2026-03-03 22:00"),
        ("{until: '12:30'}", "2026-03-02 12:30"),
        ("{until: '09:00'}", "2026-03-03 09:00"),
        ("{until: '10:00'}", "2026-03-03 10:00"),
        ("{until: day 6}", "2026-03-08 10:00"),
        ("{until: =customer.renewal_date}", "2026-04-01 00:00"),
        ("{until: =customer.renewal_date - 2d}", "2026-03-30 00:00"),
    ],
)
def test_a_wait_is_over_at_a_moment(wait: str, due: str) -> None:
    facts = "facts: {renewal_date: {type: date}}"
    engine = VirtualEngine(facts, GO, flow(f"  - wait: {wait}\n"))
    engine.identify("2026-03-02 09:00", renewal_date="2026-04-01")
    engine.receive("2026-03-02 10:00", "go")
    assert engine.run("flow").due == instant(due)


def test_a_wait_until_a_time_is_in_the_customers_zone() -> None:
    engine = VirtualEngine(GO, flow("  - wait: {until: '09:00'}\n"))
    engine.identify("2026-03-02 09:00", timezone="America/New_York")
    engine.receive("2026-03-02 10:00", "go")
    assert engine.run("flow").due == instant("2026-03-02 14:00")


@pytest.mark.parametrize("until", ["=customer.renewal_date", "day 1"])
def test_a_moment_that_has_passed_is_over_at_once(until: str) -> None:
    facts = "facts: {renewal_date: {type: date}}"
    engine = VirtualEngine(facts, GO, flow(f"  - wait: 2d\n  - wait: {{until: {until}}}\n"))
    engine.identify("2026-03-02 09:00", renewal_date="2026-03-01")
    engine.receive("2026-03-02 10:00", "go")
    engine.until("2026-03-04 10:00")
    assert engine.ended("flow") == [("completed", None)]
    assert engine.run("flow").ended_at == instant("2026-03-04 10:00")


def test_days_are_counted_from_the_start_so_that_waits_do_not_add_up() -> None:
    engine = started("  - wait: {until: day 2}\n  - wait: 5h\n  - wait: {until: day 6}\n")
    engine.until("2026-03-04 15:00")
    assert engine.run("flow").due == instant("2026-03-08 10:00")


def test_an_awaited_event_answers_with_itself() -> None:
    steps = """  - wait_for: order_completed
    up_to: 2d
    as: order
  - if: run.order.timed_out
    then: [{stop: no-order}]
  - if: run.order.event['total'] > 50
    then: [{stop: great}]
    else: [{stop: small}]
"""
    engine = started(steps)
    engine.receive("2026-03-03 10:00", "order_completed", total=Decimal("50.01"))
    assert engine.ended("flow") == [("stopped", "great")]
    assert engine.run("flow").answers["order"] == {"timed_out": False, "event": {"total": Decimal("50.01")}}


def test_an_event_that_does_not_come_times_out() -> None:
    steps = "  - wait_for: order_completed\n    up_to: 2d\n    as: order\n  - if: run.order.timed_out\n" + (
        "    then: [{stop: no-order}]\n"
    )
    engine = started(steps)
    engine.until("2026-03-04 09:59")
    assert engine.ended("flow") == [("waiting", None)]
    engine.receive("2026-03-04 10:01", "order_completed")
    assert engine.ended("flow") == [("stopped", "no-order")]
    assert engine.run("flow").answers["order"] == {"timed_out": True, "event": None}


def test_an_event_at_the_very_end_of_the_wait_is_in_time() -> None:
    engine = started("  - wait_for: order_completed\n    up_to: 2d\n    as: order\n")
    engine.receive("2026-03-04 10:00", "order_completed")
    assert engine.run("flow").answers["order"]["timed_out"] is False


def test_a_wait_looks_back_to_the_start_past_what_an_earlier_one_used() -> None:
    steps = """  - wait: 1d
  - wait_for: order_completed
    up_to: 1d
    as: first
  - wait_for: order_completed
    up_to: 1d
    as: second
  - wait_for: order_completed
    up_to: 1d
    as: third
"""
    # given an order before the start, and two while the run waits for something else
    engine = VirtualEngine(GO, flow(steps))
    engine.receive("2026-03-02 09:00", "order_completed", order_id="before")
    engine.receive("2026-03-02 10:00", "go")
    engine.receive("2026-03-02 11:00", "order_completed", order_id="one")
    engine.receive("2026-03-02 12:00", "order_completed", order_id="two")
    engine.until("2026-03-03 10:00")
    # then each wait finds one of its own, and the last one waits
    answers = engine.run("flow").answers
    assert {name: answer["event"]["order_id"] for name, answer in answers.items()} == {
        "first": "one", "second": "two"
    }  # fmt: skip
    assert engine.ended("flow") == [("waiting", None)]


def test_an_order_received_late_that_occurred_before_the_start_is_not_it() -> None:
    engine = started("  - wait_for: order_completed\n    up_to: 2d\n")
    engine.receive("2026-03-02 11:00", "order_completed", occurred="2026-03-02 09:00")
    assert engine.ended("flow") == [("waiting", None)]


def test_an_event_at_the_instant_of_the_start_is_not_too_early() -> None:
    engine = started("  - wait_for: order_completed\n    up_to: 2d\n")
    engine.receive("2026-03-02 10:01", "order_completed", occurred="2026-03-02 10:00")
    assert engine.ended("flow") == [("completed", None)]


def test_an_awaited_event_must_match_and_satisfy_where() -> None:
    steps = (
        "  - wait_for: survey_answered\n    match: {ticket_id: event.ticket}\n    where: event.score >= 4\n"
        + ("    up_to: 2d\n")
    )
    engine = started(steps, ticket="t1")
    engine.receive("2026-03-02 11:00", "survey_answered", ticket_id="t2", score=5)
    engine.receive("2026-03-02 12:00", "survey_answered", ticket_id="t1", score=3)
    engine.receive("2026-03-02 13:00", "survey_answered", score=5)
    assert engine.ended("flow") == [("waiting", None)]
    engine.receive("2026-03-02 14:00", "survey_answered", ticket_id="t1", score=4)
    assert engine.ended("flow") == [("completed", None)]


@pytest.mark.parametrize(("size", "way"), [(10, "big"), (9, "small"), (None, "small")])
def test_an_if_goes_one_way_or_the_other_and_the_other_where_nobody_knows(size: int | None, way: str) -> None:
    steps = "  - if: input.size >= 10\n    then: [{stop: big}]\n    else: [{stop: small}]\n"
    engine = started(steps, size=size)
    assert engine.ended("flow") == [("stopped", way)]
    outcome = {10: "met", 9: "not_met", None: "unknown"}[size]
    assert verbs(engine)[0] == ("if", "0", outcome)


def test_steps_inside_have_paths_of_their_own() -> None:
    steps = """  - if: input.size >= 10
    then:
      - wait: 1h
      - if: input.size >= 20
        then: [{wait: 1h}]
  - wait: 1h
"""
    engine = started(steps, size=20)
    engine.until("2026-03-03 00:00")
    assert [path for _, path, _ in verbs(engine)] == ["0", "0.then.0", "0.then.1", "0.then.1.then.0", "1"]


def test_a_split_sends_a_customer_down_the_same_arm_for_ever() -> None:
    steps = """  - split: taste
    arms:
      plain: {share: 30%, then: [{stop: plain}]}
      sweet: {share: 70%, then: [{stop: sweet}]}
    as: taste
"""
    engine = VirtualEngine(GO, flow(steps))
    customers = [f"c{number}" for number in range(40)]
    for customer in customers:
        engine.receive("2026-03-02 10:00", "go", customer)
        engine.receive("2026-03-05 10:00", "go", customer)
    shares = {"plain": Percent.parse("30%"), "sweet": Percent.parse("70%")}
    for run in engine.runs("flow"):
        assert run.reason == arm("flow", "taste", run.customer, shares)
        assert run.answers["taste"] == {"arm": run.reason}
        assert (run.reason == "plain") == (bucket("flow/taste", run.customer) < 3000)
    assert {run.reason for run in engine.runs("flow")} == {"plain", "sweet"}


ASK = """  - ask:
      who: =customer.owner
      question: Call them?
      choices: [call, leave]
      up_to: 2d
      else: leave
    as: answer
  - if: run.answer.choice == 'call'
    then: [{stop: called}]
    else: [{stop: left}]
"""


def test_a_question_that_nobody_answers_goes_on_with_else() -> None:
    engine = started(ASK)
    engine.identify("2026-03-02 11:00", owner="sam@example.com")
    engine.until("2026-03-04 10:00")
    assert engine.ended("flow") == [("stopped", "left")]
    assert engine.run("flow").answers["answer"] == {"choice": "leave", "by": ""}


def test_a_question_is_answered_once() -> None:
    engine = VirtualEngine(GO, flow(ASK))
    engine.identify("2026-03-02 09:00", owner="sam@example.com")
    engine.receive("2026-03-02 10:00", "go")
    (ask,) = engine.simulation.changes.asks
    assert (ask.who, ask.question, ask.choices) == ("sam@example.com", "Call them?", ("call", "leave"))
    simulation, at = engine.simulation, instant("2026-03-03 10:00")

    def answer(choice: str) -> bool:
        world, cast, changes = simulation.world, simulation.cast, simulation.changes
        return deliver.answer(world, cast, changes, "ana", ask.run, choice, "sam", at)

    assert not answer("shout")
    assert answer("call")
    assert not answer("leave")
    assert engine.ended("flow") == [("stopped", "called")]
    assert engine.run("flow").answers["answer"] == {"choice": "call", "by": "sam"}


CHILD = """
workflow: child
class: service
reentry: after 1d
needs: {size: number}
steps:
  - wait: 1h
  - if: input.size > 5
    then: [{stop: too-big}]
"""
PARENT = """  - run: child
    with: {size: =input.size}
    as: child
  - if: run.child.outcome == 'completed'
    then: [{stop: fine}]
  - if: run.child.outcome == 'refused'
    then: [{stop: refused}]
  - stop: not-fine
"""


@pytest.mark.parametrize(("size", "reason"), [(5, "fine"), (6, "not-fine")])
def test_a_run_waits_for_its_child_and_hears_how_it_ended(size: int, reason: str) -> None:
    engine = started(PARENT, CHILD, size=size)
    assert engine.ended("flow") == [("waiting", None)]
    engine.until("2026-03-02 11:00")
    assert engine.ended("flow") == [("stopped", reason)]
    child = engine.run("child")
    assert child.parent == engine.run("flow").id
    assert child.input == {"size": size}


def test_a_child_that_ends_at_once_is_waited_for_too() -> None:
    engine = started(PARENT, CHILD.replace("  - wait: 1h\n", ""), size=5)
    assert engine.ended("flow") == [("stopped", "fine")]


def test_a_child_that_may_not_start_answers_so() -> None:
    engine = started(PARENT, CHILD, size=5)
    engine.until("2026-03-02 12:00")
    engine.receive("2026-03-02 12:00", "go", size=5)
    assert engine.ended("flow") == [("stopped", "fine"), ("stopped", "refused")]


def test_a_child_ends_with_its_parent() -> None:
    head = "class: service\nreentry: always\nstop_when: [order_completed]"
    engine = VirtualEngine(GO, flow(PARENT, head), CHILD)
    engine.receive("2026-03-02 10:00", "go", size=5)
    engine.receive("2026-03-02 10:30", "order_completed")
    assert engine.ended() == [("stopped", "exit"), ("stopped", "exit")]


def test_an_operator_may_end_a_run() -> None:
    engine = started("  - wait: 1d\n")
    simulation, run = engine.simulation, engine.run("flow")
    world, cast, changes = simulation.world, simulation.cast, simulation.changes
    at = instant("2026-03-02 11:00")
    assert deliver.cancel(world, cast, changes, "ana", run.id, "sam", at)
    assert not deliver.cancel(world, cast, changes, "ana", run.id, "sam", at)
    assert engine.ended("flow") == [("cancelled", "operator")]
    assert [one["status"] for one in engine.recorded("run_ended")] == ["cancelled"]


SEND = "  - do: email.send\n    with: {message: hello}\n"


@pytest.mark.parametrize(
    ("how", "ended", "answer"),
    [("stop", ("stopped", "effect_failed"), None), ("continue", ("completed", None), "failed")],
)
def test_a_do_that_fails_stops_the_run_unless_told_otherwise(
    how: str, ended: tuple[str, str | None], answer: str | None
) -> None:
    steps = f"{SEND}    on_failure: {how}\n    as: letter\n  - wait: 1h\n"
    engine = VirtualEngine(CONSENT, GO, flow(steps), POLICY, fails=frozenset(("email.send",)))
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 10:00", "go")
    engine.until("2026-03-02 12:00")
    assert engine.ended("flow") == [ended]
    assert engine.run("flow").answers.get("letter", {}).get("outcome") == answer
    assert engine.member().standing.contact.sends == []


def test_an_internal_do_that_cannot_be_done_fails_like_any_other() -> None:
    # given a reward that costs more points than there are
    program = """
program: rewards
earn:
  - when: order_completed
    points: event.total
tiers: {bronze: {from: 0}}
period: 12 months
downgrade: one_down
refund: within_balance
redeem: [{reward: mug, points: 100, gives: {coupon: {percent: 10}}}]
"""
    steps = "  - do: points.redeem\n    with: {reward: mug}\n    on_failure: continue\n    as: mug\n"
    engine = started(steps, program)
    run = engine.run("flow")
    assert engine.outcomes(run) == [("2026-03-02 10:00", "failed", "insufficient_points")]
    assert run.answers["mug"] == {"outcome": "failed", "reason": "insufficient_points"}
    assert run.status.value == "completed"


HELD_OUT = "class: marketing\nreentry: always\nholdout: 100%\ngoal: {event: order_completed, within: 7d}"


def test_a_held_out_run_walks_the_same_path_with_nothing_done() -> None:
    steps = """  - do: coupon.issue
    with: {percent: 10, worth: 10.00 EUR}
    as: offer
  - if: run.offer.outcome == 'executed'
    then:
      - do: email.send
        with: {message: hello}
  - run: child
    with: {size: =input.size}
    as: child
  - ask: {who: sam@example.com, question: Call?, choices: [call, leave], up_to: 2d, else: leave}
    as: answer
  - if: run.child.outcome == 'completed' and run.answer.choice == 'leave'
    then: [{stop: as-if}]
"""
    engine = VirtualEngine(CONSENT, GO, flow(steps, HELD_OUT), CHILD, POLICY)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 10:00", "go", size=9)
    engine.receive("2026-03-03 10:00", "order_completed")
    engine.until("2026-03-04 10:00")
    run, changes = engine.run("flow"), engine.simulation.changes
    assert (run.arm, run.reason) == ("held_out", "as-if")
    assert run.ended_at == instant("2026-03-04 10:00")
    # nothing was done
    assert (engine.sent(), changes.coupons, changes.asks, engine.runs("child")) == ([], [], [], [])
    assert {one.outcome.value for one in engine.attempts(run) if one.verb in ("do", "run")} == {"held_out"}
    # and it is analysed: who, in which arm, and whether the goal was reached
    assert [(one.arm, one.customer) for one in changes.exposures] == [("held_out", "ana")]
    assert run.goal_at == instant("2026-03-03 10:00")
