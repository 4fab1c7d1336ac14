"""backtest_year, backtest_year_orders: a year of orders played under twenty rules by `holdfast backtest`.

The orders are those of UCI Online Retail where its file is at hand: in the folder `HOLDFAST_DATA`, or in
`shared/data` beside the repository. Elsewhere they are generated, as many, of as many customers.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import random
from pathlib import Path

from benchmarks.commands import holdfast, must_balance
from benchmarks.rows import Row

SEED = 20261129
ORDERS, CUSTOMERS = 18_532, 4_338
DATA = Path(os.environ.get("HOLDFAST_DATA") or Path(__file__).parents[2] / "shared" / "data")
RETAIL = DATA / "onlineretail.csv.gz"
FIRST, LAST = dt.datetime(2010, 12, 1, tzinfo=dt.UTC), dt.datetime(2011, 12, 9, tzinfo=dt.UTC)

FACTS = """\
facts:
  orders:          {count: order_completed}
  spend:           {sum: total, of: order_completed}
  spend_90d:       {sum: total, of: order_completed, over: 90d}
  mean_order:      {mean: total, of: order_completed}
  largest_order:   {max: total, of: order_completed}
  orders_28d:      {count: order_completed, over: 28d}
  orders_prev_28d: {count: order_completed, over: 28d, ending: 28d ago}
  quiet_for:       {since: order_completed}
events:
  order_completed: {order_id: text, total: number}
"""
MAP = """\
import: online-retail
description: One order for each invoice of a known customer, at its earliest line; credit notes are left out.
query: |
  select CustomerID as customer, 'order_completed' as event, InvoiceNo as id, min(InvoiceDate) as at,
         InvoiceNo as order_id, round(sum(Quantity * UnitPrice), 2) as total
  from source where CustomerID is not null and Quantity > 0 and UnitPrice > 0 and InvoiceNo not like 'C%'
  group by all
zone: UTC
"""
AT_ORDERS = (
    "customer.orders == 1",
    "customer.orders == 2",
    "customer.orders == 5",
    "customer.orders == 10",
    "event.total >= 500",
    "event.total >= customer.mean_order * 3",
    "customer.spend >= 1000",
    "customer.spend >= 5000",
    "customer.spend_90d >= 1000",
    "customer.largest_order >= 1000",
    "customer.orders_28d >= 3",
    "customer.orders_28d > customer.orders_prev_28d * 2",
)
"""Conditions of rules on orders."""
BY_SCHEDULE = {
    "daily at 00:00": (
        ("customer.orders_prev_28d >= 2", "customer.orders_28d <= customer.orders_prev_28d / 2"),
        ("customer.orders_prev_28d >= 4", "customer.orders_28d <= customer.orders_prev_28d / 2"),
        ("customer.quiet_for > 90d",),
        ("customer.quiet_for > 30d", "customer.orders == 1"),
    ),
    "weekly on monday at 00:00": (
        ("customer.spend >= 1000", "customer.quiet_for > 60d"),
        ("customer.spend >= 5000", "customer.quiet_for > 30d"),
        ("customer.spend_90d < customer.spend / 10",),
        ("customer.orders >= 5", "customer.orders_28d == 0"),
    ),
}
"""Conditions of rules that look at everybody."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Import the orders, and play the year twice; the import is no part of the time."""
    workspace, database = folder / "mixed", folder / "holdfast.db"
    _write(workspace, by_schedule=True)
    _write(folder / "orders", by_schedule=False)
    if RETAIL.is_file():
        given = ("--map", workspace / "imports" / "orders.yaml", RETAIL)
    else:
        _generate(folder / "orders.csv")
        given = (folder / "orders.csv",)
    took = holdfast("import", "--history", *given, workspace=workspace, database=database).answer
    if took["accepted"] != ORDERS or took["customers"] != CUSTOMERS:
        raise RuntimeError(f"{ORDERS} orders of {CUSTOMERS} customers are expected, not {took}")
    must_balance(workspace, database)
    return [
        _row("backtest_year", workspace, database, quick),
        _row("backtest_year_orders", folder / "orders", database, quick),
    ]


def _row(name: str, workspace: Path, database: Path, quick: bool) -> Row:
    until = ("--to", "2011-01-15") if quick else ()
    ran = holdfast("backtest", *until, workspace=workspace, database=database)
    rules = ran.answer["rules"]
    fired = sum(rule["fired"] for rule in rules.values())
    if len(rules) != 20 or not fired:
        raise RuntimeError(f"{len(rules)} rules fired {fired} times; twenty, and some, are expected")
    return Row(
        name=name,
        value=ran.seconds,
        unit="s",
        more_is_better=False,
        detail={
            "orders": ran.answer["events"],
            "customers": ran.answer["customers"],
            "rules": len(rules),
            "fired": fired,
            "data": "Online Retail" if RETAIL.is_file() else "generated",
            "cpu_seconds": round(ran.cpu_seconds, 1),
            "resident_mb": round(ran.resident / 1e6),
        },
    )


def _write(folder: Path, *, by_schedule: bool) -> None:
    """Write the workspace of twenty rules: all on orders, or eight of them by a schedule."""
    for name in ("rules", "imports"):
        (folder / name).mkdir(parents=True)
    (folder / "holdfast.yaml").write_text("name: Orders of a year\ntimezone: UTC\ncurrency: GBP\n")
    (folder / "imports" / "orders.yaml").write_text(MAP)
    (folder / "rules" / "facts.yaml").write_text(FACTS)
    (folder / "rules" / "found.yaml").write_text(
        "segment: found\ndescription: Customers that a rule put on the list.\nstatic: yes\n"
    )
    at_order = "{event: order_completed}"
    rules = [(at_order, (condition,)) for condition in AT_ORDERS]
    for schedule, some in BY_SCHEDULE.items():
        rules += [(f"{{schedule: {schedule}}}" if by_schedule else at_order, lines) for lines in some]
    for number, (when, lines) in enumerate(rules, 1):
        conditions = "".join(f'  - "{line}"\n' for line in lines)
        (folder / "rules" / f"rule-{number:02}.yaml").write_text(
            f"rule: rule-{number:02}\nowner: analysis\ndescription: One of twenty rules.\nwhen: {when}\n"
            f"if:\n{conditions}at_most: 1 per 30d\nthen:\n"
            "  - do: segment.add\n    with: {segment: found}\n"
        )


def _generate(file: Path) -> None:
    """Write as many orders of as many customers, over the same days; a few customers order often."""
    chance = random.Random(SEED)
    customers = list(range(CUSTOMERS))
    customers += chance.choices(customers, [1 / (place + 10) for place in customers], k=ORDERS - CUSTOMERS)
    seconds = int((LAST - FIRST).total_seconds())
    times = sorted(chance.randrange(seconds) for _ in range(ORDERS))
    chance.shuffle(customers)
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(("customer", "event", "at", "id", "order_id", "total"))
        for number, (customer, after) in enumerate(zip(customers, times, strict=True)):
            at = (FIRST + dt.timedelta(seconds=after)).isoformat()
            total = round(chance.lognormvariate(5.5, 1), 2)
            writer.writerow((f"c{customer}", "order_completed", at, f"o{number}", f"o{number}", total))
