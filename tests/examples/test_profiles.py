"""The profiles as people get them: laid out in a fresh folder, whole, and watched by their own tests."""

from pathlib import Path

import pytest

from engine.authoring.folder import SETTINGS
from engine.authoring.loader import load, require
from engine.authoring.profiles import profile_files, profiles
from engine.model.workspace import Workspace
from tests.command_line import Holdfast, command_line

EACH = pytest.mark.parametrize("name", profiles())


def workspace(name: str) -> Workspace:
    return require(load(profile_files(name)))


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    return command_line(capsys)


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    return tmp_path / "mine"


@EACH
def test_what_init_lays_out_checks_passes_and_is_watched(
    laid_out: Path, holdfast: Holdfast, name: str
) -> None:
    # given a profile in a fresh folder
    assert holdfast("init", str(laid_out), "--profile", name).code == 0
    assert (laid_out / SETTINGS).is_file()

    # then it is clean, its tests pass
    checked = holdfast("check", str(laid_out), "--json")
    assert (checked.code, checked.answer["errors"]) == (0, [])
    tested = holdfast("test", str(laid_out), "--json").answer
    assert (tested["failed"], tested["errors"]) == (0, 0)

    # and they notice every change but those excused, each of which has its reason
    watched = holdfast("test", str(laid_out), "--mutants", "--json")
    assert (watched.code, watched.answer["survived"], watched.err) == (0, [], "")
    assert watched.answer["mutants"] > 300
    assert all(one["reason"] for one in watched.answer["excused"])


@EACH
def test_a_profile_is_whole(name: str) -> None:
    found = workspace(name)

    assert 10 <= len(found.rules) <= 14
    assert 6 <= len(found.workflows) <= 9
    assert found.policy.caps
    assert len(found.ladders) == len(found.calendars) == 1
    assert [id for id, thing in {**found.rules, **found.workflows}.items() if not thing.tests] == []


@EACH
def test_every_workflow_is_started_and_every_message_sent(name: str) -> None:
    found = workspace(name)
    started = {getattr(action, "run", None) for rule in found.rules.values() for action in rule.then}
    written = "".join(source.text for path, source in found.sources.items() if path.startswith("workflows/"))

    assert [id for id in found.workflows if id not in started] == []
    assert [id for id in found.messages if f"message: {id}" not in written] == []


def test_the_businesses_differ() -> None:
    only = {name: set(workspace(name).workflows) for name in profiles()}

    assert {"onboarding", "new-champion", "more-seats", "renewal"} <= only["saas"]
    assert {"cart-recovery", "birthday-wishes", "order-survey", "tier-thanks"} <= only["shop"]
    assert {"dunning", "pause", "price-notice", "save", "other-rhythm"} <= only["subscription"]
    # only the shop has a loyalty program, for only there is each purchase a new decision
    assert {name for name in profiles() if workspace(name).programs} == {"shop"}


def test_an_unknown_profile_is_refused(tmp_path: Path, holdfast: Holdfast) -> None:
    with pytest.raises(SystemExit):
        holdfast("init", str(tmp_path / "mine"), "--profile", "bank")
    assert not (tmp_path / "mine").exists()
