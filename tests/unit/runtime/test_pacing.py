"""Pauses between attempts: doubling, spread by hash, with the other side's wish respected."""

from engine.model.values import DAY, HOUR, SECOND, Duration, Retry
from engine.runtime.delivery.pacing import DEFAULT, pause

RETRY = Retry(8, Duration(10, "s"))


def test_each_pause_is_twice_the_one_before_within_a_quarter() -> None:
    for failures in range(1, 6):
        expected = 10 * SECOND * 2 ** (failures - 1)
        waited = pause("run:2:0", failures, RETRY, None)
        assert waited is not None
        assert 0.75 * expected <= waited <= 1.25 * expected


def test_pauses_are_spread_and_always_the_same() -> None:
    # given a hundred effects that failed together
    pauses = [pause(f"run{number}:2:0", 1, RETRY, None) for number in range(100)]

    # then they do not come back together, and come back at the same times when asked again
    assert len(set(pauses)) > 90
    assert pauses == [pause(f"run{number}:2:0", 1, RETRY, None) for number in range(100)]


def test_an_effect_is_given_up_after_as_many_retries_as_are_written() -> None:
    assert pause("k", 8, RETRY, None) is not None
    assert pause("k", 9, RETRY, None) is None


def test_without_retry_written_there_are_five() -> None:
    assert pause("k", DEFAULT.times, None, None) is not None
    assert pause("k", DEFAULT.times + 1, None, None) is None


def test_retry_after_lengthens_a_pause_and_never_shortens_it() -> None:
    assert pause("k", 1, RETRY, 120.0) == 120 * SECOND
    short = pause("k", 1, RETRY, 0.0)
    assert short is not None and short >= 7 * SECOND


def test_neither_side_can_make_a_pause_endless() -> None:
    own = pause("k", 90, Retry(99, Duration(10, "s")), None)
    assert own is not None and own <= 1.25 * HOUR
    assert pause("k", 1, RETRY, 1e9) == DAY
