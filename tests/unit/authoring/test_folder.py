from pathlib import Path

import pytest

from engine.authoring.folder import read_folder
from engine.authoring.loader import load_folder, require
from engine.errors import AuthoringError
from tests.examples.broken_files import BROKEN, workspace


def test_a_folder_is_read_as_it_lies() -> None:
    assert read_folder(BROKEN / "workspace") == workspace()
    assert require(load_folder(BROKEN / "workspace")).settings.name == "Corner shop"


def test_what_does_not_belong_is_left_alone(tmp_path: Path) -> None:
    # given a workspace with notes, hidden files and a database beside it
    own = ["holdfast.yaml", "rules/a.yaml", "workflows/c.yml", "workflows/messages/d.md"]
    others = [
        "holdfast.db",
        "README.md",
        "rules/notes.md",
        "rules/.a.yaml.swp",
        "rules/.git/b.yaml",
        "e/f.yaml",
    ]
    for name in own + others:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")

    # then only its own files are read
    assert list(read_folder(tmp_path)) == own


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    result = load_folder(tmp_path)
    assert result.workspace is None
    assert [finding.code for finding in result.findings] == ["no-workspace"]
    with pytest.raises(AuthoringError, match=r"there is no holdfast\.yaml here"):
        require(result)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "workspace"
    (inside / "rules").mkdir(parents=True)
    (inside / "holdfast.yaml").write_text("")
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (inside / "rules" / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    assert [finding.code for finding in load_folder(inside).findings] == ["link-out"]


def test_a_link_inside_the_workspace_is_followed(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "holdfast.yaml").write_text("")
    (tmp_path / "rules" / "a.yaml").write_text("segment: a\nstatic: yes\n")
    (tmp_path / "rules" / "b.yaml").symlink_to(tmp_path / "rules" / "a.yaml")
    assert set(read_folder(tmp_path)) == {"holdfast.yaml", "rules/a.yaml", "rules/b.yaml"}


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "holdfast.yaml").write_text("")
    with (tmp_path / "rules" / "a.yaml").open("wb") as file:
        file.truncate(5_000_000_000)
    assert [finding.code for finding in load_folder(tmp_path).findings] == ["file-too-large"]
