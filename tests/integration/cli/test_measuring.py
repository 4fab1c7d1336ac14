"""`holdfast metrics` and `holdfast goals` on a small past."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Holdfast

FILES = {
    "holdfast.yaml": "name: Shop\n",
    "rules/facts.yaml": "subscriptions: {of: billed, id: contract, mrr: mrr}\n",
    "rules/better-answers.yaml": """
goal: better-answers
metric: csat
change: {kind: absolute, from: 60%, to: 80%}
between: [2024-01-01, 2024-03-01]
at_least: 2 observations
""",
}
EVENTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("2024-01-05", "ann", "billed", {"contract": "a", "mrr": 10}),
    ("2024-01-05", "bob", "billed", {"contract": "b", "mrr": 10}),
    ("2024-01-09", "ann", "order_completed", {"order_id": "1", "total": 5}),
    ("2024-01-09", "bob", "order_completed", {"order_id": "2", "total": 5}),
    ("2024-02-09", "ann", "order_completed", {"order_id": "3", "total": 5}),
    ("2024-02-10", "ann", "survey_answered", {"score": 5}),
    ("2024-02-10", "bob", "survey_answered", {"score": 4}),
    ("2024-02-12", "bob", "billed", {"contract": "b", "mrr": 0}),
)
FEBRUARY = ("--from", "2024-02-01", "--to", "2024-03-01")


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holdfast: Holdfast) -> Path:
    """A workspace of two customers, of whom one left, with their past taken in."""
    folder = tmp_path / "measured"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    lines = [
        json.dumps({"customer": customer, "event": event, "at": at, "id": str(number), **properties})
        for number, (at, customer, event, properties) in enumerate(EVENTS)
    ]
    (folder / "past.jsonl").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(folder)
    assert holdfast("import", "--history", "past.jsonl").code == 0
    return folder


@pytest.mark.usefixtures("base")
def test_a_metric_says_what_it_rests_on(holdfast: Holdfast) -> None:
    found = holdfast("metrics", "crr", *FEBRUARY, "--json").answer
    assert (found["value"], found["numerator"], found["denominator"], found["reason"]) == (0.5, 1, 2, None)

    told = holdfast("metrics", "crr", *FEBRUARY).out
    assert "crr, 2024-02-01 to 2024-03-01, UTC" in told
    assert found["definition"] in told


@pytest.mark.usefixtures("base")
def test_curves_movements_and_sources_are_told(holdfast: Holdfast) -> None:
    curve = ("metrics", "retention", "--from", "2024-01-01", "--to", "2024-03-01", "--cells", "1")
    january, february = holdfast(*curve, "--json").answer["items"]
    assert (january["size"], january["cells"][0]["numerator"], february["size"]) == (2, 1, 0)
    assert "50.0 %" in holdfast(*curve).out

    [month] = holdfast("metrics", "mrr", *FEBRUARY, "--json").answer["items"]
    assert (month["start"], month["churn"], month["end"]) == (2000, 1000, 1000)
    assert "churn 1000" in holdfast("metrics", "mrr", *FEBRUARY).out
    assert holdfast("metrics", "churn_sources", *FEBRUARY, "--json").answer["sources"] == {"contracts": 1}
    assert "contracts 1" in holdfast("metrics", "churn_sources", *FEBRUARY).out


@pytest.mark.usefixtures("base")
def test_without_a_name_all_are_listed(holdfast: Holdfast) -> None:
    listed = {one["name"]: one for one in holdfast("metrics", "--json").answer["items"]}
    assert {"crr", "mrr", "retention", "nps"} <= set(listed)
    assert listed["crr"]["definition"].startswith("crr-1-")
    assert "first_response_time" in holdfast("metrics").out


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing",), "there is no metric nothing"),
        (("crr", "--from", "2024-03-01", "--to", "2024-02-01"), "`to` is not after `from`"),
        (("crr", "--from", "yesterday"), "from is no day"),
        (("csat", *FEBRUARY, "--by", "moon"), "csat is not taken apart by moon; write segment"),
        (("retention", *FEBRUARY, "--kind", "bracket", "--brackets", "4-1"), "brackets are periods"),
    ],
)
def test_what_cannot_be_measured_is_one_line(holdfast: Holdfast, words: tuple[str, ...], says: str) -> None:
    said = holdfast("metrics", *words)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert says in said.err


@pytest.mark.usefixtures("base")
def test_goals_stand_where_they_stand(holdfast: Holdfast) -> None:
    [goal] = holdfast("goals", "--json").answer["items"]
    # The deadline has passed: two of two answers in the four weeks before it were good.
    assert (goal["status"], goal["current"]["value"], goal["target"], goal["final"]) == (
        "achieved",
        1,
        0.8,
        True,
    )
    assert "achieved" in holdfast("goals").out
