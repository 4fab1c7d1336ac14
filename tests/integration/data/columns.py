"""A shop's orders under twenty rules, played on rows and on columns.

`python -m tests.integration.data.columns` plays the whole of Online Retail, thirteen months of orders, and
prints what came of it; it takes minutes and some gigabytes.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars

from api.cli.databases import reading
from api.cli.main import main
from api.cli.places import DATABASE, authored
from engine.authoring.backtest import Backtest, backtest, shown
from engine.customers.event import Event
from engine.decisions.decision import encode
from engine.expressions import Kind
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import Ruleset, compile_ruleset
from tests.in_columns import Occasions, kinds_of, on_columns
from tests.integration.data.test_public_data import HERE
from tests.virtual_engine import instant

FACTS = """
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
AT_ORDERS = (
    "customer.orders == 1",
    "customer.orders in [2, 5, 10]",
    "event.total >= 500",
    "event.total >= customer.mean_order * 3",
    "customer.spend >= 1000",
    "customer.spend_90d >= 1000",
    "customer.largest_order >= 1000",
    "customer.orders_28d > customer.orders_prev_28d * 2",
    "'found' not in customer.segments",
    "customer.mean_order < 100 and event.total > 200",
)
BY_SCHEDULE = (
    ("customer.orders_prev_28d >= 2", "customer.orders_28d <= customer.orders_prev_28d / 2"),
    ("customer.orders_prev_28d >= 4", "customer.orders_28d <= customer.orders_prev_28d / 2"),
    ("customer.quiet_for > 20d",),
    ("customer.quiet_for > 10d", "customer.orders == 1"),
    ("customer.spend >= 1000", "customer.quiet_for > 10d"),
    ("customer.spend >= 5000", "customer.quiet_for > 5d"),
    ("customer.spend_90d < customer.spend / 10",),
    ("customer.orders >= 5 or customer.largest_order > 2000", "customer.orders_28d == 0"),
    ("not (customer.orders > 1 and customer.spend > 500)",),
    ("'found' in customer.segments", "customer.mean_order >= 300"),
)
RULE = """
rule: rule-{number:02}
owner: analysis
when: {when}
if:
{lines}
at_most: 1 per 30d
then:
  - do: segment.{act}
    with: {{segment: found}}
"""


def write(place: Path) -> None:
    """Write the workspace of twenty rules, some of which change what others read, into an empty folder."""
    for name in ("rules", "imports"):
        (place / name).mkdir()
    for name in ("holdfast.yaml", "imports/orders.yaml", "rules/found.yaml"):
        (place / name).write_text((HERE / "workspaces" / "online-retail" / name).read_text())
    (place / "rules" / "facts.yaml").write_text(FACTS)
    rules = [("{event: order_completed}", (line,)) for line in AT_ORDERS]
    rules += [("{schedule: daily at 00:00}", lines) for lines in BY_SCHEDULE]
    for number, (when, conditions) in enumerate(rules, 1):
        lines = "\n".join(f'  - "{line}"' for line in conditions)
        act = "remove" if number % 5 == 0 else "add"
        text = RULE.format(number=number, when=when, lines=lines, act=act)
        (place / "rules" / f"rule-{number:02}.yaml").write_text(text)


def stored() -> list[Event]:
    """Give the orders of the database in HOLDFAST_DATABASE, as they are stored."""
    with reading(os.environ[DATABASE]) as store, store.reader() as found:
        return list(stored_events(found, lambda done: None))


def both_ways(folder: Path, play: Callable[[Ruleset], Backtest]) -> tuple[bytes, bytes, list[Occasions], int]:
    """Backtest on rows and on columns; give what each came to, the occasions, and those evaluated singly."""
    rules = compile_ruleset(authored(folder), indexed_from=1)
    assert sum(len(desk.rules) for desk in rules.desks.values()) == len(AT_ORDERS) + len(BY_SCHEDULE)
    ruleset, occasions = on_columns(rules)
    on_rows = told(play(ruleset))
    kinds = kinds_of(ruleset) | {"event.total": Kind.NUMBER}
    singly = sum(each.judge(kinds) for each in occasions)
    return on_rows, told(play(ruleset)), occasions, singly


def told(report: Backtest) -> bytes:
    """Everything that a backtest tells: its counts, who fired, and each decision."""
    counts = msgspec.json.encode([shown(report, customers=True), report.days, report.refusals, report.done])
    return b"\n".join([counts, *(encode(decision) for decision in report.decisions)])


def answers(occasions: list[Occasions]) -> int:
    """Count what was asked: each condition at each occasion."""
    return sum(len(each.rows) * len(each.conditions) for each in occasions)


def the_year() -> int:
    """Play all of it both ways, and print the differences; 1 where there are any."""
    data = (
        Path(os.environ.get("HOLDFAST_DATA") or HERE.parents[3] / "shared" / "data") / "onlineretail.csv.gz"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        os.environ[DATABASE] = f"sqlite:///{folder}/orders.db"
        os.chdir(folder)
        if main(["import", str(data), "--map", "imports/orders.yaml", "--history"]):
            return 1
        events = stored()
        end = instant("2011-12-11 00:00")
        rows, columns, occasions, singly = both_ways(folder, lambda rules: backtest(rules, events, end=end))
    differ = sum(
        one is not other
        for each in occasions
        for by_row, by_column in zip(each.by_row, each.answers or (), strict=True)
        for one, other in zip(by_row, by_column, strict=True)
    )
    found = Counter(outcome.value for each in occasions for row in each.by_row for outcome in row)
    print(f"Python {platform.python_version()}, polars {polars.__version__}")
    occasion_count = sum(len(each.rows) for each in occasions)
    print(f"{len(events):,} orders, {len(AT_ORDERS) + len(BY_SCHEDULE)} rules, {occasion_count:,} occasions")
    print(f"{answers(occasions):,} conditions")
    for outcome, count in sorted(found.items()):
        print(f"  {outcome:<10} {count:>10,}")
    print(f"evaluated one by one: {singly:,} ({singly / answers(occasions):.1%})")
    print(f"what the backtest told: {len(rows):,} bytes on rows, {len(columns):,} on columns, "
          f"{'equal' if rows == columns else 'DIFFERENT'}")  # fmt: skip
    print(f"differences between columns and rows: {differ:,}")
    return int(differ > 0 or rows != columns)


if __name__ == "__main__":
    sys.exit(the_year())
