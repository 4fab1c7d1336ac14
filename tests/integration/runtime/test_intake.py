"""Intake against a real database: every event once, no neighbour harmed, everything counted."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import wait
from decimal import Decimal
from pathlib import Path

import pytest

from engine.customers.event import Event
from engine.errors import DatabaseInUseError, StoreError
from engine.runtime import intake
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.intake import Unreadable

ORDER = {"customer": "ann", "event": "order_completed", "id": "o1", "at": "2026-01-05T11:00:00Z", "total": 10}


def test_an_event_posted_twice_is_stored_once(open_engine) -> None:
    # given an event, and the same id with another body
    engine = open_engine()
    first = engine.ingest([ORDER], source="shop").result()
    again = engine.ingest([ORDER], source="shop").result()
    other = engine.ingest([ORDER | {"total": 11}], source="shop").result()

    # then the first is accepted, the second a duplicate, the third a conflict that is told
    assert (first.accepted, again.duplicates) == (1, 1)
    assert other.conflicts == ({"index": 0, "source": "shop", "message_id": "o1"},)
    assert engine.customer("ann").facts["orders"].value == 1
    assert engine.customer("ann").facts["spend_28d"].value == 10


def test_a_duplicate_inside_one_request_is_one_event(open_engine) -> None:
    answer = open_engine().ingest([ORDER, ORDER], source="shop").result()
    assert (answer.accepted, answer.duplicates) == (1, 1)


def test_events_that_nothing_tells_apart_all_count(open_engine) -> None:
    engine = open_engine()
    engine.ingest([{"customer": "ann", "event": "order_completed"}] * 3, source="shop").result()
    assert engine.customer("ann").facts["orders"].value == 3


def test_bad_events_cost_no_neighbour(open_engine) -> None:
    # given good events around some that cannot be accepted
    engine = open_engine()
    nested: object = "x"
    for _ in range(5000):
        nested = [nested]
    raws = [
        ORDER,
        "no object",
        {"event": "order_completed"},
        {"customer": "ann", "event": "order_completed", "id": "n", "total": float("nan")},
        {"customer": "ann", "event": "order_completed", "id": "s", "total": "\ud800"},
        {"customer": "ann", "event": "order_completed", "id": "d", "deep": nested},
        {"customer": "ann", "event": "identify", "id": "p", "traits": {"marketing_email": True}},
        Unreadable("invalid_json", "the bytes are not JSON", b"{"),
        ORDER | {"id": "o2"},
    ]

    # when they are posted with a key that may not grant
    answer = engine.ingest(raws, source="shop").result()

    # then the good ones count and each of the others is in quarantine with its reason
    assert answer.accepted == 2
    assert [(entry["index"], entry["code"]) for entry in answer.quarantined] == [
        (1, "not_an_object"),
        (2, "no_customer"),
        (3, "bad_value"),
        (4, "bad_value"),
        (5, "too_deep"),
        (6, "protected"),
        (7, "invalid_json"),
    ]
    assert engine.customer("ann").facts["orders"].value == 2
    assert engine.doctor()["balanced"]
    with engine.store.reader() as reader:
        assert [entry.code for entry in reader.quarantine_list()] == [
            entry["code"] for entry in answer.quarantined
        ]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({"customer": "ann", "total": Decimal("1.10")}, '{"customer":"ann","total":1.10}'),
        ({"total": float("nan"), "price": Decimal("0.5")}, '{"total": NaN, "price": 0.5}'),
        ({"total": Decimal("9" * 5000)}, '{"total": Infinity}'),
        ({"name": "\ud800"}, r'{"name": "\ud800"}'),
        (Unreadable("bad_name", "of no type", decoded={"type": "x"}), '{"type":"x"}'),
    ],
    ids=["exact", "no number", "too long a number", "half a surrogate", "of no meaning"],
)
def test_what_is_in_quarantine_says_what_was_sent(open_engine, raw: object, kept: str) -> None:
    engine = open_engine()
    engine.ingest([raw], source="shop").result()
    with engine.store.reader() as reader:
        [entry] = reader.quarantine_list()
    assert entry.body.decode() == kept


def test_an_event_that_the_core_fails_on_costs_no_neighbour(
    open_engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a customer who is in memory, and a core that fails on an event after it has touched them
    play = intake.play_event

    def failing(world, cast, changes, event: Event) -> None:
        play(world, cast, changes, event)
        if event.properties.get("total") == 13:
            raise ZeroDivisionError

    monkeypatch.setattr(intake, "play_event", failing)
    engine = open_engine()
    engine.ingest([ORDER], source="shop").result()

    # when it comes between two good ones of the same customer
    raws = [ORDER | {"id": f"n{total}", "total": total} for total in (1, 13, 2)]
    answer = engine.ingest(raws, source="shop").result()

    # then only it is in quarantine, and has left no trace
    assert answer.accepted == 2
    assert [(entry["index"], entry["code"]) for entry in answer.quarantined] == [(1, "core_error")]
    engine.ingest([ORDER | {"id": "last", "total": 5}], source="shop").result()
    assert engine.customer("ann").facts["spend_28d"].value == 18
    assert engine.doctor()["balanced"]


def test_requests_that_wait_are_all_answered_each_with_its_own(open_engine) -> None:
    # given many requests at once, among them a refused event and a repeated one
    engine = open_engine()
    futures = [engine.ingest([ORDER | {"id": f"o{number}"}], source="shop") for number in range(300)]
    futures.append(engine.ingest(["bad"], source="shop"))
    futures.append(engine.ingest([ORDER | {"id": "o7"}], source="shop"))

    # then every answer is its own
    wait(futures)
    answers = [future.result() for future in futures]
    assert [answer.accepted for answer in answers] == [1] * 300 + [0, 0]
    assert len(answers[300].quarantined) == 1
    assert answers[301].duplicates == 1
    assert engine.doctor()["balanced"]


def test_what_is_received_never_goes_back_over_a_restart(
    folder: Path, clock: VirtualClock, database: str
) -> None:
    # given an event, and an engine that is opened again under a clock that was set back
    with Engine.open(folder, database, clock, work=False) as engine:
        engine.ingest([ORDER], source="shop").result()
    with Engine.open(folder, database, VirtualClock(clock.now() - 10**9), work=False) as engine:
        engine.ingest([ORDER | {"id": "o2"}], source="shop").result()

        # then the later event was not received earlier
        with engine.store.reader() as reader:
            received = [event.received_at for event in reader.events_of(["ann"])]
    assert received == [clock.now(), clock.now()]


def test_a_closed_engine_takes_nothing(open_engine) -> None:
    engine = open_engine()
    engine.close()
    with pytest.raises(StoreError):
        engine.ingest([ORDER], source="shop")


def test_a_second_engine_on_a_file_is_refused(folder: Path, clock: VirtualClock) -> None:
    url = f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, url, clock, work=False), pytest.raises(DatabaseInUseError):
        Engine.open(folder, url, clock, work=False)


def test_a_client_that_hangs_up_stops_nobody(open_engine) -> None:
    # given many requests of which some are called off while they wait
    engine = open_engine()
    futures = [engine.ingest([ORDER | {"id": f"o{number}"}], source="shop") for number in range(100)]
    gone = [future for future in futures[::2] if future.cancel()]

    # then the others are answered, and what was called off was not taken in
    accepted = sum(future.result().accepted for future in futures if future not in gone)
    assert accepted == 100 - len(gone)
    assert engine.doctor()["accepted"] == accepted


POSTER = """
    import sys
    from pathlib import Path
    from engine.runtime.clock import VirtualClock
    from engine.runtime.engine import Engine

    folder, clock = Path(sys.argv[1]), VirtualClock(int(sys.argv[2]))
    engine = Engine.open(folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False)
    for number in range(1000):
        raw = {"customer": f"c{number % 7}", "event": "cart_updated", "id": f"e{number}",
               "cart_id": f"k{number}", "total": 5, "at": "2026-01-05T12:00:00Z"}
        engine.ingest([raw], source="shop").result()
        print(number, flush=True)
"""


@pytest.mark.parametrize("killed_after", [3, 40])
def test_what_was_answered_survives_kill_9(folder: Path, clock: VirtualClock, killed_after: int) -> None:
    # given a process that is killed in the middle of posting
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(POSTER), str(folder), str(clock.now())],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(killed_after)]
    os.kill(process.pid, signal.SIGKILL)
    answered += [int(line) for line in process.stdout]
    process.wait()
    process.stdout.close()

    # when another engine opens the database and everything is posted again
    url = f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, url, clock, work=False) as engine:
        raws = [
            {
                "customer": f"c{number % 7}", "event": "cart_updated", "id": f"e{number}",
                "cart_id": f"k{number}", "total": 5, "at": "2026-01-05T12:00:00Z",
            }
            for number in range(1000)
        ]  # fmt: skip
        answer = engine.ingest(raws, source="shop").result()

        # then nothing that was answered is lost, and every event is decided once
        assert answer.duplicates >= len(answered)
        assert answer.duplicates - len(answered) <= 1
        assert answer.accepted + answer.duplicates == 1000
        engine.run_until(clock.now() + 25 * 3600 * 10**6)
        with engine.store.reader() as reader:
            decided = [decision.trigger_key for decision in reader.decisions(rule="cart-left", limit=2000)]
            assert len(decided) == len(set(decided)) == 1000
        assert engine.doctor()["balanced"]
