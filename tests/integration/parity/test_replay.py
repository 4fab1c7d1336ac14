"""An auditor's replay: what was decided live comes out again, byte for byte, from the record alone."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from recorded import DAYS, FIRST, record, requests

from engine.authoring.folder import read_folder
from engine.model.values import DAY, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

ROOT = Path(__file__).parents[3]
END: Micros = FIRST + DAYS * DAY
SEED = 20260302


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("workspace")
    for path, content in read_folder(ROOT).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    return place


@pytest.fixture(scope="module")
def played(folder: Path) -> Generator[Engine]:
    """The starter policy after weeks of recorded events, in a database."""
    clock = VirtualClock(FIRST)
    actions, _ = recording()
    with Engine.open(folder, f"sqlite:///{folder}/live.db", clock, actions=actions, work=False) as engine:
        for received, raws in requests(record(SEED), random.Random(SEED)):
            engine.run_until(received - 1)
            clock.move_to(received)
            engine.ingest(raws, source="recorded", may_grant=True, received=received).result()
        engine.run_until(END)
        yield engine


def test_everything_comes_out_again(played: Engine) -> None:
    found = played.replay_audit()

    assert found.differences[:5] == []
    assert (found.different, found.erased) == (0, 0)
    assert found.equal > 100


def test_a_decision_that_was_made_up_is_told(played: Engine, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "live.db")) as database, database:
        (id, rule) = database.execute("select id, rule from decision order by at limit 1").fetchone()
        database.execute("update decision set outcome = 'shadow' where id = ?", (id,))

    found = played.replay_audit()

    assert [(each.decision, each.rule, each.what) for each in found.differences] == [
        (id, rule, "another outcome")
    ]
