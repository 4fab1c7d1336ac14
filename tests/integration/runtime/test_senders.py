"""Senders: what is on its way while the engine goes on, and what becomes of it when something fails."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.errors import StoreError, TransientStoreError
from engine.model.actions import SHIPPED
from engine.model.values import DAY, HOUR, MINUTE, SECOND
from engine.runtime.actions import Actions, Delivery
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.delivery import leases, outbox
from engine.runtime.delivery.outbox import SENDERS, Outbox
from engine.runtime.engine import Engine

PATIENCE = 30.0


def orders(engine: Engine, number: int = 1, first: int = 0) -> None:
    """Let customers order, of each of which the desk is told."""
    raws = [
        {"customer": f"c{each}", "event": "order_completed", "id": f"o{each}", "total": 250}
        for each in range(first, first + number)
    ]
    engine.ingest(raws, source="shop").result()


def outcomes(engine: Engine) -> list[tuple[str, str | None, int]]:
    """Give state, outcome and claims of what the desk is told."""
    with engine.store.reader() as reader:
        rows = [row for run in reader.runs(workflow="tell-desk") for row in reader.effects(run.id)]
    return [(row.state, row.outcome, row.attempts) for row in rows]


class Gate:
    """Sends only once it is opened; says when so many wait at it."""

    spec = SHIPPED["email.send"]

    def __init__(self, expected: int = 1) -> None:
        self.open = threading.Event()
        self.full = threading.Event()
        self.keys: list[str] = []
        self._expected = expected
        self._lock = threading.Lock()

    def send(self, delivery: Delivery) -> dict[str, object]:
        with self._lock:
            self.keys.append(delivery.key)
            if len(self.keys) >= self._expected:
                self.full.set()
        assert self.open.wait(PATIENCE)
        return {}


class Line:
    """The way to the writer of an engine, which can be cut."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.error: StoreError | None = None
        self.calls = 0

    def __call__(self, work: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self._engine._writer.call(work).result()


def until(found: Callable[[], bool]) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        if found():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("error", [TransientStoreError("it is away"), StoreError("the disk is full")])
def test_what_was_sent_while_the_database_was_away_is_settled_when_it_is_back(
    open_engine, clock: VirtualClock, error: StoreError
) -> None:
    # given two messages that are sent, and a database that is away when they are back
    recorder = Recorder(SHIPPED["email.send"])
    engine = open_engine(Actions({"email.send": recorder}))
    orders(engine, 2)
    line = Line(engine)
    sender = Outbox(engine._shell, line)
    sender.deliver(wait=False)
    until(lambda: len(recorder.deliveries) == 2)
    line.error = error

    # when it stays away past every lease
    with pytest.raises(StoreError):
        sender.deliver()
    clock.move_to(clock.now() + DAY)
    with pytest.raises(StoreError):
        sender.deliver()
    line.error = None

    # then nothing is sent again, and both are settled by the first claim
    sender.deliver()
    assert outcomes(engine) == [("settled", "executed", 1)] * 2
    assert len(recorder.deliveries) == 2
    assert not sender.busy
    sender.close()


def test_no_more_is_claimed_than_can_be_sent_now(open_engine) -> None:
    # given more messages than senders
    gate = Gate(SENDERS)
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine, SENDERS + 3)
    sender = Outbox(engine._shell, Line(engine))

    # when every sender is at work
    assert sender.deliver(wait=False) == SENDERS
    assert gate.full.wait(PATIENCE)

    # then the others wait unclaimed, and go when senders are free
    assert sender.deliver(wait=False) == 0
    assert sorted(outcomes(engine)).count(("ready", None, 0)) == 3
    gate.open.set()
    sender.deliver()
    sender.deliver()
    assert outcomes(engine) == [("settled", "executed", 1)] * (SENDERS + 3)
    sender.close()


def test_a_slow_answer_delays_no_timer(open_engine, clock: VirtualClock) -> None:
    # given an engine at work whose senders all wait for an answer, and a cart left behind
    gate = Gate(SENDERS)
    engine = open_engine(Actions({"email.send": gate}), work=True)
    cart = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50}
    engine.ingest([cart], source="shop").result()
    orders(engine, SENDERS)
    assert gate.full.wait(PATIENCE)

    # when the timer is due
    clock.move_to(clock.now() + DAY + MINUTE)

    # then its rule fires while they still wait
    def fired() -> bool:
        with engine.store.reader() as reader:
            return bool(reader.runs(workflow="cart-recovery"))

    until(fired)
    assert not gate.open.is_set()
    gate.open.set()
    until(lambda: outcomes(engine) == [("settled", "executed", 1)] * SENDERS)


def test_what_is_being_sent_is_not_claimed_anew_when_the_clock_jumps(
    open_engine, clock: VirtualClock
) -> None:
    # given a message on its way
    gate = Gate()
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine)
    sender = Outbox(engine._shell, Line(engine))
    sender.deliver(wait=False)
    assert gate.full.wait(PATIENCE)

    # when the clock jumps past its lease, and something else comes
    clock.move_to(clock.now() + HOUR)
    orders(engine, 1, first=1)
    assert sender.deliver(wait=False) == 1

    # then only that is claimed
    gate.open.set()
    sender.deliver()
    assert outcomes(engine) == [("settled", "executed", 1)] * 2
    assert len(set(gate.keys)) == 2
    sender.close()


def test_a_lease_lasts_as_long_as_the_answer_takes(open_engine, clock: VirtualClock) -> None:
    # given a message on its way
    gate = Gate()
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine)
    sender = Outbox(engine._shell, Line(engine))
    sender.deliver(wait=False)
    assert gate.full.wait(PATIENCE)
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="tell-desk")
        (before,) = reader.effects(run.id)

    # when a pass comes by after a third of it
    sender._extended -= leases.DEFAULT / SECOND / 3
    clock.move_to(clock.now() + HOUR)
    sender.deliver(wait=False)

    # then nobody else may claim it for another lease
    with engine.store.reader() as reader:
        (after,) = reader.effects(run.id)
    assert before.lease_until is not None
    assert (after.lease_until, after.fence) == (clock.now() + leases.DEFAULT, before.fence)
    gate.open.set()
    sender.close()
    assert outcomes(engine) == [("settled", "executed", 1)]


def test_a_late_answer_is_told_as_overtaken(open_engine, clock: VirtualClock) -> None:
    # given a message on its way, which another process has taken over and settled
    gate = Gate()
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine)
    slow = Outbox(engine._shell, Line(engine))
    slow.deliver(wait=False)
    assert gate.full.wait(PATIENCE)
    clock.move_to(clock.now() + HOUR)
    gate.open.set()
    other = Outbox(engine._shell, Line(engine))
    other.deliver()
    other.close()

    # when the answer comes
    with capture_logs() as logs:
        slow.deliver()

    # then it counts for nothing, and is forgotten
    assert [line["effect"] for line in logs if line["event"] == "overtaken"] == [gate.keys[0]]
    assert outcomes(engine) == [("settled", "executed", 2)]
    assert not slow.busy
    slow.close()


def test_closing_waits_for_what_is_being_sent_and_settles_it(open_engine) -> None:
    # given a message on its way
    gate = Gate()
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine)
    sender = Outbox(engine._shell, Line(engine))
    sender.deliver(wait=False)
    assert gate.full.wait(PATIENCE)

    # when the sender is closed before it is back
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(sender.close)
        gate.open.set()
        closing.result(PATIENCE)

    # then it is settled
    assert outcomes(engine) == [("settled", "executed", 1)]


def test_closing_waits_no_longer_than_its_grace(open_engine) -> None:
    # given a message on its way
    gate = Gate()
    engine = open_engine(Actions({"email.send": gate}))
    orders(engine)
    sender = Outbox(engine._shell, Line(engine))
    sender.deliver(wait=False)
    assert gate.full.wait(PATIENCE)

    # when the sender is closed and it does not come back in time
    with capture_logs() as logs:
        sender.close(grace=0.01)

    # then that is told, and its lease stands
    assert [line["effect"] for line in logs if line["event"] == "left"] == gate.keys
    assert outcomes(engine) == [("leased", None, 1)]
    gate.open.set()


def test_what_was_claimed_and_has_not_left_is_handed_back(open_engine, folder: Path) -> None:
    # given a message that was claimed, and a sender that is closed before it is its turn
    recorder = Recorder(SHIPPED["email.send"])
    engine = open_engine(Actions({"email.send": recorder}))
    orders(engine)
    _, ready = engine._writer.call(lambda: outbox.claim(engine._shell)).result()
    sender = Outbox(engine._shell, Line(engine))
    sender.close()
    result = sender._send(ready[0])
    engine._writer.call(lambda: outbox.conclude(engine._shell, [result])).result()

    # then it has not left, and anybody may claim it at once
    assert recorder.deliveries == []
    assert outcomes(engine) == [("ready", None, 1)]
    engine.tick()
    assert len(recorder.deliveries) == 1
