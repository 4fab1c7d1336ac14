"""`holdfast experiments`, as people and programs see it."""

from pathlib import Path

import pytest

from engine.model.values import DAY
from engine.runtime.clock import SystemClock
from tests.command_line import Holdfast
from tests.exposed import START, Group, shop


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose experiment is over, at a time that stands still."""
    monkeypatch.setattr(SystemClock, "now", lambda self: START + 60 * DAY)
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 9000, 612), Group("held_out", 1000, 45))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list(ended: Path, holdfast: Holdfast, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert holdfast("experiments").out.splitlines()[1].split() == [
        "win-back", "ended", "order_completed", "10%", "2026-02-02", "00:00", "10,000", "1",
    ]  # fmt: skip
    [item] = holdfast("experiments", "--json").answer["items"]
    assert (item["workflow"], item["exposures"]) == ("win-back", 10_000)


def test_a_report(ended: Path, holdfast: Holdfast, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    lines = holdfast("experiments", "win-back").out.splitlines()
    assert "difference +2.30 pp, 95% [+0.75, +3.54] (fixed, at the declared end)" in lines
    assert "better" in lines and "p 0.0054" in lines
    told = holdfast("experiments", "win-back", "--json").answer
    assert told["comparisons"][0]["verdict"] == "better"


def test_a_plan_from_what_was_measured(
    ended: Path, holdfast: Holdfast, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    found = holdfast("experiments", "--plan", "win-back", "--customers", "5000", "--json").answer
    assert (found["base"], found["base_from"]) == (0.045, "measured")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nothing",), "there is no workflow nothing"),
        (("--plan", "win-back", "--customers", "0"), "--customers must be 1 at least; write how many"),
        (("--plan", "win-back", "--customers", "10", "--base", "0%"), "--base 0% leaves nothing to find"),
        (("--plan", "win-back", "--customers", "10", "--base", "some"), "'some' is not a percentage"),
        (("--plan", "win-back"), "no rule has reached anybody for win-back in the last 28 days"),
    ],
)
def test_what_is_wrong_is_said(
    ended: Path,
    holdfast: Holdfast,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, ...],
    told: str,
) -> None:
    capsys.readouterr()
    said = holdfast("experiments", *asked)
    assert said.code == 1
    assert told in said.err
