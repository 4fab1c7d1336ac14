"""Metrics of public data, through the very commands of docs/metrics.md, held to counts from elsewhere."""

import csv
import gzip
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli.places import DATABASE
from tests.command_line import Holdfast, command_line

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[2] / "docs" / "metrics.md"

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
        block = re.search(rf"\(`{workspace}`\):\n\n```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
        assert block is not None
        found = []
        for line in block[1].splitlines():
            words = [
                str(public_data(word.removeprefix("$HOLDFAST_DATA/"))) if word.startswith("$") else word
                for word in line.split()
            ]
            said = holdfast(*words[1:], "--json")
            assert said.code == 0, said.err
            found.append(said.answer)
        return found

    return run


def months_of(path: Path, who: str, when: str) -> dict[str, set[str]]:
    """Give who was there in each month, straight out of a file."""
    found: dict[str, set[str]] = defaultdict(set)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            found[row[when][:7]].add(row[who])
    return found


def test_a_third_of_december_bought_again_in_january(answers: Answers) -> None:
    _, curves, repeat = answers("online-retail")

    december, *_, november = curves["items"]
    [again] = december["cells"]
    assert (december["size"], again["numerator"], round(again["value"], 3)) == (885, 324, 0.366)
    # What has not ended is not known.
    assert (november["size"], november["cells"][0]["value"], november["cells"][0]["reason"]) == (
        1664, None, "incomplete",
    )  # fmt: skip
    assert (repeat["numerator"], repeat["denominator"]) == (2845, 4338)


def test_households_come_back_month_by_month(answers: Answers, public_data: Callable[[str], Path]) -> None:
    _, curves = answers("complete-journey")

    baskets = months_of(
        public_data("completejourney_baskets.csv.gz"), "household_id", "transaction_timestamp"
    )
    expected = [
        (len(baskets[f"2017-{month:02}"]), len(baskets[f"2017-{month:02}"] & baskets[f"2017-{month + 1:02}"]))
        for month in range(1, 12)
    ]
    assert [(row["size"], row["cells"][0]["numerator"]) for row in curves["items"]] == expected
    assert expected[0] == (1982, 1761)


def test_two_sources_of_churn_are_named_with_what_they_do_not_agree_on(
    answers: Answers, public_data: Callable[[str], Path]
) -> None:
    *_, sources, revenue, csat, nrr = answers("accounts")

    assert (sources["sources"]["churn-events"], sources["sources"]["churn-flag"]) == (352, 110)
    disagree = {(pair["one"], pair["other"]): pair["disagree"] for pair in sources["pairs"]}
    assert disagree["churn-events", "churn-flag"] == 312
    assert (csat["numerator"], csat["denominator"]) == (40, 56)
    assert round(nrr["value"], 3) == 1.146
    # Every month begins with what the one before ended with, and adds up.
    for month in revenue["items"]:
        up = month["new"] + month["expansion"] + month["reactivation"]
        assert month["start"] + up - month["contraction"] - month["churn"] == month["end"]
    assert [month["end"] for month in revenue["items"][:-1]] == [
        month["start"] for month in revenue["items"][1:]
    ]
    # What is paid at the end, straight out of the file.
    with gzip.open(public_data("ravenstack_subscriptions.csv.gz"), "rt") as file:
        paid = sum(
            int(row["mrr_amount"])
            for row in csv.DictReader(file)
            if row["start_date"] < "2025-01-01" and (not row["end_date"] or row["end_date"] >= "2025-01-01")
        )
    assert revenue["items"][-1]["end"] == 100 * paid
