import argparse
from pathlib import Path

import pytest

from api.cli.places import DATABASE, database_of, instant, workspace_of
from engine.customers.zones import moment_of, zone
from engine.errors import RequestError


def given(**arguments: object) -> argparse.Namespace:
    return argparse.Namespace(**{"workspace": None, "database": None, **arguments})


def test_the_workspace_is_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "holdfast.yaml").touch()
    monkeypatch.chdir(tmp_path)

    assert workspace_of(given()) == tmp_path


def test_a_folder_that_is_no_workspace_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RequestError, match=r"there is no holdfast\.yaml here; .* holdfast init DIR"):
        workspace_of(given())
    with pytest.raises(RequestError, match=r"there is no holdfast\.yaml in other"):
        workspace_of(given(workspace=Path("other")))


def test_the_database_is_named_by_the_option_then_the_environment_then_the_workspace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path("/srv/shop")
    monkeypatch.delenv(DATABASE, raising=False)
    assert database_of(given(), folder) == "sqlite:////srv/shop/holdfast.db"

    monkeypatch.setenv(DATABASE, "sqlite:////srv/other.db")
    assert database_of(given(), folder) == "sqlite:////srv/other.db"
    assert database_of(given(database="sqlite:///own.db"), folder) == "sqlite:///own.db"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("2026-07-01T09:00", "2026-07-01T07:00:00+00:00"),
        ("2026-07-01 09:00:00Z", "2026-07-01T09:00:00+00:00"),
        ("2026-07-01T09:00+09:00", "2026-07-01T00:00:00+00:00"),
    ],
)
def test_an_instant_without_an_offset_is_local_to_the_workspace(text: str, utc: str) -> None:
    at = instant(text, zone("Europe/Berlin"), "--at")

    assert at is not None and moment_of(at).isoformat() == utc


def test_what_is_no_instant_says_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"--at 'tomorrow' is no time; write 2026-03-01"):
        instant("tomorrow", zone("UTC"), "--at")
