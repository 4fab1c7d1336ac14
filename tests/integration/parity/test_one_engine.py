"""Live, test and backtest are one engine: the same events give the same decisions, byte for byte."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from recorded import DAYS, FIRST, Sending, record, requests

from api.app import create_app
from engine.authoring.backtest import backtest
from engine.authoring.folder import read_folder
from engine.authoring.loader import load, require
from engine.authoring.receiving import Reception
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.decisions.decision import Decision, encode
from engine.model.values import DAY, Micros
from engine.model.workspace import Workspace
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.timeline.ruleset import Ruleset, compile_ruleset

ROOT = Path(__file__).parents[3]
END: Micros = FIRST + DAYS * DAY
SEED = 20260302
INTERLEAVINGS = 20
LIVE = 3


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The starter policy, in a zone that changes its clocks inside the recorded weeks."""
    found = read_folder(ROOT)
    settings = found["holdfast.yaml"].decode()
    return {**found, "holdfast.yaml": settings.replace("timezone: UTC", "timezone: Europe/Berlin").encode()}


@pytest.fixture(scope="module")
def workspace(files: dict[str, bytes]) -> Workspace:
    return require(load(files))


@pytest.fixture(scope="module")
def ruleset(workspace: Workspace) -> Ruleset:
    return compile_ruleset(workspace)


@pytest.fixture(scope="module")
def sent() -> list[Sending]:
    return record(SEED)


@pytest.fixture(scope="module")
def posted(sent: list[Sending]) -> list[tuple[Micros, list[dict[str, Any]]]]:
    """The recorded order: requests with the instant at which each was received."""
    return list(requests(sent, random.Random(SEED)))


@pytest.fixture(scope="module")
def tested(ruleset: Ruleset, posted: list[tuple[Micros, list[dict[str, Any]]]]) -> dict[str, bytes]:
    """What the tester's own machinery decides."""
    simulation = Simulation(ruleset)
    reception = Reception(simulation)
    for received, raws in posted:
        for raw in raws:
            reception.receive(raw, received)
    simulation.advance(END)
    return by_id(simulation.changes.decisions)


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    place = tmp_path / "workspace"
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    return place


def by_id(decisions: Iterable[Decision]) -> dict[str, bytes]:
    return {decision.id: encode(decision) for decision in decisions}


def open_engine(folder: Path, database: Path) -> Engine:
    actions, _ = recording()
    clock = VirtualClock(FIRST)
    return Engine.open(folder, f"sqlite:///{database}", clock, actions=actions, work=False)


def decided(engine: Engine) -> dict[str, bytes]:
    found: list[Decision] = []
    with engine.store.reader() as reader:
        after = None
        while page := reader.decisions(after=after, limit=1000):
            found += page
            after = (page[-1].at, page[-1].id)
    return by_id(found)


def stored(engine: Engine) -> list[Event]:
    found: list[Event] = []
    with engine.store.reader() as reader:
        after = None
        while page := reader.events(after=after, limit=1000):
            found += page
            after = (page[-1].received_at, page[-1].seq)
    return found


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[tuple[bytes | None, bytes | None]]:
    return [
        (one.get(key), other.get(key)) for key in one.keys() | other.keys() if one.get(key) != other.get(key)
    ]


def test_the_recording_has_every_difficulty(sent: list[Sending], tested: dict[str, bytes]) -> None:
    # given the recorded events, when they are counted
    names = Counter(one.raw["event"] for one in sent)
    doubled = len(sent) - len({one.raw["id"] for one in sent})

    # then all kinds are among them, and many rules have decided
    assert len(sent) == 5000
    assert min(names.values()) > 90
    assert doubled > 50
    assert len(tested) > 500
    assert len({encoded.split(b'"rule":"')[1].split(b'"')[0] for encoded in tested.values()}) >= 8


def test_events_over_http_backtest_and_tester_decide_alike(
    folder: Path,
    tmp_path: Path,
    ruleset: Ruleset,
    posted: list[tuple[Micros, list[dict[str, Any]]]],
    tested: dict[str, bytes],
) -> None:
    # given a server whose clock is injected
    with open_engine(folder, tmp_path / "live.db") as engine:
        key = engine.create_key("admin", "test").text
        with TestClient(create_app(engine)) as client:
            # when the events are pushed, each request at its instant
            for received, raws in posted:
                engine.run_until(received - 1)
                engine.clock.move_to(received)  # type: ignore[attr-defined]
                answer = client.post("/v1/events", json=raws, headers={"Authorization": f"Bearer {key}"})
                assert answer.status_code == 200, answer.text
                assert answer.json()["conflicts"] == answer.json()["quarantined"] == []
        engine.run_until(END)
        live = decided(engine)
        events = stored(engine)
        balanced = engine.doctor()

    # then live, tester and backtest have decided the same, byte for byte
    assert differences(live, tested) == []
    assert differences(by_id(backtest(ruleset, events, end=END).decisions), tested) == []
    assert balanced["balanced"] and balanced["pending"] == 0


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where the machine has one: these runs commit thousands of times."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as place:
        yield Path(place)


@pytest.mark.parametrize("number", range(INTERLEAVINGS))
def test_any_interleaving_of_the_recorded_order_decides_alike(
    number: int,
    folder: Path,
    memory: Path,
    ruleset: Ruleset,
    posted: list[tuple[Micros, list[dict[str, Any]]]],
    tested: dict[str, bytes],
) -> None:
    # given the same requests, each mixed and cut so that only one customer's own order is kept
    chance = random.Random(number)
    mixed = [(received, parts(raws, chance)) for received, raws in posted]

    # when they are played: some by a live engine on its database, the others in memory
    play = by_live_engine if number < LIVE else by_simulation
    found = play(mixed, folder, memory, ruleset)

    # then the decisions are those of the recorded order
    assert differences(found, tested) == []


Mixed = list[tuple[Micros, list[list[dict[str, Any]]]]]


def by_live_engine(mixed: Mixed, folder: Path, memory: Path, ruleset: Ruleset) -> dict[str, bytes]:
    with open_engine(folder, memory / "mixed.db") as engine:
        for received, cuts in mixed:
            # A workflow's own clock begins when its message was really sent, so sending keeps pace.
            engine.run_until(received - 1)
            engine.clock.move_to(received)  # type: ignore[attr-defined]
            for part in cuts:
                engine.ingest(part, source="admin", may_grant=True, received=received).result()
        engine.run_until(END)
        return decided(engine)


def by_simulation(mixed: Mixed, folder: Path, memory: Path, ruleset: Ruleset) -> dict[str, bytes]:
    simulation = Simulation(ruleset)
    reception = Reception(simulation)
    for received, cuts in mixed:
        for raw in [raw for part in cuts for raw in part]:
            reception.receive(raw, received)
    simulation.advance(END)
    return by_id(simulation.changes.decisions)


def parts(raws: list[dict[str, Any]], chance: random.Random) -> list[list[dict[str, Any]]]:
    """Mix events of different customers, keep each one's own order, and cut anywhere."""
    queues: dict[str, list[dict[str, Any]]] = {}
    for raw in raws:
        queues.setdefault(raw["customer"], []).append(raw)
    mixed = []
    while queues:
        customer = chance.choice(sorted(queues))
        mixed.append(queues[customer].pop(0))
        if not queues[customer]:
            del queues[customer]
    cuts = (
        sorted(chance.sample(range(1, len(mixed)), chance.randrange(min(3, len(mixed)))))
        if len(mixed) > 1
        else []
    )
    return [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
