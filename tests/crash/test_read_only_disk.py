"""A disk that can only be read: what is answered is kept, and all goes on once it can be written again."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.cli.main import main
from engine.errors import StoreError
from engine.model.values import MINUTE, SECOND
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.sqlite import SqliteStore
from tests.crash.market import SOURCE, arrivals, lay_out_market
from tests.crash.shop import START, database_of, event

CUSTOMER = "c000"
ORDER = event(START, "order_placed", CUSTOMER, "o1", order_id="o1", cart_id="o1", referrer=CUSTOMER, total=5)
CART = event(START, "cart_updated", CUSTOMER, "k1", cart_id="k1")
DAC_OVERRIDE = 1
"""The capability by which root writes where nobody may."""


@contextmanager
def read_only(engine: Engine) -> Generator[None]:
    """Let SQLite refuse every write, with the error that it has for a disk that is mounted so."""
    store = engine.store
    assert isinstance(store, SqliteStore)

    def turn(way: str) -> None:
        # The one connection that writes, beside the transactions that it is used for.
        connection = store._writers.raw_connection()
        connection.cursor().execute(f"PRAGMA query_only = {way}")
        connection.close()

    turn("ON")
    try:
        yield
    finally:
        turn("OFF")


def test_what_comes_while_it_is_read_only_is_refused_and_what_was_there_goes_on(tmp_path: Path) -> None:
    # given an engine with an order whose call is to go out, and a cart whose time is to come
    folder = lay_out_market(tmp_path, "http://127.0.0.1:9/")
    actions, recorded = recording()
    clock = VirtualClock(START)
    with Engine.open(folder, database_of(folder), clock, actions=actions, work=False) as engine:
        engine.ingest([*arrivals(START, 1), ORDER, CART], source=SOURCE, may_grant=True).result()

        # when the disk can only be read, while more comes and time goes by
        late = event(START, "cart_updated", CUSTOMER, "k2", cart_id="k2")
        with read_only(engine):
            for _ in range(2):
                with pytest.raises(StoreError, match="readonly"):
                    engine.ingest([late], source=SOURCE).result()
            clock.move_to(START + 10 * SECOND)
            with pytest.raises(StoreError, match="readonly"):
                engine.tick()
            # then what is there can still be read, and nothing has gone out that is not on record
            assert engine.customer(CUSTOMER).facts["orders"].value == 1
            assert engine.doctor()["accepted"] == 3
            assert recorded["webhook.call"].deliveries == []

        # and once it can be written, what was refused is taken, and everything has come once
        assert engine.ingest([late], source=SOURCE).result().accepted == 1
        engine.run_until(START + 2 * MINUTE)
        with engine.store.reader() as reader:
            ended = sorted((run.workflow, run.key, run.status.value) for run in reader.runs())
            keys = [posting.key for posting in reader.postings([CUSTOMER])]
        assert ended == [
            ("fulfil", "o1", "completed"), ("remind", "k1", "completed"), ("remind", "k2", "completed"),
        ]  # fmt: skip
        calls = [delivery.key for delivery in recorded["webhook.call"].deliveries]
        assert len(calls) == len(set(calls)) == 4
        assert len(keys) == len(set(keys)) == 5 - 1
        assert engine.doctor()["balanced"]


def test_a_start_on_a_place_that_is_read_only_says_so_and_changes_nothing(tmp_path: Path) -> None:
    # given the database of an engine that was killed, in a folder that nobody may write
    folder = lay_out_market(tmp_path / "market", "http://127.0.0.1:9/")
    with Engine.open(folder, database_of(folder), VirtualClock(START), work=False) as engine:
        engine.ingest(arrivals(START, 1), source=SOURCE, may_grant=True).result()
        engine.store.close()
    places = [path for path in (folder, *folder.iterdir()) if path.suffix not in (".yaml",)]
    modes = {path: path.stat().st_mode for path in places}
    before = {path: path.read_bytes() for path in places if path.is_file()}
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)

    # when it is started, then it ends at once, with a sentence about the place
    try:
        code, said = started(folder, tmp_path / "said.txt")
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert code == 1
    assert "Traceback" not in said
    assert str(folder) in said

    # and with its rights back it goes on with what it had
    assert {path: path.read_bytes() for path in before} == before
    with Engine.open(folder, database_of(folder), VirtualClock(START), work=False) as engine:
        assert engine.doctor()["accepted"] == 1


def started(folder: Path, said: Path) -> tuple[int | None, str]:
    """Serve a workspace with no more rights than anybody; give the exit code, and what was said."""
    process = multiprocessing.get_context("forkserver").Process(
        target=_serve, args=(folder, said), daemon=True
    )
    process.start()
    process.join(60)
    assert process.exitcode is not None, "it serves"
    return process.exitcode, said.read_text()


def _serve(folder: Path, said: Path) -> None:
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    _give_up_rights()
    sys.exit(main(["serve", "--port", "0", "--workspace", str(folder)]))


def _give_up_rights() -> None:
    """Let the modes of files hold for root too (capset(2), version 3 of its structures)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~(1 << DAC_OVERRIDE)
    assert libc.capset(header, sets) == 0
