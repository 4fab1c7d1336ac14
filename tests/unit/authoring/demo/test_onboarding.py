import itertools

from engine.model.values import DAY

from .conftest import Log


def test_who_gets_stuck_did_nothing_for_seven_days_and_is_not_through(log: Log) -> None:
    cases = log.planted["onboarding-stalled", "fire"]
    assert len(cases) >= 30
    for case in cases:
        steps = [at for at, _, _ in log.of("onboarding_step_done", case.customer)]
        (begun, _, _), *_ = log.of("signed_up", case.customer)
        assert len(steps) < 4
        assert max([begun, *steps]) == case.at - 7 * DAY


def test_who_finds_the_way_never_waits_for_seven_days(log: Log) -> None:
    innocents = log.planted["onboarding-stalled", "innocent"]
    assert len(innocents) >= 40
    for case in innocents:
        begun = case.at
        steps = [at for at, _, _ in log.of("onboarding_step_done", case.customer)]
        times = [begun, *steps]
        assert len(steps) == 4
        assert all(later - at < 7 * DAY for at, later in itertools.pairwise(times))
