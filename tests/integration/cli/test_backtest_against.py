"""An edited rule against the one before it: from a folder, from git, and from what is live."""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import Holdfast

ORDERS = [("=ann", 120), ("bob", 90), ("cid", 60), ("bob", 95)]


@pytest.fixture
def edited(workspace: Path, holdfast: Holdfast, tmp_path: Path) -> Path:
    """The workspace with orders of three customers, its rule now content with 80; gives it as it was."""
    lines = ["customer,event,at,id,total,order_id"]
    lines += [
        f"{customer},order_completed,2026-01-0{day}T10:00:00Z,m{day},{total},o{day}"
        for day, (customer, total) in enumerate(ORDERS, 1)
    ]
    (workspace / "more.csv").write_text("\n".join(lines) + "\n")
    assert holdfast("import", "more.csv", "--history").code == 0
    before = tmp_path / "before"
    shutil.copytree(workspace, before, ignore=shutil.ignore_patterns("*.db*"))
    rule = workspace / "rules/big-order.yaml"
    rule.write_text(rule.read_text().replace("event.total >= 100", "event.total >= 80"))
    return before


def test_who_is_decided_otherwise_is_told_with_the_lines(edited: Path, holdfast: Holdfast) -> None:
    answer = holdfast("backtest", "big-order", "--against", str(edited), "--json").answer

    assert answer["against"]["rules"]["big-order"]["fired"] == 1
    assert answer["rules"]["big-order"]["fired"] == 3
    [bob] = answer["differing"]
    assert (bob["rule"], bob["customer"], bob["old"], bob["new"]) == ("big-order", "bob", "not_met", "fired")
    assert bob["at"] == "2026-01-02T10:00:00Z"
    assert bob["lines"] == [
        {"text": "event.total >= 100", "old": "not_met", "new": None, "values": {"event.total": 90}},
        {"text": "event.total >= 80", "old": None, "new": "met", "values": {"event.total": 90}},
    ]
    assert answer["days"]["big-order"] == {"2026-01-01": 1, "2026-01-02": 1, "2026-01-04": 1}
    assert answer["thresholds"][0]["limit"] == 80


def test_people_see_charts_and_sentences(edited: Path, holdfast: Holdfast) -> None:
    said = holdfast("backtest", "big-order", "--against", str(edited)).out

    assert "big-order: fired 1 times, now 3" in said
    assert "-- then event.total >= 100 ---" in said
    assert "1 customer is decided otherwise" in said
    assert "now   event.total >= 80   met   (event.total = 90)" in said
    assert all(len(line) <= 100 for line in said.splitlines())


def test_a_rule_that_only_the_other_side_has_can_be_named(
    workspace: Path, edited: Path, holdfast: Holdfast
) -> None:
    # given that the rule was taken out
    (workspace / "rules/big-order.yaml").unlink()

    # when compared with the files that have it
    answer = holdfast("backtest", "big-order", "--against", str(edited), "--json").answer

    # then the one for whom it fired is told
    assert [(each["customer"], each["old"], each["new"]) for each in answer["differing"]] == [
        ("=ann", "fired", "not_asked")
    ]


def test_a_rule_in_shadow_differs_too(workspace: Path, edited: Path, holdfast: Holdfast) -> None:
    # given that the rule is only looking on, on both sides
    for folder in (workspace, edited):
        rule = folder / "rules/big-order.yaml"
        rule.write_text(rule.read_text().replace("status: live", "status: shadow"))

    # when compared
    answer = holdfast("backtest", "big-order", "--against", str(edited), "--json").answer

    # then
    assert [(each["customer"], each["new"]) for each in answer["differing"]] == [("bob", "shadow")]


def test_what_came_before_the_beginning_is_not_counted(edited: Path, holdfast: Holdfast) -> None:
    answer = holdfast("backtest", "big-order", "--from", "2026-06-01", "--json").answer
    assert (answer["rules"]["big-order"]["fired"], answer["events"], answer["messages"]) == (0, 0, {})


def test_nobody_differs_from_the_same_files(workspace: Path, edited: Path, holdfast: Holdfast) -> None:
    assert "Nobody is decided otherwise." in holdfast("backtest", "--against", str(workspace)).out


def test_a_revision_of_git_is_the_other_side(workspace: Path, edited: Path, holdfast: Holdfast) -> None:
    # given the workspace as it was, committed, below the top of a repository
    shutil.copy(edited / "rules/big-order.yaml", workspace / "rules/before.txt")
    rule = workspace / "rules/big-order.yaml"
    now = rule.read_text()
    rule.write_text((workspace / "rules/before.txt").read_text())
    (workspace / "rules/before.txt").unlink()
    for command in (
        ("init", "-q"),
        ("add", "holdfast.yaml", "rules", "workflows"),
        ("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qm", "before"),
    ):
        subprocess.run(["git", "-C", str(workspace), *command], check=True)
    rule.write_text(now)

    # when compared with it
    answer = holdfast("backtest", "big-order", "--against", "git:HEAD", "--json").answer

    # then
    assert [each["customer"] for each in answer["differing"]] == ["bob"]


def test_what_is_live_is_the_other_side(edited: Path, holdfast: Holdfast) -> None:
    # given that the orders were imported under the rule as it was, when compared with what is live
    answer = holdfast("backtest", "big-order", "--against", "live", "--json").answer

    # then
    assert [each["customer"] for each in answer["differing"]] == ["bob"]


@pytest.mark.parametrize(
    ("other", "said"),
    [("nowhere", "there is no folder nowhere"), ("git:gone", "git")],
)
def test_another_side_that_there_is_not(edited: Path, holdfast: Holdfast, other: str, said: str) -> None:
    answer = holdfast("backtest", "--against", other)
    assert answer.code == 1
    assert said in answer.err


def test_decisions_go_to_a_file_that_a_spreadsheet_may_open(
    workspace: Path, edited: Path, holdfast: Holdfast
) -> None:
    holdfast("backtest", "big-order", "--against", str(edited), "--csv", "out.csv")

    rows = list(csv.DictReader((workspace / "out.csv").read_text().splitlines()))
    assert [(row["side"], row["customer"], row["day"]) for row in rows] == [
        ("old", "'=ann", "2026-01-01"),
        ("new", "'=ann", "2026-01-01"),
        ("new", "bob", "2026-01-02"),
        ("new", "bob", "2026-01-04"),
    ]
