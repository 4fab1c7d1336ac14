"""`why` plays what bears on a rule alone, and tells what playing everything would tell."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.explaining.keeping import Snapshots
from engine.errors import NotFoundError
from engine.model.values import DAY, HOUR, MINUTE, SECOND
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports.explaining import Explainer
from tests.integration.parity.everything import DAYS, FILES, START, lay_out
from tests.integration.parity.everything import play as live

CUSTOMERS, EACH = 6, 20
END = START + (DAYS + 30) * DAY
RULES = [Path(path).stem for path, text in FILES.items() if text.startswith("when:")]
LATER = {
    "rules/mornings.yaml": "when: {schedule: daily at 06:00}\nif: customer.orders_7d >= 2\nat_most: 1 per 2d",
    "rules/big-again.yaml": "when: {event: order_completed}\nif: event.total > 30",
    "rules/idle-order.yaml": "when: {event: order_completed}\nif: customer.spend_28d > 50\nat_most: 1 per 2d",
}


def open_engine(folder: Path, clock: VirtualClock) -> Engine:
    return Engine.open(folder, f"sqlite:///{folder}/why.db", clock, actions=recording()[0], work=False)


def orders(customer: str, *days: int) -> list[dict[str, Any]]:
    return [
        {"customer": customer, "event": "order_completed", "id": f"{customer}-{day}", "total": 7 + day,
         "order_id": f"{customer}-{day}", "cart_id": "k1", "at": (START + day * DAY) / SECOND}
        for day in days
    ]  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Generator[Explainer]:
    """A shop that was busy for weeks, imported history, made two customers one, erased one, and released."""
    folder, clock = tmp_path_factory.mktemp("why"), VirtualClock(START)
    lay_out(folder)
    (folder / "rules/idle-order.yaml").write_text(
        "rule: idle-order\nowner: shop\nwhen: {event: order_completed}\nthen: [{run: noting}]\n"
    )
    with open_engine(folder, clock) as engine:
        live(engine, clock, CUSTOMERS, EACH)
        past = [*orders("c0", -40, -9, 2), *orders("c9", -5)]
        engine.import_events(past, source="past", history=True)
        engine.merge_customers("c1", "c2", "olga@example.com").result()
        engine.erase_customer("c3", "olga@example.com").result()
    for path, text in LATER.items():
        rule = Path(path).stem
        (folder / path).write_text(f"rule: {rule}\nowner: shop\n{text}\nthen: [{{run: noting}}]\n")
    with open_engine(folder, clock) as engine:
        for day in range(DAYS + 8, DAYS + 20, 3):
            engine.run_until(START + day * DAY)
            clock.move_to(START + day * DAY + 9 * HOUR)
            for customer in ("c0", "c1", "c4"):
                engine.ingest(orders(customer, day), source="shop").result()
        engine.run_until(END)
        yield Explainer(engine.store, lambda: engine.ruleset, Snapshots(spacing=5))


def told(explainer: Explainer, *asked: Any, sparing: bool) -> Any:
    try:
        return explainer.rule(*asked, sparing=sparing)
    except NotFoundError as error:
        return str(error)


def test_every_rule_is_told_alike_at_any_moment(lived: Explainer) -> None:
    # given customers who were imported, merged, erased and moved by a release
    chance, told_of = random.Random(7), Counter[Any]()
    for customer in ("c0", "c1", "c2", "c3", "c4", "c5", "c9"):
        for rule in [*RULES, "idle-order"]:
            # when it is asked why, at moments at which things happened and at others
            at = START + chance.randrange(-2 * DAY, END - START, MINUTE) + chance.choice((0, 0, 1))
            narrow = told(lived, rule, customer, at, sparing=True)
            # then it is what playing everything comes to
            assert narrow == told(lived, rule, customer, at, sparing=False), (rule, customer, at)
            told_of[getattr(narrow, "decision", "nothing")] += 1
    assert len(told_of) > 4, told_of
    assert lived.snapshots.gone_on_from > 30
