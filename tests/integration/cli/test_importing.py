"""Imports of files that nobody has described, that are damaged, and that end before their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.places import DATABASE
from engine.runtime.crashpoint import SETTING
from tests.command_line import Holdfast
from tests.servers import postgres_url

REPOSITORY = Path(__file__).resolve().parents[3]
NO_TIME = "the event's time is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z"
CLICKS = """user_id,action,created_at,page
u1,viewed,2026-01-05 12:00:00,1
u1,viewed,soon,2
u2,viewed,2026-01-05 12:02:00,3
,viewed,2026-01-05 12:02:00,3
"""


@pytest.fixture
def clicks(workspace: Path) -> Path:
    """A file of somebody else's, in the workspace."""
    path = workspace / "clicks.csv"
    path.write_text(CLICKS)
    return path


def test_nothing_is_imported_unasked(clicks: Path, holdfast: Holdfast) -> None:
    # given a file that is no events, and nobody to ask

    # when it is imported
    said = holdfast("import", "clicks.csv")

    # then the map is shown with its reasons, and what would become of the rows, and nothing is done
    assert said.code == 3
    assert "#   customer: user_id (sure: its name says that it is the customer; empty in 1 rows)" in said.out
    assert (
        "refused: the event's time is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z: 1 (rows 2)"
        in said.out
    )
    assert "2 of 4 rows would be taken, of 2 customers: 2 viewed" in said.out
    assert not Path("holdfast.db").exists()


def test_what_would_be_is_told_to_programs(clicks: Path, holdfast: Holdfast) -> None:
    said = holdfast("import", "clicks.csv", "--json")

    answer = said.answer
    assert said.code == 3
    assert answer["proposal"]["choices"][1] == {
        "role": "time",
        "column": "created_at",
        "sure": "sure",
        "reason": "its name says so",
    }
    assert answer["preview"][0] == {
        "row": 1,
        "customer": "u1",
        "event": "viewed",
        "at": "2026-01-05T12:00:00Z",
        "account": None,
        "properties": {"page": 1},
    }
    assert [(one["code"], one["count"], one["rows"]) for one in answer["refused"]] == [
        ("bad_time", 1, [2]),
        ("no_customer", 1, [4]),
    ]
    assert (answer["rows"], answer["sound"], answer["customers"]) == (4, 2, 2)


def test_a_proposal_that_is_agreed_to_is_imported(clicks: Path, holdfast: Holdfast) -> None:
    answer = holdfast("import", "clicks.csv", "--yes", "--history", "--json").answer

    assert (answer["accepted"], answer["quarantined"], answer["customers"]) == (2, 2, 2)
    assert answer["proposal"]["name"] == "clicks"


def test_a_proposal_is_written_changed_and_imported(clicks: Path, holdfast: Holdfast) -> None:
    # given a proposal that is written down, and changed
    assert holdfast("import", "clicks.csv", "--propose").code == 0
    map = Path("imports/clicks.yaml")
    map.write_text(map.read_text().replace('"action" as event', "'seen' as event"))

    # when it is imported by the map's name
    answer = holdfast("import", "clicks.csv", "--map", "clicks", "--history", "--json").answer

    # then it is as the map says
    assert answer["accepted"] == 2
    shown = holdfast("import", "clicks.csv", "--map", "clicks", "--preview", "--json").answer
    assert shown["proposal"] is None
    assert shown["events"] == {"seen": 2}

    # and it is not written over
    again = holdfast("import", "clicks.csv", "--propose")
    assert (again.code, again.err.splitlines()[-1][-67:]) == (
        1,
        "imports/clicks.yaml is there already; name another file behind --propose"[-67:],
    )


def test_a_preview_of_events_imports_nothing(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("import", "orders.csv", "--preview", "--json")

    assert said.code == 0
    assert [(one["code"], one["rows"]) for one in said.answer["refused"]] == [
        ("conflict", [5]),
        ("bad_time", [6]),
    ]
    assert [(one["code"], one["rows"]) for one in said.answer["odd"]] == [("duplicate", [4])]
    assert not Path("holdfast.db").exists()


def test_refused_rows_are_mended_and_imported(clicks: Path, holdfast: Holdfast) -> None:
    # given rows of which two were refused
    answer = holdfast(
        "import", "clicks.csv", "--yes", "--history", "--refused", "refused.csv", "--json"
    ).answer
    assert answer["refused"] == 2
    report = Path("refused.csv").read_text()
    assert report.splitlines()[1] == f"2,{NO_TIME},,u1,viewed,soon,2"

    # when they are mended
    Path("refused.csv").write_text(
        report.replace("soon", "2026-01-05 12:01:00").replace(",,viewed", ",u3,viewed")
    )

    # then the report is a file of events
    again = holdfast("import", "refused.csv", "--history", "--json").answer
    assert (again["accepted"], again["quarantined"]) == (2, 0)
    assert holdfast("doctor", "--json").answer["balanced"]


def rows(count: int) -> str:
    """Give events of which nothing but their place tells some apart, one of them refused."""
    lines = [f"c{number % 7},order_completed,2026-01-05 12:00:00,{number}" for number in range(count)]
    lines[count // 2] = "c1,order_completed,never,5"
    return "customer,event,at,total\n" + "\n".join(lines) + "\n"


def killed(*argv: str, at: str) -> int:
    """Run a command in a process of its own, which ends at a crash point as kill -9 does it."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", *argv],
        env=os.environ | {SETTING: at, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize("history", [True, False])
def test_an_import_that_was_killed_goes_on_where_it_was(
    workspace: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch, store: str, history: bool
) -> None:
    # given an import that is killed after its third portion
    if store == "postgres":
        monkeypatch.setenv(DATABASE, postgres_url())
    Path("many.csv").write_text(rows(5000))
    command = ["import", "many.csv", "--json", *(["--history"] if history else [])]
    assert killed(*command, at="before_answer:3") == -signal.SIGKILL

    # when the same command is begun again
    answer = holdfast(*command).answer

    # then every row has been accepted once, and what was in already is told
    assert (answer["skipped"], answer["accepted"], answer["quarantined"]) == (3000, 4999, 1)
    assert answer["duplicates"] == 0
    said = holdfast("doctor", "--json").answer
    assert (said["balanced"], said["received"], said["accepted"]) == (True, 5000, 4999)

    # and the next time it is another import, of rows that are all known
    assert (holdfast(*command).answer["duplicates"]) == 4999


@pytest.mark.parametrize("point", ["import_begun", "before_commit:2", "after_commit:2", "import_settled"])
def test_it_may_be_killed_anywhere(workspace: Path, holdfast: Holdfast, point: str) -> None:
    # given traits without a time or an id, which nothing but their place tells apart
    lines = "".join(f"c{number % 7},{number}\n" for number in range(2500))
    Path("people.csv").write_text(f"customer,level\n{lines}")
    assert killed("import", "people.csv", "--history", at=point) == -signal.SIGKILL

    answer = holdfast("import", "people.csv", "--history", "--json").answer

    assert (answer["accepted"], answer["duplicates"]) == (2500, 0)
    said = holdfast("doctor", "--json").answer
    assert (said["balanced"], said["accepted"]) == (True, 2500)


def test_a_file_that_was_changed_meanwhile_is_read_anew(workspace: Path, holdfast: Holdfast) -> None:
    # given an import that was killed, and a file in which a row before that place is another one now
    Path("many.csv").write_text(rows(3000))
    assert killed("import", "many.csv", "--history", at="import_accepted:2") == -signal.SIGKILL
    Path("many.csv").write_text(rows(3000).replace(",10\n", ",11.5\n"))

    # when it is imported
    answer = holdfast("import", "many.csv", "--history", "--json").answer

    # then what was in comes up as duplicates, and the rest goes in
    assert "skipped" not in answer
    assert (answer["accepted"], answer["duplicates"], answer["quarantined"]) == (1001, 1998, 1)
