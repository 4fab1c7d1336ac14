"""Twenty threads of two processes earn, redeem and are given coupons at once: it adds up exactly."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from engine.loyalty.ledger import totals
from engine.runtime.engine import Engine
from engine.runtime.members import member_of
from engine.store.interface import Store
from engine.store.opening import open_store
from tests.crash.server import Server
from tests.integration.scale.spenders import (
    COUPONS,
    GRANTING,
    MEMBERS,
    POINTS,
    PROGRAM,
    Tally,
    over_http,
    with_an_engine,
)
from tests.servers import postgres_url
from tests.virtual_engine import files

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC, a Monday
PATIENCE = 120
_processes = multiprocessing.get_context("spawn")


def laid_out(folder: Path) -> Path:
    for name, content in files(PROGRAM, *GRANTING).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def started(target: Any, *args: Any) -> tuple[Any, Any]:
    ours, theirs = _processes.Pipe()
    process = _processes.Process(target=target, args=(*args, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def told(control: Any) -> Any:
    assert control.poll(PATIENCE), "a process neither answers nor dies"
    return control.recv()


def hold_exact(store: Store, tallies: list[Tally]) -> None:
    """Hold what is stored against what the processes were told."""
    assert [tally.failed for tally in tallies] == [[], []]
    earned = Counter(member for tally in tallies for member, _ in tally.orders)
    # A redemption under a key is one, whoever was told of it and how often.
    keys = {each for tally in tallies for each in tally.redeemed}
    spent = Counter(member for member, _ in keys)
    assert sum(earned.values()) > 20 and len(keys) > 20
    with store.reader() as reader:
        for member in MEMBERS:
            postings = reader.postings([member])
            sums = totals(postings)
            assert sum(sums.values()) == 0
            assert -sums["issued"] == earned[member] * POINTS
            assert sums.get("redeemed", 0) == spent[member] * POINTS
            redeemed = {posting.key for posting in postings if posting.kind == "redeemed"}
            assert redeemed == {key for owner, key in keys if owner == member}
            lots = member_of(reader.load([member])[member]).standing.ledger.book("rewards").lots
            assert sum(lot.available for lot in lots) == sums["available"] >= 0
        # Every order asked for a coupon, and as many got one as the budget holds.
        assert len(reader.coupons(MEMBERS)) == COUPONS
        asked = [each for run in reader.runs(limit=1000) for each in reader.attempts(run.id)]
        assert Counter(each.reason for each in asked) == {
            None: COUPONS,
            "budget": sum(earned.values()) - COUPONS,
        }
        assert reader.points_of("rewards")["available"] == (sum(earned.values()) - len(keys)) * POINTS


def test_clients_of_a_server_on_sqlite(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "shop")
    with Server(folder, START) as server:
        server.post([{"customer": each, "event": "visited", "id": each} for each in MEMBERS])
        running = [started(over_http, number, server.address, server.token) for number in range(2)]
        tallies = [msgspec.convert(told(control), Tally) for _, control in running]
        for process, _ in running:
            process.join(PATIENCE)
    store = open_store(f"sqlite:///{folder / 'holdfast.db'}")
    try:
        hold_exact(store, tallies)
    finally:
        store.close()


def test_engines_on_postgres(tmp_path: Path) -> None:
    folder, url = laid_out(tmp_path / "shop"), postgres_url()
    with Engine.open(folder, url, work=False) as engine:
        arrived = [{"customer": each, "event": "visited", "id": each} for each in MEMBERS]
        engine.ingest(arrived, source="shop").result(PATIENCE)
    running = [started(with_an_engine, number, folder, url) for number in range(2)]
    assert [told(control) for _, control in running] == ["open", "open"]
    for _, control in running:
        control.send("go")
    tallies = [msgspec.convert(told(control), Tally) for _, control in running]
    for process, _ in running:
        process.join(PATIENCE)
    store = open_store(url)
    try:
        hold_exact(store, tallies)
    finally:
        store.close()
