"""Delivery: what leaves the building, once, after every check was made again."""

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.values import DAY, HOUR, MINUTE, SECOND
from engine.runs.cases import TELL
from engine.runtime.actions import Actions, Delivery
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import outbox

ANN = {
    "customer": "ann", "event": "identify", "id": "i1",
    "traits": {"email": "ann@example.com", "name": "Ann", "marketing_email": True},
}  # fmt: skip
CART = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50}
ORDER = {"customer": "ann", "event": "order_completed", "id": "o1", "total": 250}


def known(engine: Any, *more: dict[str, Any]) -> None:
    engine.ingest([ANN, *more], source="shop", may_grant=True).result()


def mails(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted((folder / "outbox").glob("*.eml"))]


def test_a_timer_of_before_a_restart_still_fires(open_engine, folder: Path, clock: VirtualClock) -> None:
    # given a cart left behind, and an engine that is closed before its timer is due
    engine = open_engine()
    known(engine, CART)
    engine.close()

    # when another one runs past the timer
    open_engine().run_until(clock.now() + DAY)

    # then the reminder is in the folder, once
    (mail,) = mails(folder)
    assert "Subject: Your cart, Ann" in mail
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert re.search(r"^List-Unsubscribe: <http://127\.0\.0\.1:8080/u/[\w-]+>$", mail, re.MULTILINE)


def test_the_steps_of_a_run_come_at_their_times(open_engine, clock: VirtualClock, recorders) -> None:
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)
    engine.run_until(start + 10 * DAY)
    sent = [
        (delivery.arguments["message"], delivery.at - start) for delivery in recorded["email.send"].deliveries
    ]
    assert sent == [("cart-reminder", DAY), ("cart-last", 3 * DAY)]


def test_an_order_before_the_reminder_means_none(open_engine, clock: VirtualClock, recorders) -> None:
    # given a cart left behind
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)

    # when an order of that cart comes before a day is over
    engine.run_until(start + 20 * HOUR)
    engine.ingest([ORDER | {"cart_id": "k1", "total": 1}], source="shop").result()

    # then nothing is ever sent
    engine.run_until(start + 10 * DAY)
    assert recorded["email.send"].deliveries == []


def test_an_order_between_two_messages_ends_the_run(open_engine, clock: VirtualClock, recorders) -> None:
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)
    engine.run_until(start + 2 * DAY)
    engine.ingest([ORDER | {"total": 1}], source="shop").result()
    engine.run_until(start + 10 * DAY)
    assert len(recorded["email.send"].deliveries) == 1


def test_the_link_in_a_message_stops_the_next_one(open_engine, clock: VirtualClock, recorders) -> None:
    # given a reminder that was sent
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)
    engine.run_until(start + DAY)
    letter = recorded["email.send"].deliveries[0].letter
    assert letter is not None and letter.unsubscribe_url is not None

    # when its reader follows the link, twice
    token = letter.unsubscribe_url.rsplit("/", 1)[1]
    assert engine.unsubscribe(token).result().customer == "ann"
    engine.unsubscribe(token).result()

    # then the second message is not sent, and the run says why
    engine.run_until(start + 10 * DAY)
    assert len(recorded["email.send"].deliveries) == 1
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="cart-recovery")
        reasons = [(attempt.outcome.value, attempt.reason) for attempt in reader.attempts(run.id)]
    assert ("skipped", "suppressed") in reasons
    assert engine.doctor()["balanced"]


def test_a_link_of_nobody_is_refused(open_engine) -> None:
    from engine.errors import NotFoundError

    with pytest.raises(NotFoundError):
        open_engine().unsubscribe("AAAA")


def refusing(*refusals: DeliveryError) -> tuple[Actions, Recorder]:
    recorder = Recorder(SHIPPED["email.send"], refusals=refusals)
    return Actions({"email.send": recorder}), recorder


def test_a_refused_message_is_tried_again_under_the_same_key(open_engine, clock: VirtualClock) -> None:
    # given a mail server that refuses twice
    actions, recorder = refusing(DeliveryError("busy"), DeliveryError("busy", retry_after=60))
    engine, start = open_engine(actions), clock.now()
    known(engine, ORDER)

    # when time goes by
    engine.run_until(start + HOUR)

    # then it is taken at the third attempt, no earlier than was asked for
    (delivery,) = recorder.deliveries
    assert delivery.attempt == 3
    assert 60 * SECOND <= delivery.at - start <= 2 * MINUTE
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        attempts = [(attempt.outcome.value, attempt.reason) for attempt in reader.attempts(run.id)]
        (row,) = reader.effects(run.id)
    assert attempts == [("failed", "retry"), ("failed", "retry"), ("executed", None)]
    # under the key that it was put under, which the other side may have seen before
    assert delivery.key == row.effect.key
    assert run.status.value == "completed"


def test_a_message_refused_for_good_is_given_up(open_engine, clock: VirtualClock) -> None:
    # given refusals: one that is final
    actions, recorder = refusing(DeliveryError("no such mailbox", retryable=False))
    engine = open_engine(actions)
    known(engine, ORDER)
    engine.run_until(clock.now() + HOUR)

    # then nothing was sent and people find it among the dead letters
    assert recorder.deliveries == []
    with engine.store.reader() as reader:
        (row,) = reader.dead_letters()
    assert (row.outcome, row.effect.action) == ("failed", "email.send")
    assert engine.doctor()["dead_letters"] == 1


def test_a_message_is_given_up_after_the_retries_that_are_written(open_engine, clock: VirtualClock) -> None:
    # given a server that never takes it, and `retry: 2 times from 10s`
    actions, recorder = refusing(*[DeliveryError("busy")] * 10)
    engine = open_engine(actions)
    known(engine, ORDER)
    engine.run_until(clock.now() + DAY)
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        assert len(reader.attempts(run.id)) == 3
        assert [row.outcome for row in reader.dead_letters()] == ["failed"]
    assert recorder.deliveries == []


def test_a_lease_that_runs_out_sends_again_and_the_folder_holds_one(
    open_engine, folder: Path, clock: VirtualClock
) -> None:
    # given a message that was written into the folder by a process that died before it said so
    engine = open_engine()
    known(engine, ORDER)
    claimed, ready = engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    sender = outbox.Outbox(engine._shell, lambda job: job())
    sender._send(ready[0])
    sender.close()
    assert (claimed, len(mails(folder))) == (1, 1)

    # when the lease has run out
    engine.run_until(clock.now() + HOUR)

    # then it was sent again under the same key, which the folder takes once
    assert len(mails(folder)) == 1
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        (row,) = reader.effects(run.id)
    assert (row.outcome, row.attempts, run.status.value) == ("executed", 2, "completed")


def test_a_late_result_of_a_lost_claim_is_dropped(open_engine, clock: VirtualClock, recorders) -> None:
    # given an effect that was claimed, whose lease ran out, and which somebody else has claimed since
    engine = open_engine(recorders[0])
    known(engine, ORDER)
    _, (first,) = engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    clock.move_to(clock.now() + HOUR)
    _, (second,) = engine._writer.call(lambda: outbox.claim(engine._shell)).result()

    # when the first sender comes back with a failure, and then the second with success
    late = outbox.Sent(first, error=DeliveryError("lost", retryable=False))
    engine._writer.call(lambda: outbox.conclude(engine._shell, [late])).result()
    engine._writer.call(lambda: outbox.conclude(engine._shell, [outbox.Sent(second)])).result()

    # then only the second counts
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        (row,) = reader.effects(run.id)
        outcomes = [attempt.outcome.value for attempt in reader.attempts(run.id)]
    assert (row.outcome, run.status.value, outcomes) == ("executed", "completed", ["executed"])


def told(engine: Any) -> list[tuple[str | None, str | None]]:
    """Give outcome and reason of what the desk is told."""
    with engine.store.reader() as reader:
        rows = [row for run in reader.runs(workflow="tell-desk") for row in reader.effects(run.id)]
    return [(row.outcome, row.reason) for row in rows]


def test_what_a_dead_process_may_have_sent_is_uncertain_where_its_run_has_ended(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a message that was claimed by a process that died, and a run that is cancelled meanwhile
    actions, recorded = recorders
    engine = open_engine(actions)
    known(engine, ORDER)
    engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
    engine.cancel_run(run.id, "desk@example.com").result()
    assert told(engine) == [(None, None)]

    # when the lease has run out
    engine.run_until(clock.now() + HOUR)

    # then it is not sent again, and people are told that it may have been
    assert recorded["email.send"].deliveries == []
    assert told(engine) == [("uncertain", None)]
    assert engine.doctor()["dead_letters"] == 1


def test_what_is_being_sent_when_its_run_ends_is_known_to_have_been_sent(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a message on its way
    engine = open_engine(recorders[0])
    known(engine, ORDER)
    _, (ready,) = engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")

    # when its run is cancelled before the answer comes
    engine.cancel_run(run.id, "desk@example.com").result()
    engine._writer.call(lambda: outbox.conclude(engine._shell, [outbox.Sent(ready)])).result()

    # then the outbox says what happened
    assert told(engine) == [("executed", None)]


def test_an_answer_that_was_lost_makes_a_later_refusal_uncertain(open_engine, clock: VirtualClock) -> None:
    # given a server that gives no answer at first, and then refuses for good
    lost, refused = DeliveryError("no answer", uncertain=True), DeliveryError("no mailbox", retryable=False)
    engine = open_engine(refusing(lost, refused)[0])
    known(engine, ORDER)
    engine.run_until(clock.now() + HOUR)

    # then nobody knows whether the first one was taken
    assert told(engine) == [("uncertain", None)]


def test_a_run_that_ends_after_a_lost_answer_leaves_its_message_uncertain(
    open_engine, clock: VirtualClock
) -> None:
    # given a message that waits to be tried again because its answer was lost
    engine = open_engine(refusing(DeliveryError("no answer", uncertain=True))[0])
    known(engine, ORDER)
    engine.tick()
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")

    # when its run is cancelled
    engine.cancel_run(run.id, "desk@example.com").result()
    engine.run_until(clock.now() + HOUR)

    # then it is not called off as if it had never left
    assert told(engine) == [("uncertain", None)]


def test_a_cancelled_run_sends_nothing_more(open_engine, clock: VirtualClock, recorders) -> None:
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)
    engine.run_until(start + DAY)
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="cart-recovery")
    cancelled = engine.cancel_run(run.id, "ann@example.com").result()
    engine.run_until(start + 10 * DAY)
    assert (cancelled.status.value, cancelled.reason) == ("cancelled", "operator")
    assert len(recorded["email.send"].deliveries) == 1


def test_a_paused_workflow_holds_back_until_it_is_resumed(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a paused workflow whose message falls due, and a restart in between
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, CART)
    engine.pause("cart-recovery").result()
    engine.close()
    engine = open_engine(actions)
    engine.run_until(start + DAY + 2 * HOUR)
    assert recorded["email.send"].deliveries == []

    # when it is resumed
    engine.resume("cart-recovery").result()
    engine.run_until(start + DAY + 3 * HOUR)

    # then the message goes
    assert len(recorded["email.send"].deliveries) == 1


def test_what_is_paused_on_its_way_is_held_and_goes_once_later(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a message that was put on its way, and a pause before it left
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, ORDER)
    engine.pause().result()
    engine.run_until(start + HOUR)
    assert (engine.paused, recorded["email.send"].deliveries) == ({"*"}, [])
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        assert {(each.outcome.value, each.reason) for each in reader.attempts(run.id)} == {("held", "paused")}

    # when everything is resumed
    engine.resume().result()
    engine.run_until(start + 2 * HOUR)

    # then it leaves, once
    assert len(recorded["email.send"].deliveries) == 1


def test_what_is_held_when_its_run_ends_is_called_off(open_engine, clock: VirtualClock, recorders) -> None:
    # given a held message
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    known(engine, ORDER)
    engine.pause().result()
    engine.run_until(start + MINUTE // 2)
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")

    # when its run is cancelled, and nothing is paused any more
    engine.cancel_run(run.id, "desk@example.com").result()
    engine.resume().result()
    engine.run_until(start + HOUR)

    # then it never leaves, and nothing waits for it
    assert recorded["email.send"].deliveries == []
    with engine.store.reader() as reader:
        (row,) = reader.effects(run.id)
    assert (row.state, row.outcome) == ("settled", "cancelled")


class Telling:
    """Says when something was sent."""

    spec = SHIPPED["email.send"]

    def __init__(self) -> None:
        self.sent = threading.Event()

    def send(self, delivery: Delivery) -> dict[str, object]:
        self.sent.set()
        return {}


def test_a_worker_delivers_by_itself_when_the_clock_moves(open_engine, clock: VirtualClock) -> None:
    # given an engine at work, and a cart left behind
    action = Telling()
    engine = open_engine(Actions({"email.send": action}), work=True)
    known(engine, CART)

    # when the clock is past its timer
    assert not action.sent.is_set()
    clock.move_to(clock.now() + DAY + 1)

    # then the worker has sent the reminder
    assert action.sent.wait(timeout=30)


def test_a_worker_sends_at_once_what_an_event_brings_about(open_engine) -> None:
    action = Telling()
    engine = open_engine(Actions({"email.send": action}), work=True)
    known(engine, ORDER)
    assert action.sent.wait(timeout=30)


def test_the_recorder_has_every_external_action() -> None:
    actions, recorders = recording()
    external = {spec.name for spec in SHIPPED.values() if spec.kind == "external"}
    assert set(recorders) == external | {TELL}
    assert all(name in actions for name in recorders)
