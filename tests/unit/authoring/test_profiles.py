"""The profiles that ship: each loads, is clean, passes its own tests, and says what it promises."""

import pytest

from engine.authoring.loader import load, require
from engine.authoring.profiles import profile_files, profiles
from engine.authoring.tester import run_tests
from engine.errors import NotFoundError

EACH = pytest.mark.parametrize("name", profiles())


def test_there_is_one_for_each_kind_of_business() -> None:
    assert profiles() == ("saas", "shop", "subscription")


@EACH
def test_a_profile_is_checked_without_a_finding(name: str) -> None:
    assert load(profile_files(name)).findings == ()


@EACH
def test_a_profile_passes_its_tests_on_the_virtual_clock(name: str) -> None:
    report = run_tests(require(load(profile_files(name))))
    assert report.failures == ()
    assert report.passed >= 14


@EACH
def test_a_profile_has_health_risk_and_lifecycle(name: str) -> None:
    workspace = require(load(profile_files(name)))
    assert {score.id: score.high_is for score in workspace.scores.values()} == {
        "health": "good",
        "risk": "bad",
    }
    # each part says in words what is wrong
    assert all(part.reason for score in workspace.scores.values() for part in score.parts.values())
    stages = set(workspace.lifecycles["lifecycle"].stages)
    assert {"prospect", "new", "active", "at_risk", "reactivated"} < stages
    assert stages & {"lapsed", "churned"}


def test_what_there_is_not_is_said() -> None:
    with pytest.raises(NotFoundError, match="did you mean shop"):
        profile_files("shopp")
