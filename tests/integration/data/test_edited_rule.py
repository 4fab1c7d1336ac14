"""An edited rule against the one before it, on a shop's orders of a year, and counted by SQL beside it."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command_line import Holdfast, command_line
from tests.examples.printed import REPOSITORY, missing, session

WORKSPACE = Path(__file__).resolve().parent / "workspaces" / "online-retail"
RULE = "orders-halved-2"
[(ASKED, PRINTED)] = session((REPOSITORY / "docs/backtest.md").read_text(encoding="utf-8"))

COUNTED = """
with orders as (
    select CustomerID as customer, InvoiceNo, min(cast(InvoiceDate as timestamp)) as ordered
    from read_csv(?, all_varchar = true)
    where CustomerID is not null and cast(Quantity as int) > 0 and cast(UnitPrice as double) > 0
        and InvoiceNo not like 'C%'
    group by all
), counted as (
    select customer,
        count(*) filter (where ordered >= timestamp '2011-10-04') as recent,
        count(*) filter (where ordered < timestamp '2011-10-04') as before
    from orders
    where ordered >= timestamp '2011-09-06' and ordered < timestamp '2011-11-01'
    group by customer
)
select customer from counted where before >= ? and recent <= before / 2 order by customer
"""


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    """Runs a command line in this process."""
    return command_line(capsys)


def counted(file: Path, least: int) -> set[str]:
    return {str(row[0]) for row in duckdb.execute(COUNTED, [str(file), least]).fetchall()}


def test_who_differs_is_who_sql_says(
    tmp_path: Path,
    public_data: Callable[[str], Path],
    holdfast: Holdfast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a year of orders, the policy as it was, and a rule that now asks for a baseline of 3
    file = public_data("onlineretail.csv.gz")
    now, then = tmp_path / "now", tmp_path / "policy-live"
    for folder in (now, then):
        shutil.copytree(WORKSPACE, folder)
    monkeypatch.chdir(now)
    assert holdfast("import", str(file), "--map", "imports/orders.yaml", "--history", "--json").code == 0
    rule = now / "rules" / f"{RULE}.yaml"
    rule.write_text(rule.read_text().replace("orders_prev_28d >= 2", "orders_prev_28d >= 3"))

    # when the two are compared on the 1st of November
    said = holdfast("backtest", RULE, "--at", "2011-11-01", "--against", str(then), "--customers", "--json")

    # then the customers of both sides, and those who differ, are those that SQL counts
    answer: Any = said.answer
    old, new = counted(file, 2), counted(file, 3)
    assert set(answer["against"]["rules"][RULE]["ids"]) == old
    assert set(answer["rules"][RULE]["ids"]) == new
    assert {each["customer"] for each in answer["differing"]} == old - new
    assert len(old - new) > 100

    # and each is told the lines that differ, with the value that they saw
    for each in answer["differing"]:
        assert (each["old"], each["new"]) == ("fired", "not_met")
        assert [(line["text"], line["old"], line["new"]) for line in each["lines"]] == [
            ("customer.orders_prev_28d >= 2", "met", None),
            ("customer.orders_prev_28d >= 3", None, "not_met"),
        ]
        assert all(line["values"] == {"customer.orders_prev_28d": 2} for line in each["lines"])

    # and what the documentation shows of it is what is said
    assert missing(holdfast(*shlex.split(ASKED)[1:]).out, PRINTED) is None
