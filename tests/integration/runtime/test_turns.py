"""A turn goes when it is over, with all whom it loaded: nothing of it waits for the collector."""

from __future__ import annotations

import gc

from engine.runs.stage import Member
from engine.runtime.engine import Engine
from tests.integration.runtime.conftest import Opener


def test_who_is_kept_no_longer_is_gone_without_the_collector(open_engine: Opener) -> None:
    # given an engine that keeps nobody in memory, and no collector
    engine = open_engine()
    engine.ingest([_visit(1, "ann")], source="shop").result()
    gc.collect()
    gc.disable()
    try:
        before = _members()
        # when customers come and go with many turns
        for number in range(50):
            engine.ingest([_visit(number, f"c{number}")], source="shop").result()
            _keep_nobody(engine)
        engine.tick()
        _keep_nobody(engine)
        # then nobody is left behind
        assert _members() <= before
    finally:
        gc.enable()


def _visit(number: int, customer: str) -> dict[str, object]:
    return {"customer": customer, "event": "visited", "id": f"v{number}-{customer}"}


def _keep_nobody(engine: Engine) -> None:
    engine._do(engine._shell.members.clear).result()


def _members() -> int:
    return sum(type(each) is Member for each in gc.get_objects())
