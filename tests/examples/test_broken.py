"""Every broken file is refused with exactly the lines beside it; the workspace it lies in is sound."""

from pathlib import Path

import pytest

from engine.authoring.loader import load
from tests.examples.broken_files import BROKEN, GENERATORS, examples, found, laid, workspace

FEWEST = 80


def test_the_workspace_around_them_is_sound() -> None:
    loaded = load(workspace())
    assert loaded.findings == ()
    assert loaded.workspace is not None


def test_there_are_enough_and_each_is_told() -> None:
    assert len(examples()) >= FEWEST
    assert {path.stem for path in examples()} == {path.stem for path in BROKEN.glob("*.expected")}
    generated = {path.read_text().split()[1] for path in BROKEN.glob("*.generated")}
    assert generated == set(GENERATORS)


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.stem)
def test_a_broken_file_gets_its_sentences(example: Path) -> None:
    # given a sound workspace with one broken file in it
    expected = example.with_suffix(".expected").read_text()

    # when it is checked
    lines = found(example)

    # then every error is told, where it stands and in these words
    assert lines == expected
    assert lines.strip()


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.stem)
def test_nothing_broken_is_loaded(example: Path) -> None:
    loaded = load(laid(example))
    errors = [finding for finding in loaded.findings if finding.severity == "error"]
    assert (loaded.workspace is None) == bool(errors)
