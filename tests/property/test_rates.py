"""Rates against a model that remembers every unit: in whole microseconds they never differ."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.runtime.callers.gcra import Quota, take
from engine.runtime.callers.rates import ARITHMETIC
from tests.servers import Redis, redis_server

QUOTAS = st.builds(Quota, units=st.integers(1, 50), spacing=st.integers(1, 3_600_000_000), window=st.just(60))
ASKED = st.lists(st.tuples(st.integers(0, 10**11), st.integers(1, 60)), min_size=1, max_size=30)
NOW = 1_767_614_400_000_000


class Bucket:
    """Units that come back one by one, each a spacing after the one before: a list of when."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._back: list[int] = []

    def take(self, now: int, units: int) -> bool:
        self._back = [at for at in self._back if at > now]
        if len(self._back) + min(units, self._quota.units) > self._quota.units:
            return False
        for _ in range(units):
            self._back.append((self._back[-1] if self._back else now) + self._quota.spacing)
        return True

    @property
    def left(self) -> int:
        return max(0, self._quota.units - len(self._back))


@given(quota=QUOTAS, asked=ASKED)
def test_one_number_tells_the_same_as_a_list_of_every_unit(
    quota: Quota, asked: list[tuple[int, int]]
) -> None:
    bucket, owed, now = Bucket(quota), 0, NOW
    for pause, units in asked:
        now += pause
        taken = take(owed, now, units, quota)
        assert (taken.retry == 0) == bucket.take(now, units)
        assert taken.left == bucket.left
        # whoever waits as told is let in, and whoever comes a microsecond earlier is not
        if taken.retry:
            assert take(owed, now + taken.retry, units, quota).retry == 0
            assert take(owed, now + taken.retry - 1, units, quota).retry == 1
        owed = taken.owed_until


@given(quota=QUOTAS, asked=ASKED)
def test_in_any_stretch_no_more_is_taken_than_the_quota_and_what_came_back(
    quota: Quota, asked: list[tuple[int, int]]
) -> None:
    owed, now, took = 0, NOW, list[tuple[int, int]]()
    for pause, units in asked:
        now, units = now + pause, min(units, quota.units)
        taken = take(owed, now, units, quota)
        owed = taken.owed_until
        if not taken.retry:
            took.append((now, units))
    for first in range(len(took)):
        for last in range(first, len(took)):
            stretch = took[last][0] - took[first][0]
            most = quota.units + stretch // quota.spacing + 1
            assert sum(units for _, units in took[first : last + 1]) <= most


@pytest.fixture(scope="module")
def server() -> Generator[Redis]:
    with redis_server() as running:
        yield running


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quota=QUOTAS, asked=ASKED)
def test_redis_reckons_the_same(server: Redis, quota: Quota, asked: list[tuple[int, int]]) -> None:
    script = f"{ARITHMETIC} local a = ARGV for i = 1, 5 do a[i] = tonumber(a[i]) end return take(unpack(a))"
    with server.client() as client:
        owed, now = 0, NOW
        for pause, units in asked:
            now += pause
            taken = take(owed, now, units, quota)
            told = client.eval(script, 0, owed, now, units, quota.units, quota.spacing)
            assert told == [taken.owed_until, taken.left, taken.reset, taken.retry]
            owed = taken.owed_until
