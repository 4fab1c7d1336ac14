"""Events of the quarantine, taken in after all: as they would have been, once, and the sums hold."""

from __future__ import annotations

import pytest

from engine.customers.event import Event
from engine.errors import ConflictError, NotFoundError, QuarantineError, RequestError
from engine.runtime import intake
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.records import QuarantinedEvent
from tests.integration.runtime.conftest import DAY, HOUR, MINUTE, START, Opener

NAMELESS = {"customer": "ann", "id": "o1", "at": "2026-01-05T11:00:00Z", "total": 10}
ORDER = NAMELESS | {"event": "order_completed"}
PROTECTED = {"customer": "ann", "event": "identify", "id": "p1", "traits": {"marketing_email": True}}


def refuse(engine: Engine, raw: object) -> QuarantinedEvent:
    """Sends an event that is refused, and gives its entry."""
    assert len(engine.ingest([raw], source="shop").result().quarantined) == 1
    with engine.store.reader() as reader:
        return reader.quarantine_list()[-1]


def stored(engine: Engine, message_id: str) -> Event:
    with engine.store.reader() as reader:
        found = reader.event("shop", message_id)
    assert found is not None
    return found.event


def test_a_corrected_event_counts_with_the_times_of_its_first_coming(
    open_engine: Opener, clock: VirtualClock
) -> None:
    # given an event whose sender's clock was an hour slow, refused for having no name
    engine = open_engine()
    slow = {"at": "2026-01-05T10:59:00Z", "sent_at": "2026-01-05T11:00:00Z"}
    entry = refuse(engine, NAMELESS | slow)
    # when it is corrected two hours later
    clock.move_to(START + 2 * HOUR)
    told = engine.replay_quarantined(entry.id, ORDER | slow, "olga").result()
    # then it occurred when it would have, is received now, and the entry says who it was
    event = stored(engine, "o1")
    assert (event.occurred_at, event.received_at) == (START - MINUTE, START + 2 * HOUR)
    assert (told.replayed_at, told.replayed_by, told.outcome) == (START + 2 * HOUR, "olga", "accepted")
    assert engine.customer("ann").facts["orders"].value == 1


def test_an_event_without_a_time_occurred_when_it_first_came(
    open_engine: Opener, clock: VirtualClock
) -> None:
    engine = open_engine()
    entry = refuse(engine, {"customer": "ann", "id": "o1"})
    clock.move_to(START + DAY)
    engine.replay_quarantined(entry.id, {"customer": "ann", "event": "visited", "id": "o1"}, "olga").result()
    assert stored(engine, "o1").occurred_at == START


def test_the_sums_hold_after_a_replay(open_engine: Opener) -> None:
    # given one event in quarantine and one accepted
    engine = open_engine()
    entry = refuse(engine, NAMELESS)
    engine.ingest([ORDER | {"id": "o2"}], source="shop").result()
    # when the first is replayed
    engine.replay_quarantined(entry.id, ORDER, "olga").result()
    # then it has been received a second time, and is in quarantine still
    told = engine.doctor()
    assert (told["received"], told["accepted"], told["quarantined"]) == (3, 2, 1)
    assert told["balanced"]


def test_an_event_is_replayed_once(open_engine: Opener) -> None:
    engine = open_engine()
    entry = refuse(engine, NAMELESS)
    engine.replay_quarantined(entry.id, ORDER, "olga").result()
    for again in (ORDER, ORDER | {"id": "o2"}):
        with pytest.raises(ConflictError, match="replayed already"):
            engine.replay_quarantined(entry.id, again, "otto").result()
    assert engine.customer("ann").facts["orders"].value == 1
    assert engine.doctor()["received"] == 2


def test_what_its_client_sent_again_is_a_duplicate(open_engine: Opener) -> None:
    engine = open_engine()
    entry = refuse(engine, NAMELESS)
    engine.ingest([ORDER], source="shop").result()
    told = engine.replay_quarantined(entry.id, ORDER, "olga").result()
    assert told.outcome == "duplicate"
    assert engine.customer("ann").facts["orders"].value == 1
    assert engine.doctor()["balanced"]


def test_what_is_refused_again_has_changed_nothing(open_engine: Opener) -> None:
    # given an event in quarantine, and a corrected one that another came before
    engine = open_engine()
    entry = refuse(engine, NAMELESS)
    engine.ingest([ORDER | {"total": 99}], source="shop").result()
    before = engine.doctor()
    # when it is corrected badly
    with pytest.raises(QuarantineError) as caught:
        engine.replay_quarantined(entry.id, NAMELESS, "olga").result()
    assert caught.value.code == "no_name"
    with pytest.raises(ConflictError, match="o1"):
        engine.replay_quarantined(entry.id, ORDER, "olga").result()
    # then nothing is counted, and it still waits
    assert engine.doctor() == before
    with engine.store.reader() as reader:
        assert reader.quarantined(entry.id) == entry


def test_an_event_that_the_engine_failed_on_is_replayed_as_it_was(
    open_engine: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an engine with a fault
    play = intake.play_event

    def failing(world, cast, changes, event: Event) -> None:
        raise ZeroDivisionError

    engine = open_engine()
    monkeypatch.setattr(intake, "play_event", failing)
    entry = refuse(engine, ORDER | {"total": 1.5})
    assert entry.code == "core_error"
    # when it fails again, then nothing has changed
    with pytest.raises(QuarantineError):
        engine.replay_quarantined(entry.id, None, "olga").result()
    # when the fault is mended, then the event counts, exactly
    monkeypatch.setattr(intake, "play_event", play)
    engine.replay_quarantined(entry.id, None, "olga").result()
    assert str(stored(engine, "o1").properties["total"]) == "1.5"
    assert engine.doctor()["balanced"]


def test_an_operator_may_grant_what_an_ingest_key_may_not(open_engine: Opener) -> None:
    engine = open_engine()
    entry = refuse(engine, PROTECTED)
    engine.replay_quarantined(entry.id, None, "olga").result()
    assert engine.customer("ann").facts["marketing_email"].value is True


def test_what_was_refused_for_what_it_says_has_to_be_corrected(open_engine: Opener) -> None:
    engine = open_engine()
    entry = refuse(engine, NAMELESS)
    with pytest.raises(RequestError) as caught:
        engine.replay_quarantined(entry.id, None, "olga").result()
    assert caught.value.code == "correction_needed"
    with pytest.raises(NotFoundError):
        engine.replay_quarantined(entry.id + 1, ORDER, "olga").result()
