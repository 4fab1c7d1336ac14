"""Mending: people replay and settle what went wrong, and let failed runs go on, under the same key."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.errors import ConflictError, DeliveryError, NotFoundError
from engine.model.actions import SHIPPED
from engine.model.values import DAY, HOUR
from engine.runs.run import Run
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.records import OutboxRow

BY = "ops@example.com"
ORDER = {"customer": "ann", "event": "order_completed", "id": "o1", "total": 250}
ANN = {
    "customer": "ann", "event": "identify", "id": "i1",
    "traits": {"email": "ann@example.com", "marketing_email": True},
}  # fmt: skip
CART = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50}

REFUSED = DeliveryError("no such mailbox", retryable=False)
LOST = DeliveryError("no answer", uncertain=True, retryable=False)


def failing(*refusals: DeliveryError) -> tuple[Actions, Recorder]:
    recorder = Recorder(SHIPPED["email.send"], refusals=refusals)
    return Actions({"email.send": recorder}), recorder


def the_run(engine: Engine, workflow: str = "tell-desk") -> tuple[Run, list[OutboxRow], list[Any]]:
    """Give the run of a workflow, its effects, and its step attempts without their times."""
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow=workflow)
        steps = [(each.outcome.value, each.reason, dict(each.detail)) for each in reader.attempts(run.id)]
        return run, reader.effects(run.id), steps


def dead(engine: Engine) -> Sequence[OutboxRow]:
    with engine.store.reader() as reader:
        return reader.dead_letters()


@pytest.mark.parametrize("way", ["retry", "replay"])
def test_a_failed_run_goes_on_at_its_failed_step_under_the_same_key(
    open_engine: Any, clock: VirtualClock, way: str
) -> None:
    # given a run that stopped because its message was refused
    actions, recorder = failing(REFUSED)
    engine = open_engine(actions)
    engine.ingest([ORDER], source="shop").result()
    engine.run_until(clock.now())
    run, (row,), _ = the_run(engine)
    assert (run.status.value, run.reason, recorder.deliveries) == ("stopped", "effect_failed", [])

    # when a person lets it go on
    if way == "retry":
        engine.retry_run(run.id, BY).result()
    else:
        engine.replay_dead_letter(row.effect.key, BY).result()
    engine.run_until(clock.now())

    # then it was sent once, and the run completes; who it was is written down
    again, (sent,), steps = the_run(engine)
    assert (again.id, again.status.value, sent.outcome, sent.dead) == (run.id, "completed", "executed", False)
    assert [delivery.key for delivery in recorder.deliveries] == [row.effect.key]
    assert ("failed", "retry", {"by": BY}) in steps
    assert [outcome for outcome, *_ in steps] == ["failed", "failed", "executed"]
    assert dead(engine) == []


def test_a_replayed_message_has_all_its_retries_again(open_engine: Any, clock: VirtualClock) -> None:
    # given a message that was given up after its retries
    actions, recorder = failing(*[DeliveryError("busy")] * 4)
    engine = open_engine(actions)
    engine.ingest([ORDER], source="shop").result()
    engine.run_until(clock.now() + HOUR)
    (row,) = dead(engine)

    # when it is replayed, and refused once more
    engine.replay_dead_letter(row.effect.key, BY).result()
    engine.run_until(clock.now() + HOUR)

    # then it is tried again
    assert len(recorder.deliveries) == 1


def test_a_run_that_has_not_failed_is_not_retried(open_engine: Any, clock: VirtualClock) -> None:
    engine = open_engine(failing()[0])
    engine.ingest([ORDER], source="shop").result()
    engine.run_until(clock.now())
    with pytest.raises(ConflictError):
        engine.retry_run(the_run(engine)[0].id, BY).result()
    with pytest.raises(NotFoundError):
        engine.retry_run("none", BY).result()


def test_only_a_dead_letter_is_replayed_or_settled(open_engine: Any, clock: VirtualClock) -> None:
    engine = open_engine(failing()[0])
    engine.ingest([ORDER], source="shop").result()
    engine.run_until(clock.now())
    key = the_run(engine)[1][0].effect.key
    for act in (
        lambda key: engine.replay_dead_letter(key, BY),
        lambda key: engine.settle_dead_letter(key, "failed", None, BY),
    ):
        with pytest.raises(ConflictError):
            act(key).result()
        with pytest.raises(NotFoundError):
            act("none").result()


def uncertain(open_engine: Any, clock: VirtualClock) -> tuple[Engine, Recorder, OutboxRow]:
    """Give a run that went on after its first message, of which nobody knows whether it was taken."""
    actions, recorder = failing(LOST)
    engine: Engine = open_engine(actions)
    engine.ingest([ANN, CART], source="shop", may_grant=True).result()
    engine.run_until(clock.now() + DAY + HOUR)
    (row,) = dead(engine)
    run, _, _ = the_run(engine, "cart-recovery")
    assert (row.outcome, run.status.value, run.path != row.effect.path) == ("uncertain", "waiting", True)
    return engine, recorder, row


@pytest.mark.parametrize("outcome", ["executed", "failed"])
def test_what_a_person_has_found_out_changes_the_record_and_not_the_run(
    open_engine: Any, clock: VirtualClock, outcome: Any
) -> None:
    # given a run that went on while a message of it is uncertain
    engine, recorder, row = uncertain(open_engine, clock)
    before, _, _ = the_run(engine, "cart-recovery")

    # when a person says how it ended
    settled = engine.settle_dead_letter(row.effect.key, outcome, "seen in their log", BY).result()

    # then that is written down, nothing is sent, and the run stands where it stood
    assert (settled.outcome, settled.reason, settled.dead) == (outcome, "operator", False)
    run, _, steps = the_run(engine, "cart-recovery")
    told = {"action": "email.send", "by": BY, "note": "seen in their log"}
    assert steps[-1] == (outcome, "operator", told)
    assert (run.path, run.wait) == (before.path, before.wait)
    assert (recorder.deliveries, dead(engine)) == ([], [])
    engine.run_until(clock.now() + 3 * DAY)
    assert the_run(engine, "cart-recovery")[0].status.value == "completed"


def test_an_uncertain_message_is_sent_again_apart_from_its_run(open_engine: Any, clock: VirtualClock) -> None:
    # given a run that went on while a message of it is uncertain
    engine, recorder, row = uncertain(open_engine, clock)

    # when a person sends it again
    engine.replay_dead_letter(row.effect.key, BY).result()
    engine.run_until(clock.now())

    # then it leaves under its key, and the run stays where it is
    assert [delivery.key for delivery in recorder.deliveries] == [row.effect.key]
    run, effects, steps = the_run(engine, "cart-recovery")
    assert (run.status.value, effects[0].outcome) == ("waiting", "executed")
    assert steps[-1] == ("failed", "retry", {"by": BY})


def test_a_message_that_is_sent_again_is_checked_again(open_engine: Any, clock: VirtualClock) -> None:
    # given an uncertain message to somebody who has withdrawn consent since
    engine, recorder, row = uncertain(open_engine, clock)
    withdrawn = ANN | {"id": "i2", "traits": {"marketing_email": False}}
    engine.ingest([withdrawn], source="shop", may_grant=True).result()

    # when a person sends it again
    engine.replay_dead_letter(row.effect.key, BY).result()
    engine.run_until(clock.now())

    # then it does not leave, and is as uncertain as it was
    assert recorder.deliveries == []
    assert [(each.outcome, each.reason) for each in dead(engine)] == [("uncertain", "consent")]


def test_a_run_whose_key_runs_anew_is_not_retried(open_engine: Any, clock: VirtualClock) -> None:
    # given a run that stopped because its message was refused, and another of the same cart since
    actions, _ = failing(REFUSED)
    engine = open_engine(actions)
    engine.ingest([ANN, CART], source="shop", may_grant=True).result()
    engine.run_until(clock.now() + DAY + HOUR)
    stopped, _, _ = the_run(engine, "cart-recovery")
    engine.ingest([CART | {"id": "c2"}], source="shop").result()
    engine.run_until(clock.now() + DAY + HOUR)

    # when a person retries the first
    with pytest.raises(ConflictError):
        engine.retry_run(stopped.id, BY).result()
