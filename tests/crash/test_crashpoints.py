"""Dying at every crash point of every kind of work comes to the same as never dying.

The engine is ended by an exception at the point, and opened again on the same database: what it has
committed by then is what it would have with kill -9, which a sample of real deaths is held to below.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from engine.loyalty.ledger import Posting
from engine.model.reasons import StepOutcome
from engine.model.values import DAY, HOUR, MINUTE, SECOND, Micros
from engine.runtime import crashpoint
from engine.runtime.actions.recorder import recording
from engine.runtime.audit.database import verify_database
from engine.runtime.clock import VirtualClock
from engine.runtime.crashpoint import POINTS, Crashed, Crashpoint, arm
from engine.runtime.engine import Engine
from engine.runtime.members import member_of
from engine.runtime.repeating import AnsweredBefore, Once
from engine.store.interface import Reader
from engine.store.records import Request
from tests.crash.market import FILES, SOURCE, lay_out_market
from tests.crash.shop import START, arrival, event
from tests.servers import postgres_copy, postgres_url

ALL = 100_000
AT = START + MINUTE
END = START + 10 * HOUR
"""When nothing is due any more but the next night."""

TURN = {"turn_opened", "before_flush", "before_commit", "after_commit"}
SENDING = {"after_claim", "before_send", "after_send", "before_settle", "after_settle"}

ORDER = event(AT, "order_placed", "ann", "o1", order_id="o1", cart_id="o1", referrer="bob", total=12)
CART = event(AT, "cart_updated", "ann", "k1", cart_id="k1")
ALERT = event(AT, "alert_raised", "ann", "a1", alert_id="a1")
QUESTION = event(AT, "question_raised", "ann", "q1", question_id="q1")
PAST = [
    event(START - number * DAY, "order_placed", "bob", f"past{number}", order_id=f"past{number}", total=7)
    for number in range(1, 1200)
]


class Life:
    """One life of an engine on a database, under a clock that starts where the one before stood."""

    def __init__(self, folder: Path, url: str, at: Micros, outside: Any) -> None:
        self.clock = VirtualClock(at)
        self.engine = Engine.open(folder, url, self.clock, actions=outside, work=False)

    def post(self, *events: dict[str, Any]) -> None:
        self.engine.ingest(events, source=SOURCE, may_grant=True).result()

    def go_to(self, instant: Micros) -> None:
        self.engine.run_until(instant)

    def once(self, key: str) -> Engine:
        """Give the engine for a request under an Idempotency-Key."""
        request = Request(key_id="tests", method="POST", path="/", key=key)
        return self.engine.acting_once(Once(request, "hash", lambda result: (200, b"{}")))

    def the(self, read: Callable[[Reader], list[Any]]) -> Any:
        """Give the one thing that something read finds."""
        with self.engine.store.reader() as reader:
            (found,) = read(reader)
        return found


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of work: what comes before it, what it is, at which points it comes by, when it begins.

    Where `files` change, it is the start of an engine itself.
    """

    points: set[str]
    before: Callable[[Life], object] = Life.post
    do: Callable[[Life], object] = Life.post
    at: Micros = AT
    files: dict[str, str] = {}


def tick(later: Micros) -> Callable[[Life], object]:
    def move(life: Life) -> None:
        life.clock.move_to(AT + later)
        life.engine.tick()

    return move


def ask(life: Life) -> None:
    id = life.the(lambda reader: reader.asks(answered=True) + reader.asks()).id
    life.once("answer").answer_ask(id, "call", "desk").result()


def acknowledge(life: Life) -> None:
    id = life.the(lambda reader: reader.cases()).id
    life.once("case").acknowledge_case(id, "desk").result()


def cancel(life: Life) -> None:
    id = life.the(lambda reader: reader.runs(workflow="fulfil")).id
    life.once("cancel").cancel_run(id, "desk").result()


def raise_question(life: Life) -> None:
    life.post(QUESTION)


def order_and(later: Micros) -> Callable[[Life], object]:
    def wait(life: Life) -> None:
        life.post(ORDER)
        life.go_to(AT + later)

    return wait


WORK = {
    "an event that starts a run": Work(
        points=TURN | {"accepted", "before_answer"}, do=lambda life: life.post(ORDER)
    ),
    "an event again": Work(
        points=TURN | {"accepted", "before_answer"},
        before=lambda life: life.post(ORDER),
        do=lambda life: life.post(ORDER),
    ),
    "a timer that is due": Work(
        points=TURN | SENDING | {"due_claimed"}, before=lambda life: life.post(CART), do=tick(2 * SECOND)
    ),
    "an effect that is sent": Work(
        points=TURN | SENDING, before=lambda life: life.post(ORDER), do=tick(0)
    ),
    "an effect that is sent at most once": Work(
        points=TURN | SENDING, before=lambda life: life.post(ALERT), do=tick(0)
    ),
    "an answer": Work(points=TURN, before=raise_question, do=ask),
    "a case that is acknowledged": Work(
        points=TURN, before=order_and(10 * SECOND), do=acknowledge, at=AT + 10 * SECOND
    ),
    "a run that is cancelled": Work(
        points=TURN, before=order_and(SECOND // 2), do=cancel, at=AT + SECOND // 2
    ),
    "customers who are one": Work(
        points=TURN | {"merge_bound"},
        before=order_and(SECOND // 2),
        do=lambda life: life.once("merge").merge_customers("bob", "ann", "desk").result(),
        at=AT + SECOND // 2,
    ),
    "the past": Work(
        points=TURN | {"accepted", "before_answer", "rebuilt_some", "import_begun", "import_accepted",
                       "import_settled", "midnight_computed", "midnight_kept"},
        do=lambda life: life.engine.import_events(PAST, source=SOURCE, history=True),
    ),
    "a checkpoint": Work(
        points={"sealed", "signed"},
        before=lambda life: life.post(ORDER),
        do=lambda life: life.engine.checkpoint().result(),
    ),
    "a midnight": Work(
        points=TURN | SENDING | {"midnight_computed", "midnight_kept", "due_claimed"},
        before=lambda life: life.post(ORDER),
        do=lambda life: life.go_to(START + 35 * MINUTE),
    ),
    "other files": Work(
        points=TURN | {"outage_kept", "release_marked", "rebuilt_some", "release_settled", "released"},
        before=order_and(SECOND // 2),
        do=lambda life: None,
        at=AT + 2 * MINUTE,
        files={
            "rules/facts.yaml": FILES["rules/facts.yaml"].replace("28d", "60d"),
            "rules/buyer.yaml": "segment: buyer\nowner: shop\nenter_if: customer.orders >= 1\n",
        },
    ),
    "a pause": Work(
        points={"paused"},
        do=lambda life: life.once("pause").pause("fulfil").result(),
    ),
}  # fmt: skip
"""Every kind of work, with exactly the points that it comes by."""

AT_MOST_ONCE = "an effect that is sent at most once"


class Noting:
    """Notes which points are come by, in place of dying at one."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def come_by(self, name: str) -> None:
        self.seen[name] += 1


class Trial:
    """A kind of work on a store, from the same beginning again and again."""

    def __init__(self, folder: Path, store: str, work: Work) -> None:
        self.work = work
        self._folder, self._store = folder, store
        self._copies = 0
        self._files = lay_out_market(folder / "market", "http://127.0.0.1:9/")
        self._prepared = postgres_url() if store == "postgres" else f"sqlite:///{folder / 'prepared.db'}"
        self.actions, self.recorded = recording()
        life = Life(self._files, self._prepared, START, self.actions)
        life.post(arrival(START, "ann"), arrival(START, "bob"))
        life.go_to(AT)
        work.before(life)
        life.engine.close()
        if work.files:
            lay_out_market(self._files, "http://127.0.0.1:9/", work.files)

    def _deliveries(self) -> Counter[str]:
        return Counter(each.key for one in self.recorded.values() for each in one.deliveries)

    def _database(self) -> str:
        if self._store == "postgres":
            return postgres_copy(self._prepared)
        self._copies += 1
        path = self._folder / f"{self._copies}.db"
        shutil.copyfile(self._folder / "prepared.db", path)
        return f"sqlite:///{path}"

    def _live(self, url: str) -> Life:
        return Life(self._files, url, self.work.at, self.actions)

    def undisturbed(self) -> tuple[dict[str, Any], Counter[str]]:
        """Give what it comes to, and how often it comes by each point."""
        noting, url = Noting(), self._database()
        self._forget()
        if not self.work.files:
            life = self._live(url)
        crashpoint._armed = cast(Any, noting)
        try:
            if self.work.files:
                life = self._live(url)
            self.work.do(life)
        finally:
            arm(None)
        return self._conclude(life), noting.seen

    def _forget(self) -> None:
        for one in self.recorded.values():
            one.deliveries.clear()

    def dying(self, point: Crashpoint) -> dict[str, Any]:
        """Die at a point, start again, do it again, and give what it comes to."""
        url = self._database()
        self._forget()
        life = None if self.work.files else self._live(url)
        arm(point)
        try:
            if life is None:
                life = self._live(url)
            self.work.do(life)
            raise AssertionError(f"nobody died at {point}")
        except Crashed:
            pass
        finally:
            arm(None)
            if life is not None:
                # The dead do nothing more: whatever closing would still settle finds no database.
                life.engine.store.close()
                with suppress(Crashed):
                    life.engine.close()
        life = self._live(url)
        try:
            self.work.do(life)
        except AnsweredBefore:
            pass
        return self._conclude(life)

    def _conclude(self, life: Life) -> dict[str, Any]:
        """Play everything to its end, and read what there is but for instants."""
        paused = sorted(life.engine.paused)
        life.engine.resume().result()
        life.post(event(life.clock.now(), "order_placed", "ann", "o9", order_id="o9", cart_id="o9",
                        referrer="bob", total=3))  # fmt: skip
        life.go_to(END)
        counted = life.engine.doctor()
        assert counted["balanced"] and not counted["pending"]
        life.engine.checkpoint().result()
        with life.engine.store.reader() as reader:
            found = outcome(reader)
            hold_to_account(reader, life.engine)
        found["facts"] = {
            id: {name: known.value for name, known in life.engine.customer(id).facts.items()}
            for id in found["books"]
        }
        life.engine.close()
        sent = self._deliveries()
        return found | {"paused": paused, "accepted": counted["accepted"], "sent": sent}


def hold_to_account(reader: Reader, engine: Engine) -> None:
    """Hold that everything decided and done is in the audit record once, and can be opened."""
    record = verify_database(reader, engine.verifier)
    assert (record.damages, record.unsealed) == ([], 0)
    assert record.counts["decision"] == len(reader.decisions(limit=ALL))
    runs = reader.runs(limit=ALL)
    assert record.counts["run_started"] == len(runs)
    assert record.counts["step"] == sum(len(reader.attempts(run.id)) for run in runs)


def outcome(reader: Reader) -> dict[str, Any]:
    """Give what is remembered, without the instants that a repeated effect may shift."""
    members = reader.members(None, ALL)
    customers = [row.id for row in members]
    runs = {run.id: run for run in reader.runs(limit=ALL)}
    for run in runs.values():
        numbers = [(each.seq, each.attempt) for each in reader.attempts(run.id)]
        assert [attempt for _, attempt in numbers] == list(range(1, run.attempts + 1))
    return {
        "events": Counter(
            # What is reached first may depend on when an effect was repeated; that it is reached does not.
            (one.source, one.name, one.customer, one.message_id if one.source == SOURCE else "")
            for one in reader.events(limit=ALL)
        ),
        "decisions": Counter((one.rule, one.customer, one.outcome) for one in reader.decisions(limit=ALL)),
        "runs": {
            (run.workflow, run.key): (run.customer, run.status, run.reason, *steps(reader, run.id))
            for run in runs.values()
        },
        "number of runs": len(runs),
        "postings": Counter((one.customer, one.key, points(one)) for one in reader.postings(customers)),
        "books": {
            row.id: [lot.available for lot in member_of(row).standing.ledger.book("rewards").lots]
            for row in members
        },
        "coupons": Counter(one.customer for one in reader.coupons(customers)),
        "cases": Counter((one.customer, one.status) for one in reader.cases(limit=ALL)),
        "asks": Counter((one.answer, one.by) for one in reader.asks(answered=True, limit=ALL)),
        "memberships": Counter(
            (row.segment, row.customer, row.valid_to is None)
            for id in customers for row in reader.memberships_of(id)
        ),
        "effects": {row.effect.key: row.outcome for id in ("", *runs) for row in reader.effects(id)},
        "budget": reader.budgets([("coupons", "2026-01-01")]),
        "releases": [one.files for one in reader.releases()],
        "marks": (reader.marks().importing, reader.marks().releasing),
        "names": sorted((one.id, one.survivor) for one in reader.aliases_of(*customers)),
    }  # fmt: skip


def unknown_after(point: str, time: int) -> bool:
    """Tell whether nobody knows, after a death, whether what may be sent once was sent."""
    settling = point in TURN - {"after_commit"} and time == 2
    return point in SENDING - {"after_settle"} or settling or (point, time) == ("after_commit", 1)


def uncertain(found: dict[str, Any]) -> None:
    """Hold that the alarm's effect has ended as uncertain, and take that for executed."""
    for key, outcome in found["effects"].items():
        if outcome == "uncertain":
            found["effects"][key] = "executed"
    *rest, (path, verb, ended, reason) = found["runs"]["alarm", "a1"]
    assert ended is StepOutcome.UNCERTAIN
    found["runs"]["alarm", "a1"] = (*rest, (path, verb, StepOutcome.EXECUTED, reason))


def steps(reader: Reader, run: str) -> list[tuple[Any, ...]]:
    return [(one.path, one.verb, one.outcome, one.reason) for one in reader.attempts(run)]


def points(posting: Posting) -> int:
    return sum(entry.points for entry in posting.entries if entry.account == "available")


@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_dying_at_any_point_comes_to_the_same(store: str, name: str, tmp_path: Path) -> None:
    # given what the work comes to when nobody dies, and the points that it comes by
    trial = Trial(tmp_path, store, WORK[name])
    wanted, seen = trial.undisturbed()
    assert set(seen) == WORK[name].points

    # when the engine dies at each of them, the first and the last time, and goes on
    for point, number in seen.items():
        for time in sorted({1, number}):
            found = trial.dying(Crashpoint(point, time, "raise"))  # type: ignore[arg-type]

            # then it has come to the same, and only what was on its way was sent again
            sent = {key: found["sent"][key] - wanted["sent"][key] for key in found["sent"] | wanted["sent"]}
            if name == AT_MOST_ONCE and unknown_after(point, time):
                assert set(sent.values()) <= {-1, 0}, (point, time, sent)
                uncertain(found)
            else:
                if point in ("after_send", "before_settle"):
                    assert 1 in sent.values(), (point, time, "was no death")
                again = point in SENDING - {"after_settle"} or point in TURN
                assert set(sent.values()) <= ({0, 1} if again else {0}), (point, time, sent)
            assert found | {"sent": None} == wanted | {"sent": None}, (point, time)


def test_every_point_is_come_by_in_some_work() -> None:
    assert set().union(*(work.points for work in WORK.values())) == POINTS
