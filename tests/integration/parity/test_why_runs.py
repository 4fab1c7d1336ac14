"""`why` after runs: points, coupons and surveys that a run gave are among the facts that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.model.values import DAY, HOUR, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC

FILES = {
    "holdfast.yaml": "name: Test\ntimezone: UTC\ncurrency: EUR\n",
    "rules/facts.yaml": """
facts:
  coupons_30d: {count: coupon_issued, over: 30d}
  surveys_30d: {count: survey_sent, over: 30d}
  coupons_used: {count: coupon_redeemed}
  coupons_refused: {count: coupon_refused}
  coupons_lost: {count: coupon_expired}
  endings: {count: run_ended}
  cups: {count: cup_given}
""",
    "rules/club.yaml": """
program: club
earn: [{when: order_completed, points: event.total}]
tiers: {plain: {from: 0}, gold: {from: 500}}
period: 12 months
redeem: [{reward: cup, points: 100, gives: {event: cup_given}}]
""",
    "rules/thanked.yaml": "segment: thanked\nstatic: yes\n",
    "rules/first.yaml": """
rule: first
when: {event: order_completed}
then: [{run: thanks}]
""",
    "rules/noon.yaml": """
rule: noon
when: {schedule: daily at 12:00}
if:
  - customer.points >= 5000
  - customer.tier == 'gold'
  - customer.coupons_30d >= 10
  - customer.coupons_used >= 10
  - customer.coupons_refused >= 10
  - customer.coupons_lost >= 10
  - customer.surveys_30d >= 10
  - customer.endings >= 10
  - customer.cups >= 10
  - "'thanked' not in customer.segments"
then: [{run: thanks}]
""",
    "workflows/thanks.yaml": """
workflow: thanks
class: service
reentry: always
steps:
  - wait: 1h
  - do: points.grant
    with: {points: 450}
  - do: coupon.issue
    with: {percent: 10, worth: 10.00 EUR, expires: 2d}
    as: offer
  - do: survey.send
    with: {survey: after-order}
  - do: points.redeem
    with: {reward: cup}
  - do: segment.add
    with: {segment: thanked}
""",
}
WANTED = {
    "customer.points": 800, "customer.tier": "gold", "customer.coupons_30d": 2, "customer.surveys_30d": 2,
    "customer.coupons_used": 1, "customer.coupons_refused": 0, "customer.coupons_lost": 1,
    "customer.endings": 2, "customer.cups": 2, "customer.segments": ["thanked"],
}  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    clock = VirtualClock(START)
    url = f"sqlite:///{tmp_path}/holdfast.db"
    with Engine.open(tmp_path, url, clock, actions=recording()[0], work=False) as opened:
        opened.clock = clock
        yield opened


def post(engine: Engine, at: Micros, name: str, **properties: Any) -> None:
    engine.run_until(at)
    engine.clock.move_to(at)
    raw = {"customer": "ana", "event": name, "properties": properties, "id": f"{name}-{at}"}
    assert engine.ingest([raw], source="test").result().accepted == 1


def values(found: Any) -> dict[str, Any]:
    return {name: value for line in found.lines for name, value in line.values.items()}


def test_what_runs_gave_is_among_what_a_rule_saw(engine: Engine) -> None:
    # given two orders, each thanked by a run an hour later; one coupon is used, the other runs out
    post(engine, START + HOUR, "order_completed", order_id="o1", total=60)
    post(engine, START + 3 * HOUR, "order_completed", order_id="o2", total=40)
    engine.run_until(START + 5 * HOUR)
    with engine.store.reader() as reader:
        code = reader.coupons(["ana"])[0].code
    post(engine, START + 6 * HOUR, "coupon_redeemed", code=code)
    engine.run_until(START + 10 * DAY)

    # when asked why the daily rule did not fire, days later
    found = engine.why("noon", "ana", START + 5 * DAY)

    # then
    assert found.decision == "not_met"
    assert values(found) == WANTED
