"""What waits when a server is killed goes on with the next: timers, parked runs, schedules, a first start."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.decisions.decision import Decision
from engine.model.values import HOUR, MINUTE
from engine.runs.run import Run
from engine.store.opening import open_store
from tests.crash.deaths import Death
from tests.crash.server import Dead, Server
from tests.crash.shop import START, arrival, database_of, event, lay_out
from tests.crash.story import doctor_of, integrity, letters_in

ORDER = event(START, "order_completed", "ann", "o1", order_id="o1", total=150)
CART = event(START, "cart_updated", "bob", "k1", cart_id="k1", total=80)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop whose server was killed a minute after an order and a cart left behind."""
    folder = lay_out(tmp_path)
    with Server(folder, START) as server:
        server.post([arrival(START, "ann"), arrival(START, "bob"), ORDER, CART])
        server.move(START + MINUTE)
        server.kill()
    return folder


def decisions(folder: Path, rule: str) -> list[Decision]:
    store = open_store(database_of(folder), exclusive=False)
    with store.reader() as reader:
        found = reader.decisions(rule=rule)
    store.close()
    return found


def run_of(folder: Path, workflow: str) -> Run:
    store = open_store(database_of(folder), exclusive=False)
    with store.reader() as reader:
        (found,) = reader.runs(workflow=workflow)
    store.close()
    return found


def test_a_parked_run_and_an_armed_timer_go_on(folder: Path) -> None:
    # given a run that waits for a parcel, and a timer that waits for an order
    assert run_of(folder, "thank-you").status.value == "waiting"
    assert decisions(folder, "cart-left") == []
    letters = len(letters_in(folder))

    with Server(folder, START + MINUTE) as server:
        # when the timer's time comes
        server.move(START + 3 * MINUTE)
        # then the rule has fired at that instant, and its run has begun
        (left,) = decisions(folder, "cart-left")
        assert (left.at, left.outcome.value) == (START + 2 * MINUTE, "fired")
        assert run_of(folder, "cart-recovery").status.value == "waiting"
        assert len(letters_in(folder)) == letters + 1
        # when the parcel comes, then the run's next step is taken, and in its time the last one
        server.post([event(START + 3 * MINUTE, "parcel_arrived", "ann", "p1", order_id="o1")])
        server.move(START + 4 * MINUTE)
        assert len(letters_in(folder)) == letters + 2
        server.move(START + 10 * MINUTE)
        assert run_of(folder, "thank-you").status.value == "completed"


def test_what_fell_due_while_nobody_ran_is_done_at_its_own_instant(folder: Path) -> None:
    # when the next server starts more than two hours later
    with Server(folder, START + 2 * HOUR + 5 * MINUTE) as server:
        server.move(START + 2 * HOUR + 5 * MINUTE)

        # then the timer fires as of its due, and what it starts is done
        (left,) = decisions(folder, "cart-left")
        assert (left.at, left.outcome.value) == (START + 2 * MINUTE, "fired")
        # and of the schedule's missed times only the latest is made up for
        assert [each.at for each in decisions(folder, "rounds") if each.customer == "ann"] == [
            START + 110 * MINUTE
        ]
        # and the run that waited for the parcel has gone on without it
        server.move(START + 3 * HOUR)
        assert run_of(folder, "thank-you").status.value == "completed"
        assert run_of(folder, "cart-recovery").status.value == "completed"
        assert server.stop() == 0
    assert doctor_of(folder)["balanced"]


@pytest.mark.parametrize("number", [1, 3, 20, 45, 60])
def test_a_first_start_that_is_cut_short_is_made_up_for(tmp_path: Path, number: int) -> None:
    # given a server killed while it makes its database
    folder = lay_out(tmp_path)
    with pytest.raises(Dead), Server(folder, START, Death("statement", number)) as server:
        server.post([arrival(START, "ann")])
        server.move(START + MINUTE)
    # when another starts, then it serves as if it were the first
    with Server(folder, START) as server:
        server.post([arrival(START, "ann"), ORDER])
        server.move(START + MINUTE)
        assert server.stop() == 0
    assert [each.outcome.value for each in decisions(folder, "big-order")] == ["fired"]
    assert doctor_of(folder)["balanced"]
    assert integrity(folder) == "ok"
