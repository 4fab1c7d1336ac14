"""Importing the past, releases and outages: what changes facts and fires nothing."""

from pathlib import Path

import pytest

from engine.model.values import DAY, HOUR
from engine.runtime import past
from engine.runtime.clock import VirtualClock
from engine.runtime.course import Refusal
from engine.runtime.engine import Engine
from engine.runtime.rebuild import settle_all


def order(customer: str, id: str, at: str, total: int = 250) -> dict[str, object]:
    return {"customer": customer, "event": "order_completed", "id": id, "at": at, "total": total}


PAST = [
    order("ann", "o2", "2026-01-03T10:00:00Z", 20),
    order("ann", "o1", "2025-11-01T10:00:00Z", 500),
    order("bob", "o3", "2026-01-01T10:00:00Z", 30),
    {
        "customer": "ann",
        "event": "cart_updated",
        "id": "c1",
        "at": "2026-01-05T11:00:00Z",
        "cart_id": "k",
        "total": 9,
    },
    {
        "customer": "ann",
        "event": "identify",
        "id": "i1",
        "at": "2026-01-01T00:00:00Z",
        "traits": {"plan": "team"},
    },
]


def test_the_past_counts_and_fires_nothing(open_engine, clock: VirtualClock, recorders) -> None:
    # given an engine with nothing in it
    actions, recorded = recorders
    engine = open_engine(actions)

    # when the past is imported, twice
    imported = engine.import_events(PAST, source="import", history=True)
    again = engine.import_events(PAST, source="import", history=True)

    # then facts are as of now, nothing was decided, and the second time nothing was new
    assert (imported.accepted, again.duplicates) == (5, 5)
    facts = engine.customer("ann").facts
    assert (facts["orders"].value, facts["spend_28d"].value, facts["plan"].value) == (2, 20, "team")
    engine.run_until(clock.now() + 3 * DAY)
    with engine.store.reader() as reader:
        assert reader.decisions() == []
        received = [event.received_at for event in reader.events_of(["ann"])]
    assert received == sorted(received) and received[0] < clock.now() - 60 * DAY
    assert recorded["email.send"].deliveries == []
    assert engine.doctor()["balanced"]


def test_the_past_of_a_customer_who_is_there_already(open_engine) -> None:
    engine = open_engine()
    engine.ingest([order("ann", "o9", "2026-01-05T11:30:00Z", 1)], source="shop").result()
    engine.import_events(PAST, source="import", history=True)
    facts = engine.customer("ann").facts
    assert (facts["orders"].value, facts["spend_28d"].value) == (3, 21)


def test_events_of_now_are_decided_after_an_import(open_engine, clock: VirtualClock, recorders) -> None:
    actions, recorded = recorders
    engine = open_engine(actions)
    engine.import_events(PAST, source="import", history=True)
    engine.ingest([order("ann", "o9", "2026-01-05T11:59:00Z")], source="shop").result()
    engine.run_until(clock.now())
    assert len(recorded["email.send"].deliveries) == 1


def test_an_interrupted_import_is_finished_at_the_next_start(
    open_engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an import that is interrupted before the facts were made
    engine = open_engine()

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(past, "settle_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.import_events(PAST, source="import", history=True)
    engine.close()
    monkeypatch.setattr(past, "settle_all", settle_all)

    # when the engine is opened again
    facts = open_engine().customer("ann").facts

    # then the facts are there
    assert (facts["orders"].value, facts["spend_28d"].value) == (2, 20)


def test_a_plain_import_is_received_now_and_too_late_to_fire(open_engine, clock: VirtualClock) -> None:
    # given old events
    engine = open_engine()
    engine.import_events(PAST[:3], source="import")

    # then they count, and the rule says why it did not act
    assert engine.customer("ann").facts["orders"].value == 2
    with engine.store.reader() as reader:
        outcomes = {decision.outcome.value for decision in reader.decisions()}
        assert reader.runs() == []
    assert outcomes == {"too_late"}


def test_conflicts_of_an_import_are_told_with_their_place(open_engine) -> None:
    # given more events than one commit takes, with a conflict in the second portion
    raws = [order("ann", f"o{number}", "2026-01-01T00:00:00Z") for number in range(1200)]
    raws[1100] = order("ann", "o5", "2026-01-02T00:00:00Z")
    refused: list[Refusal] = []
    imported = open_engine().import_events(raws, source="import", history=True, refused=refused.extend)
    assert (imported.accepted, imported.conflicts) == (1199, 1)
    assert [entry["index"] for entry in refused] == [1100]


def test_new_facts_are_made_from_the_events_of_before(open_engine, folder: Path) -> None:
    # given events, under files that keep no count of big orders
    engine = open_engine()
    raws = [order("ann", f"o{number}", "2026-01-05T11:00:00Z", number * 100) for number in range(5)]
    engine.ingest(raws, source="shop").result()
    engine.close()

    # when the files ask for it and the engine is opened again
    file = folder / "rules" / "facts.yaml"
    file.write_text(file.read_text() + "  big_orders: {count: order_completed, where: event.total >= 300}\n")
    engine = open_engine()

    # then the fact is there, and both releases are on record with their files
    assert engine.customer("ann").facts["big_orders"].value == 2
    assert engine.customer("ann").facts["orders"].value == 5
    with engine.store.reader() as reader:
        first, second = reader.releases()
        texts = [reader.definition(release.files["rules/facts.yaml"]) or "" for release in (first, second)]
    assert ["big_orders" in text for text in texts] == [False, True]


def test_a_run_finishes_on_the_files_it_started_with(
    open_engine, folder: Path, clock: VirtualClock, recorders
) -> None:
    # given a run that has sent its first message
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    ann = {"email": "ann@example.com", "marketing_email": True}
    cart = {"customer": "ann", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 5}
    identify = {"customer": "ann", "event": "identify", "traits": ann}
    engine.ingest([identify, cart], source="shop", may_grant=True).result()
    engine.run_until(start + DAY)
    engine.close()

    # when workflow and message are other ones from now on
    workflow = folder / "workflows" / "cart-recovery.yaml"
    workflow.write_text(workflow.read_text().replace("wait: 2d", "wait: 9d"))
    message = folder / "workflows" / "messages" / "cart-last.md"
    message.write_text(message.read_text().replace("Last call", "Very last call"))
    open_engine(actions).run_until(start + 4 * DAY)

    # then the run goes on as it began
    letters = [
        (one.at - start, one.letter and one.letter.subject) for one in recorded["email.send"].deliveries
    ]
    assert letters == [(DAY, "Your cart, dear shopper"), (3 * DAY, "Last call")]


def test_an_outage_is_recorded_and_a_restart_is_not(open_engine, clock: VirtualClock) -> None:
    start = clock.now()
    open_engine().close()
    clock.move_to(start + 30_000_000)
    open_engine().close()
    clock.move_to(start + HOUR)
    engine = open_engine()
    with engine.store.reader() as reader:
        outages = [(outage.began, outage.ended) for outage in reader.outages()]
    assert outages == [(start + 30_000_000, start + HOUR)]


def test_the_same_folder_is_no_second_release(open_engine) -> None:
    open_engine().close()
    engine: Engine = open_engine()
    with engine.store.reader() as reader:
        assert len(reader.releases()) == 1
