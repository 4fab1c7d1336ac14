"""mutants.yaml: what means nothing, and why."""

from pathlib import Path

import pytest

from engine.authoring.mutants.excuses import Excuse, judge, read_excuses
from engine.authoring.mutants.mutant import Change, Mutant
from engine.errors import AuthoringError


def survivor(before: str, shown: str | None) -> Mutant:
    return Mutant("rules/a.yaml", "rule", "a", Change(("if",), None, 3, 5, before, shown, ""))


def test_without_the_file_nothing_is_excused(tmp_path: Path) -> None:
    assert read_excuses(tmp_path) == ()


def test_an_excuse_speaks_of_its_mutants(tmp_path: Path) -> None:
    # given one with two changes, and one of what is left out
    (tmp_path / "mutants.yaml").write_text("""
means_nothing:
  - {thing: rule a, from: x > 0, to: [x >= 0, x > 1], reason: x is never between}
  - {thing: rule a, from: "at_most: 1 per 7d", reason: it comes once a week anyway}
""")

    # when survivors are held against them
    judged = judge(
        [survivor("x > 0", "x > 1"), survivor("at_most: 1 per 7d", None), survivor("x > 0", None)],
        read_excuses(tmp_path),
    )

    # then one is left, and every excuse was of use
    assert [(one.change.before, one.change.shown) for one in judged.survived] == [("x > 0", None)]
    assert [reason for _, reason in judged.excused] == ["x is never between", "it comes once a week anyway"]
    assert judged.stale == ()


def test_an_excuse_of_nothing_is_told_where_its_thing_is_looked_at() -> None:
    excuse = Excuse(thing="rule a", from_="x > 0", to="x > 1", reason="never")

    assert judge([], [excuse]).stale == (excuse,)
    assert judge([], [excuse], "rule a").stale == (excuse,)
    assert judge([], [excuse], "segment").stale == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("means_nothing: [{thing: rule a, from: x}]", "needs `reason:`"),
        ("means_nothin: []", "unknown key means_nothin, did you mean means_nothing?"),
        ("", "the file is empty"),
    ],
)
def test_a_slip_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mutants.yaml").write_text(text)

    with pytest.raises(AuthoringError) as raised:
        read_excuses(tmp_path)

    assert said in " ".join(map(str, raised.value.findings))
