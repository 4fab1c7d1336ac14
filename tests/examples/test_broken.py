"""Every broken file is refused with exactly the lines beside it; the workspace it lies in is sound."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.authoring.loader import load
from engine.errors import Finding
from tests.examples.broken_files import BROKEN, GENERATORS, checked, examples, found, laid, workspace
from tests.examples.finding_codes import codes

FEWEST = 80
NOT_OF_ONE_FILE = {"bad-query", "never-fires", "plug-in", "too-many-files", "unformatted", "unreadable-file"}
"""Codes that no broken file can bring about: of import maps, plans, `fmt`, packages, the folder."""
REMEDIES = frozenset(
    (
        "add ask begin choose close compare declare end give indent leave make mend move multiply name put"
        " rename save say send split take use write"
    ).split()
)
"""How a clause begins that tells what to do."""
INTERNAL = re.compile(
    r"NoneType|msgspec|Struct\b|Traceback|<class|\bdict\b|Decimal|re2|minijinja|Errno|\w+Error\b"
)
SUGGESTED = re.compile(r"did you mean (.+)\?")


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
    loaded = checked(example)
    errors = [finding for finding in loaded.findings if finding.severity == "error"]
    assert (loaded.workspace is None) == bool(errors)


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.stem)
def test_each_sentence_says_what_to_write(example: Path) -> None:
    for finding in checked(example).findings:
        assert _has_remedy(finding), finding
        assert not INTERNAL.search(f"{finding.message} {finding.hint}"), finding


def test_every_code_has_a_broken_file() -> None:
    # given every code that the sources can give
    written = codes()

    # when all broken files are checked
    shown = {finding.code for example in examples() for finding in checked(example).findings}

    # then each code was seen, and none that the sources do not seem to have, but for names put together
    assert written - shown == NOT_OF_ONE_FILE
    assert {code for code in shown - written if not code.startswith("unknown-")} == set()


def _suggestions() -> Iterator[tuple[str, dict[str, bytes], Finding]]:
    for example in examples():
        for finding in checked(example).findings:
            if SUGGESTED.fullmatch(finding.hint):
                yield f"{example.stem}:{finding.line}:{finding.column}", laid(example), finding


@pytest.mark.parametrize(
    ("files", "finding"), [pytest.param(*rest, id=place) for place, *rest in _suggestions()]
)
def test_what_is_suggested_is_right(files: dict[str, bytes], finding: Finding) -> None:
    # given a file with a slip for which another word is suggested

    # when that word is written where the slip is
    mended = load({**files, finding.file: _mended(files[finding.file].decode(), finding).encode()})

    # then nothing of the kind is found there any more
    left = [
        f
        for f in mended.findings
        if (f.file, f.line, f.column) == (finding.file, finding.line, finding.column)
    ]
    assert {f.code for f in left}.isdisjoint({finding.code, "name", "syntax", "type"}), left


def _has_remedy(finding: Finding) -> bool:
    if SUGGESTED.fullmatch(finding.hint):
        return True
    # A slip that has one right form is told with it: `&&` is written and.
    if not finding.hint and re.search(r" (is|are) written |^write |: write ", finding.message):
        return True
    clauses = re.split(r"[;:,] ", finding.hint)
    return any(clause.split(" ")[0] in REMEDIES or " goes in double quotes" in clause for clause in clauses)


def _mended(text: str, finding: Finding) -> str:
    suggested = SUGGESTED.fullmatch(finding.hint)
    assert suggested
    instead = suggested[1]
    lines = text.split("\n")
    before, rest = (
        lines[finding.line - 1][: finding.column - 1],
        lines[finding.line - 1][finding.column - 1 :],
    )
    quoted = re.search(r"'([^']+)'", finding.message) or re.search(r"there is no ([\w.]+)$", finding.message)
    if finding.code == "type":
        wrong = instead.strip("'").removesuffix("d")
    elif quoted:
        wrong = quoted[1]
    else:
        word = re.match(r"[\w.-]+", rest)
        assert word, rest
        wrong = word[0]
        instead = instead.rpartition(".")[2] if before.endswith(".") else instead
    assert wrong in rest
    lines[finding.line - 1] = before + rest.replace(wrong, instead, 1)
    return "\n".join(lines)
