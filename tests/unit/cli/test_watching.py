"""Watching a folder: what a save breaks and what it mends, each told once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.terminal import Terminal
from api.cli.watching import watch
from engine.authoring.loader import load_folder
from engine.errors import Finding

SOUND = "rule: r\nwhen: {event: bought}\nthen: [{do: event.emit, with: {event: seen}}]\n"
BROKEN = SOUND.replace("when:", "whem:")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "holdfast.yaml").write_text("name: Test\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/r.yaml").write_text(SOUND)
    return tmp_path


def saves(path: Path, *texts: str | None) -> Callable[[], None]:
    """Write a text at each pause, or nothing; then interrupt, as somebody who has seen enough."""
    left = list(texts)

    def pause() -> None:
        if not left:
            raise KeyboardInterrupt
        text = left.pop(0)
        if text is not None:
            path.write_text(text)
            os.utime(path, ns=(len(left), len(left)))

    return pause


def watched(folder: Path, pause: Callable[[], None]) -> int:
    def check() -> tuple[Finding, ...]:
        return tuple(load_folder(folder).findings)

    return watch(folder, check, Terminal(), pause)


def test_what_a_save_breaks_and_mends_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = watched(folder, saves(folder / "rules/r.yaml", BROKEN, None, SOUND))

    said = capsys.readouterr().out
    assert code == 0
    assert said.count("unknown key whem") == 2
    assert said.count("mended: rules/r.yaml:2:1: unknown key whem") == 1
    assert said.count("rules/r.yaml: ") == 2 + said.count("rules/r.yaml: no findings") - 1


def test_the_last_check_is_the_exit_code(folder: Path) -> None:
    assert watched(folder, saves(folder / "rules/r.yaml", BROKEN)) == 1


def test_a_file_that_is_new_is_looked_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watched(folder, saves(folder / "rules/other.yaml", BROKEN.replace("rule: r", "rule: other")))
    assert "rules/other.yaml:2:1: unknown key whem" in capsys.readouterr().out
