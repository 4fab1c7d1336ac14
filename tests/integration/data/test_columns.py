"""A shop's year of orders under twenty rules: the backtest on columns is the one on rows, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from api.cli.databases import reading
from api.cli.places import DATABASE, authored
from engine.authoring.backtest import Backtest, backtest, shown
from engine.customers.event import Event
from engine.decisions.decision import encode
from engine.expressions import Kind
from engine.model.values import Micros
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import Ruleset, compile_ruleset
from tests.command_line import command_line
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of twenty rules, some of which change what others read."""
    place = tmp_path_factory.mktemp("orders")
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
    return place


@pytest.fixture
def events(
    folder: Path,
    public_data: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[Event]:
    """The orders, as they are stored."""
    file = public_data("onlineretail.csv.gz")
    database = f"sqlite:///{folder}/orders.db"
    monkeypatch.setenv(DATABASE, database)
    monkeypatch.chdir(folder)
    if not (folder / "orders.db").exists():
        said = command_line(capsys)("import", str(file), "--map", "imports/orders.yaml", "--history")
        assert said.code == 0, said.err
    with reading(database) as store, store.reader() as found:
        return list(stored_events(found, lambda done: None))


def both_ways(folder: Path, play: Callable[[Ruleset], Backtest]) -> tuple[bytes, bytes, list[Occasions], int]:
    """Backtest on rows and on columns; give what each came to, the occasions, and those evaluated singly."""
    rules = compile_ruleset(authored(folder), indexed_from=1)
    assert sum(len(desk.rules) for desk in rules.desks.values()) == 20
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
    return sum(len(each.rows) * len(each.conditions) for each in occasions)


def test_weeks_that_are_played(folder: Path, events: list[Event]) -> None:
    # given the orders from their first day to the 20th of December
    end = instant("2010-12-20 00:00")

    # when they are played on rows, and by what columns say of the same occasions
    rows, columns, occasions, singly = both_ways(folder, lambda rules: backtest(rules, events, end=end))

    # then each condition of each occasion comes out alike, and so does all that follows, to the byte
    assert [each.by_row for each in occasions] == [each.answers for each in occasions]
    assert rows == columns
    # and it is columns that have judged: most of what they were asked, of enough for it to say something
    assert answers(occasions) > 50_000
    assert singly < answers(occasions) / 4


@pytest.mark.parametrize("day", ["2011-03-01", "2011-12-10"])
def test_everybody_at_one_instant(day: str, folder: Path, events: list[Event]) -> None:
    at: Micros = instant(f"{day} 00:00")

    rows, columns, occasions, singly = both_ways(folder, lambda rules: backtest(rules, events, at=at))

    assert [each.by_row for each in occasions] == [each.answers for each in occasions]
    assert rows == columns
    assert answers(occasions) > 10_000
    assert singly < answers(occasions) / 2
