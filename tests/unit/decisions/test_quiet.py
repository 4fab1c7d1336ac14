"""A silence is told once, until something is heard."""

from engine.timeline import play
from tests.virtual_engine import VirtualEngine, instant

RULE = """
rule: quiet
when: {quiet: 45d, of: order_completed}
then:
  - do: segment.add
    with: {segment: silent}
"""
ANY = RULE.replace(", of: order_completed", "")
SILENT = """
segment: silent
static: yes
"""


def test_a_silence_is_told_once() -> None:
    engine = VirtualEngine(RULE, SILENT)
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.until("2026-12-31 00:00")
    assert engine.decisions("quiet") == [("2026-04-16 10:00", "fired")]
    assert engine.rows("quiet")[0].event == {"quiet_for": "P45D"}


def test_an_event_begins_it_anew() -> None:
    engine = VirtualEngine(RULE, SILENT)
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.receive("2026-04-16 09:59", "order_completed")
    engine.until("2026-12-31 00:00")
    assert engine.decisions("quiet") == [("2026-05-31 09:59", "fired")]


def test_an_old_event_does_not_tell_a_silence_again() -> None:
    engine = VirtualEngine(RULE, SILENT)
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.until("2026-05-01 00:00")
    engine.receive("2026-05-02 10:00", "order_completed", occurred="2026-03-01 10:00")
    engine.until("2026-12-31 00:00")
    assert len(engine.rows("quiet")) == 1


def test_only_the_event_that_is_named_is_heard() -> None:
    engine = VirtualEngine(RULE, SILENT)
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.receive("2026-04-10 10:00", "page_viewed")
    engine.until("2026-12-31 00:00")
    assert engine.decisions("quiet") == [("2026-04-16 10:00", "fired")]


def test_of_any_the_engines_own_events_and_traits_are_not_heard() -> None:
    engine = VirtualEngine(ANY, SILENT)
    engine.receive("2026-03-02 10:00", "page_viewed")
    engine.identify("2026-04-10 10:00", email="ana@example.com")
    engine.receive("2026-04-11 10:00", "message_clicked", message="news")
    engine.until("2026-12-31 00:00")
    assert engine.decisions("quiet") == [("2026-04-16 10:00", "fired")]


def test_a_customer_who_never_did_it_is_not_silent() -> None:
    engine = VirtualEngine(RULE, SILENT)
    engine.receive("2026-03-02 10:00", "page_viewed")
    engine.until("2026-12-31 00:00")
    assert engine.decisions("quiet") == []


def test_a_silence_that_was_long_before_the_rule_went_live_is_not_told() -> None:
    # given a customer of old whose facts are known, settled in on 1 July
    engine = VirtualEngine(RULE, SILENT)
    simulation = engine.simulation
    for customer, day in (("ana", "2026-03-02 10:00"), ("bob", "2026-06-20 10:00")):
        event = engine.reception.receive(
            {"event": "order_completed", "id": customer, "customer": customer, "at": instant(day) // 10**6},
            instant(day),
        )
        assert event is not None
    engine.simulation.cast.members["ana"].standing.timers.clear()
    world, cast, changes = simulation.world, simulation.cast, simulation.changes
    for customer in ("ana", "bob"):
        play.adopt(world, cast, changes, customer, instant("2026-07-01 00:00"), "release")
    simulation.touched()
    engine.until("2026-12-31 00:00")
    # then only the silence that comes about afterwards is
    assert engine.decisions("quiet") == [("2026-08-04 10:00", "fired")]
    assert engine.rows("quiet")[0].customer == "bob"
