from engine.model.values import MINUTE, SECOND, Rate
from engine.runtime.callers.gcra import Quota, quota_of, seconds, take
from engine.runtime.callers.rates import MOST, Remembered

TEN = Quota(units=10, spacing=6 * SECOND, window=60)


def test_a_quota_may_be_taken_at_once_and_comes_back_evenly() -> None:
    # given ten a minute, all of them taken
    owed = 0
    for left in range(9, -1, -1):
        taken = take(owed, 1000, 1, TEN)
        assert (taken.retry, taken.left) == (0, left)
        owed = taken.owed_until
    # when an eleventh is asked for
    refused = take(owed, 1000, 1, TEN)
    # then it is refused until the first has come back, to the microsecond, and nothing more is owed
    assert (refused.retry, refused.left, refused.owed_until) == (6 * SECOND, 0, owed)
    assert take(owed, 1000 + 6 * SECOND - 1, 1, TEN).retry == 1
    assert take(owed, 1000 + 6 * SECOND, 1, TEN).retry == 0
    assert take(owed, 1000 + MINUTE, 1, TEN).left == 9


def test_several_are_taken_together_or_not_at_all() -> None:
    taken = take(0, 0, 7, TEN)
    assert taken.left == 3
    refused = take(taken.owed_until, 0, 4, TEN)
    assert (refused.retry, refused.left) == (6 * SECOND, 3)
    assert take(taken.owed_until, 0, 3, TEN).left == 0


def test_more_than_the_whole_is_taken_where_nothing_is_owed_and_is_owed_then() -> None:
    taken = take(0, 0, 25, TEN)
    assert (taken.retry, taken.left, taken.reset) == (0, 0, 150 * SECOND)
    assert take(taken.owed_until, 0, 1, TEN).retry == 96 * SECOND
    assert take(take(0, 0, 1, TEN).owed_until, 0, 25, TEN).retry == 6 * SECOND


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    taken = take(0, 100 * SECOND, 10, TEN)
    assert take(taken.owed_until, 40 * SECOND, 1, TEN).retry == 66 * SECOND


def test_a_rate_is_a_quota_of_whole_microseconds() -> None:
    assert quota_of(Rate(10, "minute")) == TEN
    # a third of a second is rounded up: never more than was written
    assert quota_of(Rate(3, "second")) == Quota(3, 333_334, 1)


def test_a_wait_is_told_in_whole_seconds_and_never_too_short() -> None:
    assert [seconds(length) for length in (0, 1, SECOND, SECOND + 1)] == [0, 1, 1, 2]


def test_a_process_remembers_so_many_keys_and_forgets_who_asked_longest_ago() -> None:
    rates = Remembered(lambda: 0)
    for number in range(MOST + 1):
        rates.take(f"key-{number}", 10, TEN)
    assert rates.take("key-0", 1, TEN).retry == 0
    assert rates.take(f"key-{MOST}", 1, TEN).retry > 0
