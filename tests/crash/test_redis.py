"""Redis may be flushed and killed at any time, and a worker be stopped: it costs time, and nothing else."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from engine.runtime.crashpoint import Crashpoint
from engine.runtime.engine import Engine
from engine.store.opening import open_store
from engine.store.records import OutboxRow
from tests.crash.deployment import Deployment, leases_of, several_processes
from tests.crash.faults import redis_faults
from tests.crash.market import SOURCE, lay_out_market
from tests.crash.shop import arrival, event
from tests.crash.sink import sinking
from tests.crash.torture import rest
from tests.servers import postgres_url, redis_server


def test_flushes_and_kills_of_redis_cost_latency_only() -> None:
    # given clients that post for ten seconds
    # when Redis is flushed every two of them, and killed and started every five
    report = redis_faults(10, seed=1)

    # then nothing is lost, and nothing done twice, not even outside
    assert report.problems == []
    assert (report.lost, report.internal_duplicates, report.external_duplicates) == (0, 0, 0)
    assert report.flushes >= 4 and report.restarts >= 1
    # and a first step waits for a sweep at most; a busy machine may take as long again
    assert report.delay_ms - report.calm_delay_ms <= 2000


def outbox_of(deployment: Deployment) -> list[OutboxRow]:
    store = open_store(deployment.place.url, exclusive=False)
    try:
        with store.reader() as reader:
            return [row for run in reader.runs() for row in reader.effects(run.id)]
    finally:
        store.close()


def test_a_worker_that_was_stopped_past_its_lease_changes_nothing(tmp_path: Path) -> None:
    with sinking() as sink, redis_server() as redis:
        # given a worker that is stopped when the other side has answered, and nobody knows yet
        lay_out_market(tmp_path, sink.address)
        deployment = several_processes(tmp_path, postgres_url(), redis.url, lease="1s", workers=2)
        now = time.time_ns() // 1000
        with Engine.open(tmp_path, deployment.place.url, work=False) as engine:
            told = [arrival(now, "ann"), event(now, "cart_updated", "ann", "k", cart_id="k")]
            engine.ingest(told, source=SOURCE, may_grant=True).result()
        _, slow, other = deployment.parts
        stopped = deployment.start(slow, Crashpoint("before_settle", 1, "stop"))
        while not sink.taken:
            time.sleep(0.02)
        ((key, fence),) = leases_of(deployment)

        # when another takes the effect over once the lease has run out, and the first goes on
        second = deployment.start(other)
        rest(deployment)
        (before,) = outbox_of(deployment)
        stopped.send(signal.SIGCONT)
        assert stopped.stop() == 0 and second.stop() == 0

        # then what it knows is refused: the effect stands as the other has settled it, in one step
        (after,) = outbox_of(deployment)
        assert after == before
        assert (after.effect.key, after.outcome, after.fence) == (key, "executed", fence + 1)
        assert sink.taken == {key: 2}
        store = open_store(deployment.place.url, exclusive=False)
        with store.reader() as reader:
            (run,) = reader.runs()
            steps = [(each.attempt, each.outcome.value) for each in reader.attempts(run.id)]
        assert steps == [(1, "executed")]
        store.close()
