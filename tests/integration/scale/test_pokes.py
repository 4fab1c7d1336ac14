"""Pokes over a real Redis: they reach workers, and whatever befalls Redis, work goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from engine.errors import StoreError
from engine.model.values import SECOND
from engine.runtime.clock import VirtualClock
from engine.runtime.pokes import FULL, QUEUE, SILENCE, Listener, Poker, checked
from engine.runtime.worker import Worker
from engine.store.rows import shard_of
from tests.integration.scale.shops import Shared, arrive, order, until
from tests.servers import Redis


class Ear:
    """What a listener was told."""

    def __init__(self) -> None:
        self.shards: list[int] = []
        self.told = threading.Event()

    def hear(self, shard: int) -> None:
        self.shards.append(shard)
        self.told.set()


@contextmanager
def connected(url: str) -> Generator[tuple[Poker, Ear]]:
    ear = Ear()
    poker, listener = Poker(url), Listener(url, ear.hear)
    for each in (poker, listener):
        each.start()
    try:
        yield poker, ear
    finally:
        for each in (poker, listener):
            each.close()


def poked_until_heard(poker: Poker, ear: Ear, shard: int) -> None:
    """Poke again and again, as commits do, until that is heard."""

    def heard() -> bool:
        poker.poke(frozenset((shard,)))
        return ear.told.wait(0.1) and shard in ear.shards

    until(heard)


def test_a_poke_reaches_a_listener_with_its_shards(redis: Redis) -> None:
    with connected(redis.url) as (poker, ear):
        poker.poke(frozenset((3, 5)))
        until(lambda: sorted(ear.shards) == [3, 5])


def test_pokes_of_one_shard_in_a_moment_are_gathered(redis: Redis) -> None:
    with connected(redis.url) as (poker, ear):
        for _ in range(1000):
            poker.poke(frozenset((7,)))
        poker.poke(frozenset((8,)))
        until(lambda: 8 in ear.shards)
        assert len(ear.shards) < 20


def test_a_poke_is_for_one_listener_of_several(redis: Redis) -> None:
    with connected(redis.url) as (poker, one), connected(redis.url) as (_, other):
        poker.poke(frozenset(range(20)))
        until(lambda: len(one.shards) + len(other.shards) >= 20)
        assert sorted(one.shards + other.shards) == list(range(20))


def test_pokes_are_heard_again_once_redis_is_back(redis: Redis) -> None:
    # given a Redis that was reached once, and is killed
    with connected(redis.url) as (poker, ear):
        poked_until_heard(poker, ear, 1)
        redis.kill()
        poker.poke(frozenset((2,)))

        # when it is started again, with nothing in it
        redis.start()

        # then pokes are heard
        poked_until_heard(poker, ear, 4)


def test_a_redis_that_comes_later_is_found(redis: Redis) -> None:
    redis.kill()
    with connected(redis.url) as (poker, ear):
        poker.poke(frozenset((1,)))
        redis.start()
        poked_until_heard(poker, ear, 2)


def test_flushing_redis_loses_pokes_only(redis: Redis) -> None:
    with connected(redis.url) as (poker, ear):
        poked_until_heard(poker, ear, 1)
        redis.flush()
        poked_until_heard(poker, ear, 2)


def test_a_closed_poker_is_poked_in_vain(redis: Redis) -> None:
    poker = Poker(redis.url)
    poker.start()
    poker.close()
    poker.poke(frozenset((1,)))


def test_pokes_that_nobody_hears_do_not_pile_up(redis: Redis) -> None:
    # given a Redis in which so many pokes wait as may, and no worker
    poker = Poker(redis.url)
    poker.start()
    with redis.client() as client:

        def full() -> bool:
            poker.poke(frozenset(range(32)))
            return client.zcard(QUEUE) >= FULL

        until(full)

        # when more is poked, and that has been seen to
        for shard in range(32):
            poker.poke(frozenset((shard,)))
        poker.close()

        # then no more than that wait
        assert client.zcard(QUEUE) < FULL + 32


def test_a_redis_that_stands_still_is_left_and_found_again(redis: Redis) -> None:
    # given a Redis that stands still, with its connections open
    with connected(redis.url) as (poker, ear):
        poked_until_heard(poker, ear, 1)
        with redis.standing_still():
            poker.poke(frozenset((2,)))
            until(lambda: not poker.reached)

        # when it goes on, then pokes are heard
        ear.told.clear()
        poked_until_heard(poker, ear, 3)


def test_a_redis_that_stands_still_keeps_nobody_from_ending(redis: Redis) -> None:
    # given pokes on their way to a Redis that does not answer
    with redis.standing_still():
        poker, listener = Poker(redis.url), Listener(redis.url, lambda shard: None)
        for each in (poker, listener):
            each.start()
        poker.poke(frozenset((1,)))
        began = time.monotonic()

        # when both end
        for each in (poker, listener):
            each.close()

        # then that takes a part of the grace time only
        assert time.monotonic() - began < 3 * SILENCE


@pytest.mark.parametrize("url", ["", "http://localhost:6379", "redis://:word@localhost:port/0"])
def test_what_is_no_redis_url_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="is not a Redis URL; write redis://HOST:PORT/NUMBER") as refused:
        checked(url)
    # and no password gets into a log
    assert "word" not in str(refused.value)


def _kill(redis: Redis) -> None:
    redis.kill()


def _restart(redis: Redis) -> None:
    redis.kill()
    redis.start()


def _flush(redis: Redis) -> None:
    redis.flush()


@pytest.mark.parametrize("befalls", [_kill, _restart, _flush], ids=["killed", "restarted", "flushed"])
def test_work_goes_on_whatever_befalls_redis(
    shared: Shared, redis: Redis, befalls: Callable[[Redis], None]
) -> None:
    # given an API process and a worker that speak over Redis
    api, worker = shared.open(), shared.open(role="worker", work=True)
    for engine in (api, worker):
        engine.connect(redis.url)
    arrive(api, "ann", "bob")
    api.ingest([order("ann", "o1", 200)], source="shop").result()
    until(lambda: len(shared.sent()) == 1)

    # when something befalls it
    befalls(redis)
    api.ingest([order("bob", "o2", 200)], source="shop").result()

    # then what is to be sent is sent, once
    until(lambda: len(shared.sent()) == 2)
    assert len(set(shared.sent())) == 2


def test_an_engine_starts_where_redis_is_absent(shared: Shared, redis: Redis) -> None:
    redis.kill()
    api, worker = shared.open(), shared.open(role="worker", work=True)
    for engine in (api, worker):
        engine.connect(redis.url)
    arrive(api, "ann", "bob")
    api.ingest([order("ann", "o1", 200)], source="shop").result()
    until(lambda: len(shared.sent()) == 1)


def test_a_commit_pokes_the_shards_in_which_it_left_something(shared: Shared) -> None:
    # given an engine whose pokes are noted
    api = shared.open()
    noted: list[frozenset[int]] = []
    api._shell.stir = noted.append

    # when one event leaves nothing to do soon, and another leaves an e-mail to send
    arrive(api, "ann", "bob")
    assert noted == []
    api.ingest([order("ann", "o2", 200)], source="shop").result()

    # then that customer's shard is poked
    assert noted == [frozenset((shard_of("ann"),))]


def test_a_worker_that_is_poked_all_the_time_still_sweeps_each_second(shared: Shared) -> None:
    # given a worker that has just looked everywhere, and an API process whose pokes are lost
    clock = VirtualClock(time.time_ns() // 1000)
    api, other = shared.open(clock=clock), shared.open(role="worker", clock=clock)
    arrive(api, "ann", "bob")
    worker = Worker(other._drive)
    worker._step()
    clock.move_to(clock.now() + SECOND // 10)
    api.ingest([order("bob", "o1", 200, clock.now())], source="shop").result()
    clock.move_to(clock.now() + SECOND // 10)

    # when it is poked for another customer's shard before the second has passed
    worker.poke(shard_of("ann"))
    worker._step()
    before = other._drive.sending, shared.sent()

    # and after it
    clock.move_to(clock.now() + SECOND)
    worker.poke(shard_of("ann"))
    worker._step()

    # then what nobody has poked for has been sent by then, and not before
    other._drive.close()
    assert (before, len(shared.sent())) == ((False, []), 1)


def test_a_listener_ends_whatever_it_is_at(redis: Redis) -> None:
    # given a listener that looks for pokes all the time, cancelled anywhere in between
    with connected(redis.url) as (poker, _):
        for number in range(60):
            ear = Ear()
            listener = Listener(redis.url, ear.hear)
            listener.start()
            poker.poke(frozenset(range(32)))
            threading.Event().wait(number * 0.0007)

            # when it ends, then it does so at once
            ender = threading.Thread(target=listener.close, daemon=True)
            ender.start()
            ender.join(3 * SILENCE)
            assert not ender.is_alive()
