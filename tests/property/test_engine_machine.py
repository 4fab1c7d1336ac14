"""Whatever happens in whatever order, crashes among it, the engine comes to what a small model says."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.decisions.decision import Decision
from engine.errors import ConflictError
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.model.values import HOUR, MINUTE, SECOND, Micros
from engine.runs.run import Run
from engine.runtime.actions import Actions, Delivery
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.clock import VirtualClock
from engine.runtime.crashpoint import Crashed, Crashpoint, Point, arm
from engine.runtime.engine import Engine
from engine.store.opening import open_store
from tests.crash.market import SOURCE, arrivals, lay_out_market
from tests.crash.shop import START, event
from tests.servers import postgres_url

ALL = 100_000
CUSTOMERS = 3
POINTS: list[Point] = [
    "turn_opened", "before_flush", "before_commit", "after_commit", "due_claimed", "after_claim",
    "before_send", "after_send", "before_settle", "after_settle", "accepted", "before_answer",
]  # fmt: skip
WALK = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")


@cache
def empty_file() -> Path:
    """Give a file with nothing but the schema in it, which takes a while to make."""
    path = Path(tempfile.mkdtemp(prefix="holdfast-machine-")) / "empty.db"
    atexit.register(shutil.rmtree, path.parent)
    open_store(f"sqlite:///{path}").close()
    return path


class Order:
    """What the model knows of an order: `parcel` tells whether its run must see the parcel, None for may."""

    def __init__(self, id: str, customer: str, referrer: str, total: int, parcel: bool) -> None:
        self.id, self.customer, self.referrer, self.total = id, customer, referrer, total
        self.parcel: bool | None = parcel
        self.told = parcel
        self.cancelled = False


class Question:
    """What the model knows of a question: whether somebody has answered it."""

    def __init__(self, id: str, customer: str, due: Micros) -> None:
        self.id, self.customer, self.due = id, customer, due
        self.answer: str | None = None


class Slow:
    """A recorder during whose next delivery something happens."""

    def __init__(self, recorder: Recorder) -> None:
        self.spec = recorder.spec
        self._recorder = recorder
        self.meanwhile: Any = None

    def send(self, delivery: Delivery) -> dict[str, Any]:
        answers = self._recorder.send(delivery)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return answers


class EngineMachine(RuleBasedStateMachine):
    """An engine on a virtual clock beside the model; every rule does one thing to both."""

    store: ClassVar[str] = "sqlite"

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-machine-"))
        lay_out_market(self.folder, "http://127.0.0.1:9/")
        if self.store == "postgres":
            self.url = postgres_url()
        else:
            shutil.copyfile(empty_file(), self.folder / "holdfast.db")
            self.url = f"sqlite:///{self.folder / 'holdfast.db'}"
        _, self.recorded = recording()
        self.slow = Slow(self.recorded["webhook.call"])
        self.clock = VirtualClock(START)
        self.orders: list[Order] = []
        self.questions: list[Question] = []
        self.sent: dict[str, dict[str, Any]] = {}
        self.repeats, self.disturbed = 0, 0
        self.engine = self._opened()
        self._post(arrivals(START, CUSTOMERS))

    def _opened(self) -> Engine:
        senders = {**self.recorded, "webhook.call": self.slow}
        return Engine.open(self.folder, self.url, self.clock, actions=Actions(senders), work=False)

    def _post(self, events: list[dict[str, Any]]) -> None:
        answer = self.engine.ingest(events, source=SOURCE, may_grant=True).result()
        new = {one["id"]: one for one in events if one["id"] not in self.sent}
        assert (answer.accepted, answer.duplicates) == (len(new), len(events) - len(new))
        self.repeats += len(events) - len(new)
        self.sent.update(new)

    def _event(self, name: str, customer: str, about: str, **properties: Any) -> dict[str, Any]:
        return event(self.clock.now(), name, customer, f"{about}-{name}", **properties)

    def _run(self, workflow: str, key: str) -> Run:
        with self.engine.store.reader() as reader:
            (run,) = [run for run in reader.runs(workflow=workflow, limit=ALL) if run.key == key]
        return run

    @rule(who=st.integers(0, CUSTOMERS - 1), by=st.integers(0, CUSTOMERS - 1), parcel=st.booleans())
    def order(self, who: int, by: int, parcel: bool) -> None:
        """Somebody orders; the parcel may come before anybody waits for it."""
        number = len(self.orders)
        order = Order(f"o{number}", f"c{who:03}", f"c{by:03}", number + 1, parcel)
        self.orders.append(order)
        bill = {"order_id": order.id, "cart_id": order.id, "referrer": order.referrer, "total": order.total}
        told = [self._event("order_placed", order.customer, order.id, **bill)]
        if parcel:
            told.append(self._event("parcel_arrived", order.customer, order.id, order_id=order.id))
        self._post(told)

    @precondition(lambda self: any(not order.told for order in self.orders))
    @rule(data=st.data())
    def parcel(self, data: st.DataObject) -> None:
        """A parcel comes, in time or too late."""
        order = data.draw(st.sampled_from([order for order in self.orders if not order.told]))
        run = self._run("fulfil", order.id)
        if run.open and run.path in WALK[:4]:
            due = None if run.wait is None else run.wait.due
            order.parcel = True if due is None or due > self.clock.now() else None
        order.told = True
        self._post([self._event("parcel_arrived", order.customer, order.id, order_id=order.id)])

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """Some events come once more."""
        ids = data.draw(st.lists(st.sampled_from(sorted(self.sent)), min_size=1, max_size=4))
        self._post([self.sent[id] for id in ids])

    @rule(who=st.integers(0, CUSTOMERS - 1))
    def question(self, who: int) -> None:
        """A question comes up that a person has to answer."""
        asked = Question(f"q{len(self.questions)}", f"c{who:03}", self.clock.now() + HOUR)
        self.questions.append(asked)
        self._post([self._event("question_raised", asked.customer, asked.id, question_id=asked.id)])

    @precondition(lambda self: bool(self.questions))
    @rule(data=st.data(), choice=st.sampled_from(["call", "leave"]))
    def answer(self, data: st.DataObject, choice: str) -> None:
        """Somebody answers, maybe for the second time, maybe too late."""
        asked = data.draw(st.sampled_from(self.questions))
        run = self._run("consult", asked.id)
        with self.engine.store.reader() as reader:
            asks = reader.asks(limit=ALL) + reader.asks(answered=True, limit=ALL)
        (item,) = [each for each in asks if each.run == run.id]
        if asked.answer is None and self.clock.now() < asked.due:
            self.engine.answer_ask(item.id, choice, "desk").result()
            asked.answer = choice
        else:
            with pytest.raises(ConflictError):
                self.engine.answer_ask(item.id, choice, "desk").result()

    @precondition(lambda self: bool(self.orders))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Somebody calls a run off, maybe one that has ended."""
        order = data.draw(st.sampled_from(self.orders))
        try:
            ended = self.engine.cancel_run(self._run("fulfil", order.id).id, "desk").result()
        except ConflictError:
            assert not self._run("fulfil", order.id).open
        else:
            assert ended.status is RunStatus.CANCELLED and not order.cancelled
            order.cancelled = True

    @rule(by=st.sampled_from([SECOND // 2, SECOND, 2 * SECOND, 3 * SECOND, 2 * MINUTE, 2 * HOUR]))
    def later(self, by: Micros) -> None:
        """Time goes by, and nobody looks."""
        self.clock.move_to(self.clock.now() + by)

    @rule()
    def tick(self) -> None:
        """The worker makes a pass."""
        self.engine.tick()

    @rule()
    def lapse(self) -> None:
        """While an effect is sent, its lease runs out, and another process takes it over, if it may."""

        def overtake() -> None:
            self.disturbed += 1
            self.clock.move_to(self.clock.now() + 2 * MINUTE)
            if self.store == "postgres":
                with self._opened() as other:
                    other.tick()

        self.slow.meanwhile = overtake
        self.engine.tick()
        self.slow.meanwhile = None

    @rule(point=st.sampled_from(POINTS), number=st.integers(1, 3), data=st.data())
    def die(self, point: Point, number: int, data: st.DataObject) -> None:
        """The process dies while it works or takes events in, and another one starts."""
        self.disturbed += 1
        again = [self.sent[data.draw(st.sampled_from(sorted(self.sent)))]]
        arm(Crashpoint(point, number, "raise"))
        try:
            self.engine.tick()
            self._post(again)
        except Crashed:
            pass
        finally:
            arm(None)
        # What is on the disk is all that is left.
        self.engine.store.close()
        with suppress(Crashed):
            self.engine.close()
        self.engine = self._opened()

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        try:
            self.engine.run_until(self.clock.now() + 5 * HOUR)
            self._check()
        finally:
            self.engine.close()
            shutil.rmtree(self.folder)

    def _check(self) -> None:
        """Hold what there is against the model."""
        with self.engine.store.reader() as reader:
            runs = {(run.workflow, run.key): run for run in reader.runs(limit=ALL)}
            attempts = {run.id: reader.attempts(run.id) for run in runs.values()}
            effects = [row for run in runs.values() for row in reader.effects(run.id)]
            events = Counter(one.message_id for one in reader.events(limit=ALL) if one.source == SOURCE)
            customers = [f"c{number:03}" for number in range(CUSTOMERS)]
            postings = reader.postings(customers)
            coupons = Counter(coupon.run for coupon in reader.coupons(customers))
            number = len(reader.runs(limit=ALL))
            best = [each.customer for each in reader.decisions(rule="best", limit=ALL) if fired(each)]
        counted = self.engine.doctor()
        assert counted["balanced"] and counted["accepted"] == len(self.sent)
        assert events == dict.fromkeys(self.sent, 1)
        assert number == len(runs) == len(self.orders) + len(self.questions)
        points: Counter[str] = Counter()
        for order in self.orders:
            run = runs["fulfil", order.id]
            done = self._walked(run, attempts[run.id], order)
            points[order.customer] += order.total
            for path, gain in (("0", 10), ("4.then.0", 3), ("9", 2)):
                points[order.customer] += gain * (path in done)
            points[order.referrer] += "8" in done
            assert coupons[run.id] == ("5" in done)
        for asked in self.questions:
            assert runs["consult", asked.id].status is RunStatus.COMPLETED
            points[asked.customer] += 5 * (asked.answer == "call")
        assert len(best) == len(set(best))
        for customer in best:
            points[customer] += 5
        held = Counter[str]()
        for posting in postings:
            held[posting.customer] += sum(one.points for one in posting.entries if one.account == "available")
        assert held == points
        taken = Counter(one.key for one in self.recorded["webhook.call"].deliveries)
        assert {row.effect.key for row in effects if row.outcome == "executed"} <= set(taken)
        assert {row.state for row in effects} <= {"settled"}
        assert all(times <= 1 + self.disturbed for times in taken.values())

    def _walked(self, run: Run, rows: list[Any], order: Order) -> set[str]:
        assert [row.attempt for row in rows] == list(range(1, run.attempts + 1))
        paths = list(dict.fromkeys((row.seq, row.path) for row in rows))
        assert [seq for seq, _ in paths] == list(range(len(paths)))
        walked = tuple(path for _, path in paths)
        seen = "4.then.0" in walked
        whole = (*WALK[:5], "4.then.0", *WALK[5:]) if seen else WALK
        if order.cancelled:
            assert run.status is RunStatus.CANCELLED and walked == whole[: len(walked)]
        else:
            assert run.status is RunStatus.COMPLETED and walked == whole
            assert order.parcel is None or order.parcel == seen
        return {row.path for row in rows if row.outcome is StepOutcome.EXECUTED and row.verb == "do"}


def fired(decision: Decision) -> bool:
    return decision.outcome is DecisionOutcome.FIRED


class OnPostgres(EngineMachine):
    """The same on PostgreSQL."""

    store = "postgres"


@pytest.mark.parametrize(
    ("machine", "examples"), [(EngineMachine, 15), (OnPostgres, 8)], ids=["sqlite", "postgres"]
)
def test_the_engine_does_as_the_model_says(machine: type[EngineMachine], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, suppress_health_check=list(HealthCheck)
        ),
    )
