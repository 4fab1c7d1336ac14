"""arq with a job for each step: what a queue of jobs does with the same flow, on the same PostgreSQL.

A job moves its run on and appends the step's row in one transaction, then puts the next step on the
queue. The waits are left out, for they would only cost it. As generous as arq allows: a hundred jobs
at once in each worker, and a look at the queue every 10 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from typing import Any

import psycopg
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker

CONNECTIONS = 8
_ADVANCE = "UPDATE run SET seq = %s WHERE id = %s AND seq = %s"
_APPEND = "INSERT INTO step (run, seq, what) VALUES (%s, %s, 'done')"


async def step(ctx: dict[str, Any], run: int, number: int, last: int) -> None:
    """Take one step of a run."""
    connection = await ctx["free"].get()
    try:
        async with connection.transaction():
            await connection.execute(_ADVANCE, (number, run, number - 1))
            await connection.execute(_APPEND, (run, number))
    finally:
        ctx["free"].put_nowait(connection)
    if number < last:
        await ctx["redis"].enqueue_job("step", run, number + 1, last)


async def _connect(ctx: dict[str, Any]) -> None:
    free: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await psycopg.AsyncConnection.connect(ctx["database"], autocommit=True))
    ctx["free"] = free


def _work(database: str, redis: str) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    worker = Worker(
        functions=[step],
        redis_settings=RedisSettings.from_dsn(redis),
        on_startup=_connect,
        ctx={"database": database},
        max_jobs=100,
        poll_delay=0.01,
        keep_result=0,
    )
    worker.run()


async def _enqueue(redis: ArqRedis, runs: int) -> None:
    for run in range(runs):
        await redis.enqueue_job("step", run, 1, 12 if run % 10 >= 5 else 9)


async def _measure(database: str, redis: str, runs: int) -> dict[str, float]:
    steps = sum(12 if run % 10 >= 5 else 9 for run in range(runs))
    pool = await create_pool(RedisSettings.from_dsn(redis))
    with psycopg.connect(database, autocommit=True) as connection:
        began = time.perf_counter()
        await _enqueue(pool, runs)
        done = 0
        while done < steps:
            await asyncio.sleep(0.05)
            row = connection.execute("SELECT count(*) FROM step").fetchone()
            done = int(row[0]) if row else 0
        return {"steps": done, "seconds": time.perf_counter() - began}


def main() -> None:
    """Measure, and print how many steps were taken and how long that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    given = parser.parse_args()
    with psycopg.connect(given.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE run (id int PRIMARY KEY, seq int NOT NULL)")
        connection.execute("CREATE TABLE step (run int, seq int, what text, PRIMARY KEY (run, seq))")
        connection.execute("INSERT INTO run SELECT n, 0 FROM generate_series(0, %s) AS n", (given.runs,))
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_work, args=(given.database, given.redis)) for _ in range(given.workers)
    ]
    for worker in workers:
        worker.start()
    time.sleep(2)
    try:
        print(json.dumps(asyncio.run(_measure(given.database, given.redis, given.runs))))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


if __name__ == "__main__":
    main()
