"""The page on reading experiments: what it prints is what the commands say of the very numbers it tells."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from api.cli.experiments import tell, tell_plan
from api.cli.terminal import Terminal
from engine.experiments.proportions import Proportion, newcombe
from engine.model.values import DAY, Micros
from tests.examples.printed import REPOSITORY, blocks
from tests.exposed import FILES, START, WIN_BACK, Group, Shop, points, shop

PAGE = (REPOSITORY / "docs/experiments.md").read_text(encoding="utf-8")
[WORKFLOW] = [block.text for block in blocks(PAGE) if block.language == "yaml"]
PRINTED = {block.marker: block.text for block in blocks(PAGE) if block.language == "text"}
OVER: Micros = START + 500 * DAY
"""2027-05-20: the declared end is over, and a month more."""


@pytest.fixture
def lapsed(tmp_path: Path) -> Iterator[Shop]:
    """The shop of the page, in which 9,000 were treated and 1,000 were not."""
    message = tmp_path / "workflows/messages/we-miss-you.md"
    message.parent.mkdir(parents=True)
    message.write_text(FILES["workflows/messages/hello.md"])
    with shop(tmp_path, WIN_BACK, WORKFLOW, now=OVER) as opened:
        # a third spends nothing, a third 30, a third 60; of those held out fewer do
        for arm, reached, thirds in (("treated", 612, (3000, 3000, 3000)), ("held_out", 45, (370, 360, 270))):
            for spends, number in zip((0, 30, 60), thirds, strict=True):
                before = Decimal(0 if not spends else 20 if arm == "treated" else "21.16")
                goals = reached if spends == 60 else 0
                group = Group(arm, number, goals, Decimal(spends), before, suffix=str(spends))
                opened.come(group, workflow="lapsed-offer")
        yield opened


def said(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().out.splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines if not line.startswith("{"))


def test_the_report_is_as_printed(lapsed: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    report = lapsed.engine.experiment("lapsed-offer").result()
    said(capsys)
    tell(Terminal(), report)
    assert said(capsys) == PRINTED["report"]


def test_the_plan_is_as_printed(lapsed: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    plan = lapsed.engine.detectable("lapsed-offer", 2000, 0.1)
    said(capsys)
    tell_plan(Terminal(), plan)
    assert said(capsys) == PRINTED["plan"]


def test_the_numbers_in_the_sentences_are_right() -> None:
    other = Proportion(45, 1000)
    proven, unproven = Proportion(612, 9000), Proportion(540, 9000)
    interval = newcombe(unproven, other)
    low, high = points([interval.low, interval.high])
    [better] = points(proven.rate - other.rate)
    [none] = points(unproven.rate - other.rate)
    assert f"6.8% against 4.5% is {better} pp" in PAGE
    assert f"it would be {none} pp, from {low} to {high}" in PAGE.replace("\n  ", " ")
