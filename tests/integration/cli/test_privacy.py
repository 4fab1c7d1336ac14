"""Erasing from a terminal, alone and beside a server."""

import io
import json
import sys
from pathlib import Path

import pytest

from engine.store.personal import AccessFilter
from engine.store.sqlite import open_sqlite
from tests.command_line import Holdfast


class Typed(io.StringIO):
    """A terminal at which somebody has typed something."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def imported(workspace: Path, holdfast: Holdfast) -> Path:
    assert holdfast("import", "orders.csv", "--yes").code == 0
    return workspace


def test_erase_takes_a_customer_away(imported: Path, holdfast: Holdfast) -> None:
    # given
    assert b"c1" in (imported / "holdfast.db").read_bytes()

    # when
    found = holdfast("erase", "c1", "--yes", "--json").answer

    # then
    assert found["customer"].startswith("erased:") and found["rows"]["event"] >= 2
    assert holdfast("erase", "c1", "--yes").out == "c1 was erased before\n"
    doctor = holdfast("doctor", "--json").answer
    assert doctor["balanced"] and doctor["erased"] == 2


def test_the_audit_record_verifies_after_an_erasure(workspace: Path, holdfast: Holdfast) -> None:
    # given a decision and a run
    Path("now.jsonl").write_text('{"customer": "c1", "event": "order_completed", "total": 150}\n')
    holdfast("import", "now.jsonl", "--json")
    before = holdfast("audit", "verify", "--json")
    assert (before.code, before.answer["erased"]) == (0, 0)

    # when
    holdfast("erase", "c1", "--yes")

    # then every proof holds, and what cannot be opened any more is said to be erased
    after = holdfast("audit", "verify", "--json")
    assert after.code == 0 and after.answer["erased"] > 0
    replayed = holdfast("audit", "replay", "--json")
    assert replayed.code == 0 and replayed.answer["erased"] > 0


def test_what_is_taken_away_after_an_erasure_names_nobody_who_was_erased(
    workspace: Path, holdfast: Holdfast
) -> None:
    # given a customer in the record, whom an export names
    Path("now.jsonl").write_text('{"customer": "wilhelmina", "event": "order_completed", "total": 150}\n')
    holdfast("import", "now.jsonl", "--json")
    holdfast("audit", "export", "before.zip")
    assert b"wilhelmina" in Path("before.zip").read_bytes()

    # when
    Path("now.jsonl").unlink()
    holdfast("erase", "wilhelmina", "--yes")

    # then nothing that can be taken from then on does
    assert holdfast("audit", "export", "after.zip").code == 0
    assert holdfast("backtest", "--csv", "after.csv").code == 0
    for name in ("after.zip", "after.csv", "holdfast.db"):
        assert b"wilhelmina" not in Path(name).read_bytes(), name


def test_erase_asks_for_the_id_again(
    imported: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("c2\n"))
    assert (
        holdfast("erase", "c1").err
        == "holdfast: nothing was erased; write the id again as it was asked for\n"
    )

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert "say --yes" in holdfast("erase", "c1").err

    monkeypatch.setattr(sys, "stdin", Typed("c1\n"))
    assert "c1 is erased; skeletons stay under erased:" in holdfast("erase", "c1").out


def test_erasing_somebody_nobody_knows_is_an_error(imported: Path, holdfast: Holdfast) -> None:
    said = holdfast("erase", "c99", "--yes")

    assert (said.code, said.err) == (1, "holdfast: there is no customer c99; look the id up\n")


def test_export_writes_everything_that_is_known(imported: Path, holdfast: Holdfast) -> None:
    # when
    told = holdfast("export", "c1", "c1.json", "--json").answer

    # then
    found = json.loads((imported / "c1.json").read_text())
    assert told["customer"] == "c1" and told["file"] == "c1.json"
    assert found["names"] == ["c1"]
    assert found["customer"]["facts"]["orders"]["value"] == 2
    assert [event["message_id"] for event in found["events"] if event["cause"] == "import"] == ["o1", "o2"]
    (decision,) = found["decisions"]
    assert decision["in_words"].startswith("The rule big-order looked at ")
    assert "`event.total >= 100` was met, for event.total was 120." in decision["in_words"]
    # and nothing that is there is written over
    assert "is there already" in holdfast("export", "c1", "c1.json").err
    assert holdfast("export", "c99", "c99.json").code == 1
    assert not (imported / "c99.json").exists()


def read(folder: Path) -> list[tuple[str, bool]]:
    """The readings that are recorded: by which command, and whether of a customer."""
    store = open_sqlite(folder / "holdfast.db", exclusive=False)
    with store.reader() as reader:
        rows = reader.accesses(AccessFilter())
    store.close()
    return [(row.route, row.subject is not None) for row in rows]


def test_what_a_command_shows_is_recorded(imported: Path, holdfast: Holdfast) -> None:
    # given an order that has no time: it is of now
    Path("now.jsonl").write_text('{"customer": "c1", "event": "order_completed", "total": 150}\n')
    holdfast("import", "now.jsonl", "--json")

    # when
    run = holdfast("runs", "--customer", "c1", "--json").answer["items"][0]["id"]
    holdfast("runs")
    holdfast("run", run)
    holdfast("why", "c1", "big-order")
    holdfast("export", "c1", "c1.json")
    holdfast("doctor")

    # then
    assert read(imported) == [
        ("holdfast runs", True),
        ("holdfast runs", False),
        ("holdfast run", True),
        ("holdfast why", True),
        ("holdfast export", True),
    ]


def test_what_cannot_be_recorded_is_not_shown(imported: Path, holdfast: Holdfast) -> None:
    store = open_sqlite(imported / "holdfast.db", exclusive=True)
    try:
        said = holdfast("runs")
    finally:
        store.close()

    assert (said.code, said.out) == (1, "")
    assert "in use" in said.err


def test_reading_beside_a_server_is_recorded_by_it(server: str, workspace: Path, holdfast: Holdfast) -> None:
    # given
    holdfast("import", "orders.csv", "--yes")

    # when
    assert holdfast("runs", "--customer", "c1").code == 0
    assert holdfast("export", "c1", "c1.json").code == 0

    # then
    found = json.loads((workspace / "c1.json").read_text())
    assert [each["route"] for each in found["accesses"]] == ["holdfast runs"]
    assert ("holdfast runs", True) in read(workspace)


def test_erase_goes_through_a_server_that_runs(server: str, holdfast: Holdfast) -> None:
    # given
    holdfast("import", "orders.csv", "--yes")

    # when
    found = holdfast("erase", "c1", "--yes", "--json").answer

    # then
    assert found["rows"]["event"] >= 2 and not found["already"]
