"""Live and replayed from the record: the same decisions, byte for byte."""

import random
from pathlib import Path

import pytest

from engine.authoring.simulate import Simulation
from engine.decisions.decision import encode
from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime.clock import VirtualClock

MORE = {
    "rules/more.yaml": """
facts:
  orders_7d: {count: order_completed, over: 7d}
rfm: {of: order_completed, value: total, over: 365d}
""",
    "rules/buyer.yaml": """
segment: buyer
enter_if: customer.orders_7d >= 2
leave_if: customer.orders_7d < 1
""",
    "rules/welcome-buyer.yaml": """
rule: welcome-buyer
owner: shop
status: live
when: {enters: buyer}
then:
  - run: tell-desk
""",
    "rules/best.yaml": """
rule: best
owner: shop
status: live
when: {schedule: daily at 06:00}
if: customer.rfm_m >= 4
at_most: 1 per 3d
then:
  - run: tell-desk
""",
    "rules/silent.yaml": """
rule: silent
owner: shop
status: live
when: {quiet: 3d, of: order_completed}
then:
  - run: tell-desk
""",
}


@pytest.fixture
def folder(folder: Path) -> Path:
    for name, text in MORE.items():
        (folder / name).write_text(text.lstrip())
    settings = folder / "holdfast.yaml"
    settings.write_text(settings.read_text().replace("timezone: UTC", "timezone: Europe/Berlin"))
    return folder


def some_events(seed: int, start: int) -> list[tuple[int, dict[str, object]]]:
    """Give events with the instants at which they are posted: late, early and doubled ones too."""
    chance = random.Random(seed)
    found: list[tuple[int, dict[str, object]]] = []
    for number in range(400):
        posted = start + chance.randrange(12 * DAY // MINUTE) * MINUTE
        late = chance.choice([0, 0, 0, 5 * MINUTE, 2 * HOUR, 2 * DAY])
        customer = f"c{chance.randrange(12)}"
        name = chance.choice(["order_completed", "cart_updated", "cart_updated", "identify"])
        raw: dict[str, object] = {
            "customer": customer, "event": name, "id": f"e{number}", "at": (posted - late) // 1_000_000,
            "cart_id": f"k{chance.randrange(3)}", "total": chance.randrange(150),
        }  # fmt: skip
        if name == "identify":
            raw = {key: raw[key] for key in ("customer", "event", "id", "at")}
            raw["traits"] = {"email": f"{customer}@example.com", "marketing_email": True}
        found.append((posted, raw))
        if chance.random() < 0.1:
            found.append((posted + HOUR, raw))
    return sorted(found, key=lambda one: one[0])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_of_the_record_decides_as_the_live_engine_did(
    open_engine, clock: VirtualClock, recorders, seed: int
) -> None:
    # given a live engine over twelve days in March, the clocks changing in between
    start = clock.now() + 76 * DAY
    clock.move_to(start)
    engine = open_engine(recorders[0])
    for posted, raw in some_events(seed, start):
        engine.run_until(posted - 1)
        clock.move_to(posted)
        engine.ingest([raw], source="shop", may_grant=True).result()
    engine.run_until(start + 14 * DAY)

    # when what it has on record is played again by the simulation that backtests stand on
    with engine.store.reader() as reader:
        events = [event for event in reader.events(limit=10_000) if event.cause == "sent"]
        live = {decision.id: encode(decision) for decision in reader.decisions(limit=10_000)}
    simulation = Simulation(engine.ruleset)
    for event in events:
        simulation.feed(event)
    simulation.advance(start + 14 * DAY)

    # then the decisions are the same bytes, of every rule
    replayed = {decision.id: encode(decision) for decision in simulation.changes.decisions}
    assert replayed == live
    assert {key.split(b'"rule":"')[1].split(b'"')[0] for key in live.values()} >= {
        b"cart-left", b"welcome-buyer", b"best", b"silent",
    }  # fmt: skip


def test_what_a_run_brings_about_at_an_instant_gives_no_schedule_of_that_instant_another_look(
    folder: Path, open_engine, clock: VirtualClock, recorders
) -> None:
    # given a rule that looks every morning, and a run that emits an event at that very instant
    (folder / "rules" / "mornings.yaml").write_text(
        "rule: mornings\nowner: shop\nstatus: live\nwhen: {schedule: daily at 06:00}\n"
        "at_most: 1 per 30d\nthen:\n  - run: noting\n"
    )
    (folder / "workflows" / "noting.yaml").write_text(
        "workflow: noting\nowner: shop\nclass: service\nreentry: always\nsteps:\n"
        "  - do: event.emit\n    with: {event: noted, properties: {}}\n"
    )
    engine = open_engine(recorders[0])
    engine.ingest([{"customer": "ann", "event": "visited", "id": "v1"}], source="shop").result()
    engine.run_until(clock.now() + 2 * DAY)

    # when everything that was decided is decided again
    found = engine.replay_audit()

    # then it comes out the same
    assert found.differences == []
    assert found.equal >= 2
