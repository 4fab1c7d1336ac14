"""Counts on public data, worked out independently, through the very commands of the documentation."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli.places import DATABASE
from tests.command_line import Holdfast, command_line

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[2] / "docs"

Answers = Callable[[str], list[Any]]


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    """Runs a command line in this process."""
    return command_line(capsys)


@pytest.fixture
def answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_data: Callable[[str], Path], holdfast: Holdfast
) -> Answers:
    """Runs the lines that the documentation gives for a workspace, in a copy; gives their answers."""
    monkeypatch.delenv(DATABASE, raising=False)

    def run(workspace: str) -> list[Any]:
        shutil.copytree(HERE / "workspaces" / workspace, tmp_path / workspace)
        monkeypatch.chdir(tmp_path / workspace)
        found = []
        for line in documented(workspace):
            words = [
                str(public_data(word.removeprefix("$HOLDFAST_DATA/"))) if word.startswith("$") else word
                for word in shlex.split(line)
            ]
            said = holdfast(*words[1:], "--json")
            assert said.code == 0, said.err
            found.append(said.answer)
        return found

    return run


def documented(workspace: str) -> list[str]:
    """Give the commands for a workspace: the block after its name in brackets."""
    told = "".join((DOCS / name).read_text() for name in ("import.md", "health.md"))
    found = re.search(rf"\(`{workspace}`\):\n\n```sh\n(.*?)```", told, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def fired(answer: Any) -> dict[str, int]:
    return {rule: count["fired"] for rule, count in answer["rules"].items()}


def test_carts_left_behind(answers: Answers) -> None:
    _, report = answers("shop")

    # when a cart has an hour, a day or three days to be bought in
    carts = {
        rule: (count["followed"], count["fired"], count["undetermined"])
        for rule, count in report["rules"].items()
    }
    assert carts == {
        "cart-left-1h": (364, 855, 1),
        "cart-left-24h": (364, 843, 6),
        "cart-left-72h": (369, 785, 17),
    }


def test_orders_of_a_shop_that_fall_and_stop(answers: Answers) -> None:
    imported, september, december = answers("online-retail")

    assert (imported["accepted"], imported["customers"]) == (18_532, 4_338)
    assert fired(september) == {"orders-halved-1": 620, "orders-halved-2": 151, "orders-halved-4": 14}
    assert december["customers"] == 4_338
    assert december["facts"]["orders"]["sum"] == 18_532
    assert december["facts"]["spend"]["sum"] == pytest.approx(8_911_407.90, abs=1e-6)
    assert december["properties"]["order_completed.total"]["count"] == 18_532
    assert {name: number for name, number in fired(december).items() if "halved" not in name} == {
        "bought-again": 2_845,
        "quiet-90d": 1_449,
        "spent-5000": 275,
        "spent-1000": 1_393,
        "spent-less": 2_670,
    }


def test_orders_out_of_a_text_of_fixed_columns(answers: Answers) -> None:
    imported, june, july = answers("cdnow")

    assert (imported["accepted"], imported["customers"]) == (69_659, 23_570)
    assert fired(june) == {"orders-halved-1": 2_010, "orders-halved-2": 462, "orders-halved-4": 39}
    assert fired(july) == {"bought-again": 11_662, "quiet-180d": 18_210}


def test_traits_of_which_some_are_unknown(answers: Answers) -> None:
    imported, report = answers("telco")

    assert imported["customers"] == 7_043
    assert fired(report) == {"left": 1_869, "about-to-leave": 833, "paid-little": 813}
    assert report["rules"]["paid-little"]["unknown"] == 11


def test_scores_contracts_and_ids_that_stand_for_two_things(answers: Answers) -> None:
    tickets, scores, accounts, contracts, october, usage = answers("subscriptions")

    assert tickets["accepted"] == 2_000
    assert scores["properties"]["ticket_closed.score"]["count"] == 1_175
    assert scores["properties"]["ticket_closed.score"]["mean"] == pytest.approx(3.981277, abs=5e-7)
    # A ticket that gave no score is not one of 3 or less.
    assert fired(scores) == {"low-score": 396}
    assert fired(accounts) == {"unhappy": 125}
    assert contracts["accepted"] == 5_000
    assert fired(october) == {"ends-in-october": 55}
    assert (usage["accepted"], usage["duplicates"], usage["conflicts"]) == (24_979, 0, 21)


def test_days_of_quiet_rank_who_comes_back_and_a_model_says_whether_it_is_better(answers: Answers) -> None:
    pytest.importorskip("sklearn")
    _, quiet, model = answers("cdnow-risk")

    # given what 39 weeks tell of the 39 weeks after
    assert (quiet["n"], quiet["n"] - quiet["had"]) == (23_570, 7_039)
    assert quiet["auc"] >= 0.75
    # nine in ten of the pauses between two days with an order are of 125 days at most
    assert quiet["gaps"] == {"order_completed": 125}
    # and a model says by how much it is better, on a later period
    assert (model["judged_on"], model["better"]) == (23_570, True)
    assert model["quiet"]["auc"] == pytest.approx(0.828, abs=0.002)
    assert model["model"]["auc"] == pytest.approx(0.836, abs=0.002)
    assert model["model"]["brier"] < model["quiet"]["brier"]
