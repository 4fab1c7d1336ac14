"""E4: revenue beyond what would have come anyway, what could be found, and no before and after."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from api.routes import experiments
from engine.experiments.assignment import held_out
from engine.experiments.comparison import Drawn, Tally, compare
from engine.experiments.detectable import planned
from engine.experiments.revenue import Spending, incremental_total
from engine.model.values import DAY, Percent
from tests.command_line import Holdfast, command_line
from tests.exposed import START, WIN_BACK, Group, shop


def test_e4_incremental_revenue_is_not_all_revenue() -> None:
    treated = Spending(n=9000, y=Decimal(270_000))
    control = Spending(n=1000, y=Decimal(27_000))
    assert incremental_total(treated, control) == Decimal("27000.00")


def test_e4_the_report_tells_incremental_revenue(tmp_path: Path) -> None:
    # given 9,000 customers who were treated and spent 30 each, and 1,000 held out who spent 27
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(
            Group("treated", 9000, 0, Decimal(30), Decimal(10)), Group("held_out", 1000, 0, Decimal(27))
        )
        found = opened.comparison()["revenue"]

    # then it is 27,000, and not the 270,000 that they spent
    assert (found["treated"]["total"], found["control"]["total"]) == (270_000, 27_000)
    assert found["incremental"]["total"] == 27_000
    assert found["incremental"]["each"] == pytest.approx(3)


def test_e4_what_can_be_found_is_shown_before_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"{100 * (planned(2000, 0.1, 0.1).effect or 0):.1f}" == "6.3"
    # given a workflow that nobody has come to yet
    with shop(tmp_path, now=START) as opened:
        found = opened.get("/v1/experiments/win-back/detectable?customers=2000&base=0.1")
    assert (found["treated"], found["control"], f"{100 * found['effect']:.1f}") == (1800, 200, "6.3")
    assert [f"{100 * other['effect']:.1f}" for other in found["others"]] == ["8.6", "6.3", "4.7", "3.8"]
    # and the command line needs no database for it
    holdfast: Holdfast = command_line(capsys)
    asked = ("--plan", "win-back", "--customers", "2000", "--base", "10%", "--workspace", str(tmp_path))
    said = holdfast("experiments", *asked)
    assert said.code == 0, said.err
    assert ["10%", "1,800", "200", "6.3", "pp", "as", "written"] in [
        line.split() for line in said.out.splitlines()
    ]


FORBIDDEN = ("attribut", "lift_before", "recovered", "recovery", "uplift_vs")


def test_e4_before_and_after_is_nowhere_in_what_is_reported(tmp_path: Path) -> None:
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 900, 90, Decimal(3), Decimal(1)), Group("held_out", 100, 9))
        told = opened.http.get("/openapi.json").text + str(opened.get("/v1/experiments/win-back"))
    assert [word for word in FORBIDDEN if word in told.lower()] == []
    # spend before serves only to take noise out: no answer holds a figure of it
    names = {
        field.name
        for kind in vars(experiments).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        for field in msgspec.structs.fields(kind)
    }
    assert "comparisons" in names
    assert {name for name in names if "after" in name or "prior" in name} == set()


def test_e4_a_campaign_without_effect_is_not_said_to_have_one(tmp_path: Path) -> None:
    """Customers chosen at their worst get better by themselves; the comparison is not taken in by it."""
    # given customers who spent little before they were chosen, and more after, in both arms alike
    with shop(tmp_path, WIN_BACK, now=START + 60 * DAY) as opened:
        for spends, share in ((20, 600), (40, 200), (0, 100)):
            opened.come(
                *(
                    Group(arm, number, number // 4, Decimal(spends), Decimal(4), suffix=str(spends))
                    for arm, number in (("treated", share * 9), ("held_out", share))
                )
            )
        found = opened.comparison()

    # then both intervals hold zero, though everybody spends five times as much as before
    assert found["verdict"] == found["revenue"]["verdict"] == "no_proven_effect"
    assert found["difference"]["interval"]["low"] <= 0 <= found["difference"]["interval"]["high"]
    low, high = found["revenue"]["incremental"]["interval"]
    assert low <= 0 <= high


def test_e4_regression_to_the_mean_is_not_taken_for_an_effect() -> None:
    # given customers of whom nobody does anything to anybody, chosen for one bad week
    chance = random.Random(20261128)
    money = {"treated": Spending(), "held_out": Spending()}
    reached = {"treated": [0, 0], "held_out": [0, 0]}
    before = after = 0
    for number in range(20_000):
        usual = chance.gammavariate(4, 2.5)
        weeks = [round(max(0.0, chance.gauss(usual, 0.6 * usual))) for _ in range(6)]
        if weeks[4] >= sum(weeks[:4]) / 8:
            continue
        arm = "held_out" if held_out("win-back", f"c{number}", Percent(Decimal("0.2"))) else "treated"
        money[arm].add(Decimal(weeks[5]), Decimal(weeks[4]))
        reached[arm][0] += 1
        reached[arm][1] += weeks[5] >= 10
        before, after = before + weeks[4], after + weeks[5]
    # who compared them with themselves would see a wonder
    assert after > 2 * before

    # when the arms are compared instead
    [found] = compare(
        Drawn(
            kind="holdout",
            tallies={name: Tally(number, number, hits) for name, (number, hits) in reached.items()},
            weights={"treated": 8, "held_out": 2},
            control="held_out",
            money=money,
        ),
        "ended",
        goal=True,
        adjust=True,
    )

    # then neither goal nor revenue shows anything
    assert found.treated.measured > 2000
    assert found.difference is not None and found.difference.interval.holds(0)
    assert found.revenue is not None and found.revenue.adjusted is not None
    assert found.revenue.incremental is not None and found.revenue.incremental.each_interval is not None
    assert found.revenue.incremental.each_interval.holds(0)
    assert found.verdict.value == found.revenue.verdict.value == "no_proven_effect"
