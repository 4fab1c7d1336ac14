"""Trend, override and stage: live (over a restart), backtest and why see the same."""

from decimal import Decimal
from pathlib import Path

from engine.authoring.backtest import backtest
from engine.decisions.decision import Decision, encode
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import compile_ruleset

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC, a Monday

FILES = {
    "holdfast.yaml": "name: Shop\ntimezone: Europe/Berlin\n",
    "rules/facts.yaml": "facts:\n  usage: {type: number}\n  orders: {count: order_completed}\n",
    "rules/health.yaml": (
        "score: health\nparts:\n"
        "  usage: {weight: 60, is: customer.usage / 100, reason: Usage is low}\n"
        "  buying: {weight: 40, is: customer.orders / 5, reason: Buys little}\n"
        "bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}\nsteady_for: 2d\n"
    ),
    "rules/journey.yaml": (
        "lifecycle: journey\nstages:\n  prospect: {if: customer.orders == 0}\n"
        "  lapsed: {quiet: 20d, of: order_completed}\n"
        "  falling: {if: customer.health_trend <= -10}\n  active: {}\n"
    ),
    "rules/noted.yaml": "segment: noted\nstatic: yes\n",
}
RULES = {
    "falls": ("{schedule: daily at 09:00}", "customer.health_trend <= -10"),
    "red": ("{score: health, becomes: red}", "customer.health_reasons[0] == 'Usage is low'"),
    "green": ("{score: health, becomes: green}", "customer.health >= 70"),
    "moves": ("{event: stage_changed}", "customer.journey_stage == event.stage"),
}
for _name, (_when, _line) in RULES.items():
    FILES[f"rules/{_name}.yaml"] = (
        f"rule: {_name}\nowner: shop\nwhen: {_when}\nif:\n  - {_line}\nthen:\n"
        "  - do: segment.add\n    with: {segment: noted}\n"
    )


def decisions(engine: Engine) -> list[Decision]:
    with engine.store.reader() as reader:
        return reader.decisions(limit=1000)


def test_live_backtest_and_why_are_one(tmp_path: Path) -> None:
    # given a customer whose usage falls day by day, in a live engine that is restarted on the way
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    clock, database = VirtualClock(START), f"sqlite:///{tmp_path / 'holdfast.db'}"

    def day(engine: Engine, number: int) -> None:
        at = START + number * DAY
        engine.run_until(at)
        clock.move_to(at)
        traits = {"usage": max(0, 100 - 4 * number)}
        raws = [{"customer": "ann", "event": "identify", "id": f"t{number}", "traits": traits}]
        if number in (1, 3, 40):
            raws.append({"customer": "ann", "event": "order_completed", "id": f"o{number}"})
        engine.ingest(raws, source="test").result()

    with Engine.open(tmp_path / "shop", database, clock, work=False) as engine:
        for number in range(12):
            day(engine, number)
    with Engine.open(tmp_path / "shop", database, clock, work=False) as engine:
        for number in range(12, 30):
            day(engine, number)
        # and whom a person takes for green for five days
        until = START + 34 * DAY
        engine.override_score("health", "ann", Decimal(90), "Talked", until, "sam@example.com").result()
        for number in range(30, 45):
            day(engine, number)
        live = decisions(engine)
        fired = {(one.rule, one.at) for one in live if one.outcome.value == "fired"}
        assert {rule for rule, _ in fired} == set(RULES)

        # when all that is stored is played once more
        with engine.store.reader() as reader:
            events = stored_events(reader)
        again = backtest(compile_ruleset(engine.workspace), events, end=clock.now())
        # then it decides the same, byte for byte
        assert sorted(map(encode, again.decisions)) == sorted(map(encode, live))

        # and why tells of each decision what it saw, an instant after it and before the next
        for one in live:
            if one.outcome.value == "fired":
                told = engine.why(one.rule, "ann", one.at)
                assert (told.at, told.decision, told.lines) == (one.at, "fired", one.lines)
        # also of a morning on which the rule only looked, for which there is no row
        looked = engine.why("falls", "ann", START + 2 * DAY - 2 * HOUR)
        assert (looked.decision, looked.lines[0].values) == ("unknown", {"customer.health_trend": None})
        assert looked.at == START + 2 * DAY - 4 * HOUR
