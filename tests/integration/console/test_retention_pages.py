"""The pages about retention: the API's own numbers, for their roles, as pages and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.console.retention.metrics import GROUPS, KINDS, RESTS_ON
from api.console.retention.section import WHY
from engine.metrics.catalog import METRICS
from engine.model.reasons import NoFigure
from tests.exposed import START, WIN_BACK, Shop, shop
from tests.integration.console.conftest import Browser
from tests.integration.console.past import HOSTILE, PAGES, past

LESS = "\N{MINUS SIGN}"
APRIL = "from=2026-04-01&to=2026-04-30"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with past(tmp_path_factory.mktemp("past") / "shop") as opened:
        yield opened


@pytest.fixture(scope="module")
def author(lived: Shop) -> Browser:
    return signed_in(lived, "author")


def signed_in(opened: Shop, role: str) -> Browser:
    browser = Browser(TestClient(opened.http.app, raise_server_exceptions=False))
    key = opened.engine.create_key(role, f"{role}@example.com").text
    assert browser.sign_in(key).status_code == 303
    return browser


def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    """Gives a page's CSV."""
    answer = browser.get(path + ("&" if "?" in path else "?") + "as=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8", answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def as_number(text: str) -> Any:
    return None if text == "" else float(text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_text_is_text(author: Browser, path: str) -> None:
    text = author.page(path)
    assert "<script src=x" not in text
    assert 'aria-current="page">Retention</a>' in text


def test_metrics_have_their_definition_and_the_figures_of_the_api(lived: Shop, author: Browser) -> None:
    # given what the API says of April
    known = {one["name"]: one for one in lived.get("/v1/metrics")["items"]}
    figures = lived.get("/v1/metrics/figures?from=2026-04-01&to=2026-05-01")["items"]
    page = unescape(author.page(f"/retention?{APRIL}"))
    # then each metric is there, with its formula, and where there is a figure, with what it rests on
    for one in figures:
        assert known[one["metric"]]["title"] in page
        assert page.count(known[one["metric"]]["formula"]) >= 2
    for shown in ("66.7%", "1,090.00 EUR"):
        assert shown in page
    assert WHY["no_margin"] in page
    # and the file has all of it, digit for digit
    told = rows(author, f"/retention?{APRIL}")
    assert [each["Metric"] for each in told] == [one["metric"] for one in figures]
    for row, one in zip(told, figures, strict=True):
        for title, name in (("Value", "value"), ("Numerator", "numerator"), ("Denominator", "denominator")):
            assert as_number(row[title]) == one[name], (one["metric"], title)
        assert (row["As of"], row["Definition"]) == (one["as_of"], one["definition"])


def test_every_metric_its_kinds_and_every_reason_have_their_place() -> None:
    assert {name for _, names in GROUPS for name in names} == set(METRICS)
    assert set(RESTS_ON) < set(METRICS)
    assert set(KINDS) == {option for metric in METRICS.values() for option in metric.options}
    assert set(WHY) == {reason.value for reason in NoFigure}


def test_a_metric_is_taken_apart_and_told_month_by_month(lived: Shop, author: Browser) -> None:
    path = f"/retention/metrics/logo_churn_rate?{APRIL}&by=reason&formula=stripe"
    found = lived.get("/v1/metrics/logo_churn_rate?from=2026-04-01&to=2026-05-01&by=reason&formula=stripe")
    told = rows(author, path)
    assert [(each["Of"], as_number(each["Value"])) for each in told] == [
        ("everybody", found["value"]), *((one["group"], one["value"]) for one in found["groups"]),
    ]  # fmt: skip
    months = rows(author, path + "&of=months")
    assert len(months) == 13 and as_number(months[-1]["Value"]) == found["value"]
    assert '<option value="stripe" selected>' in author.page(path)
    assert author.get("/retention/metrics/none").status_code == 404
    assert author.get("/retention/metrics/csat?by=moon").status_code == 400


def test_the_map_of_cohorts_is_that_of_the_api(lived: Shop, author: Browser) -> None:
    path = "/retention/cohorts?from=2026-01-01&to=2026-04-30&cells=6"
    found = lived.get("/v1/metrics/retention?from=2026-01-01&to=2026-05-01&cells=6")
    page = author.page(path)
    # January: ann, bob and cid, of whom one ordered in February and two in March
    assert '<th scope="row">Jan 2026</th><td>3</td><td class="s3">33.3%</td><td class="s7">66.7%</td>' in page
    # what is not over is empty, and no nought
    assert page.count('<td class="later"></td>') == 2 * sum(
        cell["reason"] == "incomplete" for row in found["items"] for cell in row["cells"]
    )
    told = rows(author, path)
    cells = [(row, cell) for row in found["items"] for cell in row["cells"]]
    assert [(each["Size"], as_number(each["Value"]), each["Active"]) for each in told] == [
        (str(row["size"]), cell["value"], "" if cell["numerator"] is None else str(cell["numerator"]))
        for row, cell in cells
    ]
    # and only of a segment, where that is asked
    assert "Nobody was active" in author.page(path + "&segment=regular")
    assert author.get("/retention/cohorts?unit=year").status_code == 400


def test_movements_add_up_and_the_sources_are_told(lived: Shop, author: Browser) -> None:
    path = "/retention/revenue?from=2026-01-01&to=2026-04-30"
    found = lived.get("/v1/metrics/mrr?from=2026-01-01&to=2026-05-01")["items"]
    page = unescape(author.page(path))
    names = ("start", "new", "expansion", "reactivation", "contraction", "churn", "end")
    for each, one in zip(rows(author, path), found, strict=True):
        assert [int(each[name.capitalize()]) for name in names] == [one[name] for name in names]
    for shown in ("+1,250.00", f"{LESS}250.00", f"{LESS}20.00", "<strong>1,090.00</strong>"):
        assert shown in page, shown
    # April: bob left and dan came
    assert f"Churn, Apr 2026: {LESS}20" in page
    assert "contracts" in page
    (source,) = rows(author, path + "&of=sources")
    assert (source["Source"], source["Customers"]) == ("contracts", "1")


def test_goals_are_told_with_their_pace(lived: Shop, author: Browser) -> None:
    (goal,) = lived.get("/v1/goals")["items"]
    (row,) = rows(author, "/retention/goals?status=" + goal["status"])
    for title, name in (("Baseline", "baseline"), ("Target", "target"), ("Expected by now", "pace")):
        assert as_number(row[title]) == goal[name]
    assert as_number(row["Now"]) == goal["current"]["value"]
    page = author.page("/retention/goals/better-answers")
    for share in (goal["baseline"], goal["target"], goal["pace"], goal["current"]["value"]):
        assert f"<dd>{100 * share:.1f}%</dd>" in page
    assert HOSTILE in unescape(page)
    assert "No goal matches" in author.page("/retention/goals?owner=nobody")
    assert author.get("/retention/goals/none").status_code == 404


def test_an_experiment_is_told_with_its_lift_and_what_could_be_found(lived: Shop, author: Browser) -> None:
    report = lived.get("/v1/experiments/win-back")
    (one,) = report["comparisons"]
    page = author.page("/retention/experiments/win-back?customers=2000&base=10")
    assert f"{100 * one['difference']['value']:+.1f} points" in page
    assert ">6.3 points<" in page
    first, second = rows(author, "/retention/experiments/win-back")
    assert (first["Arm"], first["Customers"], first["Verdict"]) == ("treated", "900", one["verdict"])
    assert as_number(first["Lift"]) == one["difference"]["value"]
    assert (second["Arm"], second["Reached"], second["Lift"]) == ("held_out", "2", "")
    # and where nobody knows how many come, it says so beside the form
    assert "say how many come" in author.page("/retention/experiments/win-back")
    assert author.get("/retention/experiments/win-back?base=some").status_code == 400
    assert author.get("/retention/experiments/none").status_code == 404


def test_where_nothing_is_the_page_says_what_to_write(tmp_path: Path) -> None:
    plain = WIN_BACK.replace("holdout: 10%\n", "holdout: 0%\n").replace("experiment: {until", "# {until")
    with shop(tmp_path, plain, now=START) as opened:
        browser = signed_in(opened, "approver")
        for path, said in (
            ("/retention/goals", "rules/fewer-lapsed.yaml"),
            ("/retention/revenue", "subscriptions: {of: subscription_updated"),
            ("/retention/cohorts", "metrics: active: events:"),
            ("/retention/experiments", "Write holdout: 10%"),
            ("/retention/experiments/win-back", "Write holdout: 10%"),
        ):
            assert said in unescape(browser.page(path)), path
        assert "is not after" in browser.get("/retention?from=2026-01-06&to=2026-01-01").text
