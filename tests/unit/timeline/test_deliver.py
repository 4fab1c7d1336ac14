"""The moment of sending: checked again, tried again, and taken in however it ended."""

import msgspec
import pytest

from engine.runs.run import Effect
from engine.timeline import deliver
from engine.timeline.deliver import Result
from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine, instant

GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: marketing
key: event.cart_id
reentry: always
holdout: 0%
stop_when: [order_completed]
steps:
  - do: email.send
    with: {message: hello}
    on_failure: continue
    as: letter
  - wait: 1d
"""
CAPPED = """
policy:
  consent: {email: marketing_email}
  caps: [{class: marketing, at_most: 1 per 7d}]
"""


class Outbox:
    """One message of 10:00 that is due to leave, and what is asked of the core about it."""

    def __init__(self) -> None:
        self.engine = VirtualEngine(CONSENT, GO, FLOW, CAPPED)
        self.engine.identify("2026-03-02 09:00", **OPT_IN)
        self.engine.shut_outbox()
        self.engine.receive("2026-03-02 10:00", "go", cart_id="c1")
        self.changes = self.engine.simulation.changes
        self.effect: Effect = self.changes.effects[0]

    def attempt(self, at: str, effect: Effect | None = None) -> deliver.Attempt:
        simulation = self.engine.simulation
        one = effect or self.effect
        return deliver.attempt(simulation.world, simulation.cast, self.changes, one, instant(at))

    def settle(self, at: str, result: Result) -> None:
        simulation = self.engine.simulation
        deliver.settle(simulation.world, simulation.cast, self.changes, self.effect, result, instant(at))

    def give_back(self, at: str) -> None:
        simulation = self.engine.simulation
        deliver.give_back(
            simulation.world, simulation.cast, self.changes, self.effect, instant(at), "try again"
        )

    @property
    def log(self) -> list[tuple[int, bool]]:
        return [(sent.at, sent.reserved) for sent in self.engine.member().standing.contact.sends]


def test_a_message_that_may_go_takes_its_place_and_then_is_sent() -> None:
    outbox = Outbox()
    attempt = outbox.attempt("2026-03-02 10:01")
    assert (attempt.kind, attempt.class_) == ("go", "marketing")
    assert attempt.facts is not None
    assert attempt.facts["email"] == "ana@example.com"
    assert outbox.log == [(instant("2026-03-02 10:01"), True)]
    outbox.settle("2026-03-02 10:02", Result("executed", {"id": "m1"}))
    assert outbox.log == [(instant("2026-03-02 10:02"), False)]
    run = outbox.engine.run("flow")
    assert run.answers["letter"] == {"outcome": "executed", "id": "m1"}
    (sent,) = outbox.engine.recorded("message_sent")
    assert sent == {
        "run": run.id,
        "workflow": "flow",
        "step": "0",
        "message": "hello",
        "channel": "email",
        "cart_id": "c1",
    }


def test_a_place_that_is_taken_is_no_obstacle_to_the_next_attempt_of_the_same_message() -> None:
    outbox = Outbox()
    assert outbox.attempt("2026-03-02 10:01").kind == "go"
    outbox.give_back("2026-03-02 10:02")
    assert outbox.log == []
    assert outbox.attempt("2026-03-02 10:10").kind == "go"
    assert outbox.attempt("2026-03-02 10:11").kind == "go"
    assert len(outbox.log) == 1
    assert outbox.engine.outcomes(outbox.engine.run("flow")) == [("2026-03-02 10:02", "failed", "retry")]


def test_a_message_on_its_way_holds_its_place_against_another() -> None:
    outbox = Outbox()
    outbox.attempt("2026-03-02 10:01")
    outbox.engine.receive("2026-03-02 10:02", "go", cart_id="c2")
    second = outbox.engine.runs("flow")[1]
    assert outbox.engine.outcomes(second) == [("2026-03-02 10:02", "skipped", "frequency_cap")]


@pytest.mark.parametrize(("outcome", "kept"), [("failed", 0), ("uncertain", 1)])
def test_what_may_have_been_sent_counts_and_what_was_refused_does_not(outcome: str, kept: int) -> None:
    outbox = Outbox()
    outbox.attempt("2026-03-02 10:01")
    outbox.settle("2026-03-02 10:02", Result(outcome))  # type: ignore[arg-type]
    assert len(outbox.log) == kept
    assert len(outbox.engine.recorded("message_sent")) == kept
    run = outbox.engine.run("flow")
    assert run.answers["letter"]["outcome"] == outcome
    assert run.status.value == "waiting"


def test_a_message_of_a_run_that_has_ended_does_not_leave() -> None:
    outbox = Outbox()
    outbox.engine.receive("2026-03-02 10:01", "order_completed")
    assert outbox.attempt("2026-03-02 10:02").kind == "drop"
    assert outbox.log == []


def test_a_message_that_left_while_its_run_was_ended_counts_all_the_same() -> None:
    # given a message that is being sent when the order arrives
    outbox = Outbox()
    outbox.attempt("2026-03-02 10:01")
    outbox.engine.receive("2026-03-02 10:02", "order_completed")
    assert outbox.engine.ended("flow") == [("stopped", "exit")]
    # when it turns out to have left
    outbox.settle("2026-03-02 10:03", Result("executed"))
    # then it is known, and counts under the cap
    assert outbox.log == [(instant("2026-03-02 10:03"), False)]
    assert len(outbox.engine.recorded("message_sent")) == 1
    outbox.engine.receive("2026-03-02 11:00", "go", cart_id="c2")
    second = outbox.engine.runs("flow")[1]
    assert outbox.engine.outcomes(second) == [("2026-03-02 11:00", "skipped", "frequency_cap")]


def test_a_message_that_failed_while_its_run_was_ended_does_not() -> None:
    outbox = Outbox()
    outbox.attempt("2026-03-02 10:01")
    outbox.engine.receive("2026-03-02 10:02", "order_completed")
    outbox.settle("2026-03-02 10:03", Result("failed"))
    assert outbox.log == []


def test_a_message_is_left_out_when_consent_is_withdrawn_and_its_run_goes_on() -> None:
    outbox = Outbox()
    outbox.engine.identify("2026-03-02 10:01", marketing_email=False)
    assert outbox.attempt("2026-03-02 10:02").kind == "drop"
    run = outbox.engine.run("flow")
    assert run.answers["letter"] == {"outcome": "skipped", "reason": "consent"}
    assert run.due == instant("2026-03-03 10:02")


def test_a_paused_workflow_sends_nothing_until_it_goes_on() -> None:
    outbox = Outbox()
    outbox.engine.simulation.world.paused = frozenset(("*",))
    held = outbox.attempt("2026-03-02 10:01")
    assert (held.kind, held.until) == ("hold", instant("2026-03-02 10:02"))
    assert outbox.engine.outcomes(outbox.engine.run("flow")) == [("2026-03-02 10:01", "held", "paused")]
    outbox.engine.simulation.touched()
    outbox.engine.until("2026-03-02 10:03")
    assert len(outbox.engine.outcomes(outbox.engine.run("flow"))) == 3
    outbox.engine.simulation.world.paused = frozenset()
    outbox.engine.open_outbox("2026-03-02 10:05")
    assert outbox.engine.sent() == [("2026-03-02 10:05", "hello")]


def test_a_message_to_a_person_takes_no_place_of_the_customers() -> None:
    flow = FLOW.replace("{message: hello}", "{message: hello, to: sam@example.com}")
    engine = VirtualEngine(CONSENT, GO, flow, CAPPED)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    for cart in ("a", "b"):
        engine.receive("2026-03-02 10:00", "go", cart_id=cart)
    assert len(engine.delivered) == 2
    assert engine.member().standing.contact.sends == []


def unsure(outbox: Outbox) -> Effect:
    """Give the message as one that an attempt before this one may have sent."""
    return msgspec.structs.replace(outbox.effect, unsure=True)


def test_a_message_that_may_have_left_before_its_run_ended_is_uncertain_and_counts() -> None:
    outbox = Outbox()
    outbox.engine.receive("2026-03-02 10:01", "order_completed")
    assert outbox.attempt("2026-03-02 10:02", unsure(outbox)).kind == "drop"
    assert [(each.outcome, each.call_off) for each in outbox.changes.settled][-1] == ("uncertain", False)
    assert outbox.log == [(instant("2026-03-02 10:02"), False)]
    assert len(outbox.engine.recorded("message_sent")) == 1


def test_a_message_that_may_have_left_before_consent_went_is_uncertain_and_its_run_goes_on() -> None:
    outbox = Outbox()
    outbox.engine.identify("2026-03-02 10:01", marketing_email=False)
    assert outbox.attempt("2026-03-02 10:02", unsure(outbox)).kind == "drop"
    run = outbox.engine.run("flow")
    assert run.answers["letter"] == {"outcome": "uncertain"}
    assert outbox.engine.outcomes(run) == [("2026-03-02 10:02", "uncertain", None)]
    (uncertain,) = [each for each in outbox.changes.attempts if each.outcome.value == "uncertain"]
    assert uncertain.detail == {"action": "email.send", "refused": "consent"}


def test_a_message_that_may_have_left_before_a_pause_is_uncertain_and_not_held() -> None:
    outbox = Outbox()
    outbox.engine.simulation.world.paused = frozenset(("*",))
    assert outbox.attempt("2026-03-02 10:01", unsure(outbox)).kind == "drop"
    assert outbox.engine.outcomes(outbox.engine.run("flow")) == [("2026-03-02 10:01", "uncertain", None)]


def test_the_end_of_a_run_calls_off_only_what_waits() -> None:
    outbox = Outbox()
    outbox.engine.receive("2026-03-02 10:01", "order_completed")
    (called_off,) = outbox.changes.settled
    assert (called_off.key, called_off.outcome, called_off.call_off) == (outbox.effect.key, "cancelled", True)


def test_a_message_keeps_its_place_while_it_is_being_sent_though_its_run_has_ended() -> None:
    # given a message that is on its way when the customer does what ends its run
    outbox = Outbox()
    assert outbox.attempt("2026-03-02 10:01").kind == "go"
    simulation, run = outbox.engine.simulation, outbox.engine.run("flow")
    deliver.cancel(
        simulation.world, simulation.cast, outbox.changes, "ana", run.id, "op", instant("2026-03-02 10:01")
    )
    # then it counts under the caps as long as it may arrive, and after it has
    assert outbox.log == [(instant("2026-03-02 10:01"), True)]
    outbox.settle("2026-03-02 10:02", Result("executed"))
    assert outbox.log == [(instant("2026-03-02 10:02"), False)]


def test_what_has_not_left_gives_its_place_back() -> None:
    outbox = Outbox()
    assert outbox.attempt("2026-03-02 10:01").kind == "go"
    simulation = outbox.engine.simulation
    deliver.hand_back(
        simulation.world, simulation.cast, outbox.changes, outbox.effect, instant("2026-03-02 10:02")
    )
    assert outbox.log == []


def test_what_an_attempt_before_may_have_sent_keeps_its_place_when_it_is_refused_now() -> None:
    # given a message that may have been taken, whose next attempt is refused for a while
    outbox = Outbox()
    assert outbox.attempt("2026-03-02 10:01").kind == "go"
    outbox.effect = msgspec.structs.replace(outbox.effect, unsure=True)
    assert outbox.attempt("2026-03-02 10:05").kind == "go"
    outbox.give_back("2026-03-02 10:06")
    assert outbox.log == [(instant("2026-03-02 10:05"), True)]
