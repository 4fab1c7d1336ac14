"""`{event, without, for}`: which second event calls which timer off."""

from tests.virtual_engine import VirtualEngine, told

EVENTS = """
events:
  cart_updated: {cart_id: text, order_ref: text, total: number}
  order_completed: {cart_id: text, order_id: text}
"""
RULE = """
rule: abandoned
when: {event: cart_updated, without: order_completed, for: 1h, key: cart_id}
then:
  - do: segment.add
    with: {segment: leavers}
"""
MAPPED = RULE.replace("key: cart_id", "key: {order_id: event.order_ref}")
UNKEYED = RULE.replace(", key: cart_id", "")
LEAVERS = """
segment: leavers
static: yes
"""
FIRED = "fired"


def shop(rule: str = RULE) -> VirtualEngine:
    return VirtualEngine(EVENTS, rule, LEAVERS)


def test_each_key_has_a_timer_of_its_own() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 10:10", "cart_updated", cart_id="b")
    engine.receive("2026-03-02 10:20", "order_completed", cart_id="a")
    engine.until("2026-03-03 10:00")
    assert engine.decisions("abandoned") == [("2026-03-02 11:10", FIRED)]
    assert engine.rows("abandoned")[0].event["cart_id"] == "b"
    assert engine.counted("abandoned") == {"followed": 1}


def test_without_a_key_a_customer_has_one_timer() -> None:
    engine = shop(UNKEYED)
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 10:10", "cart_updated", cart_id="b")
    assert engine.timers() == ["2026-03-02 11:10"]
    engine.receive("2026-03-02 10:20", "order_completed", cart_id="c")
    assert engine.timers() == []


def test_the_latest_first_event_counts_even_if_it_arrives_first() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:10", "cart_updated", cart_id="a", total=2)
    engine.receive("2026-03-02 10:20", "cart_updated", cart_id="a", total=1, occurred="2026-03-02 10:00")
    assert engine.timers() == ["2026-03-02 11:10"]
    engine.until("2026-03-03 10:00")
    assert [row.event["total"] for row in engine.rows("abandoned")] == [2]


def test_a_mapped_key_names_the_awaited_events_property() -> None:
    engine = shop(MAPPED)
    engine.receive("2026-03-02 10:00", "cart_updated", order_ref="o1")
    engine.receive("2026-03-02 10:10", "order_completed", order_id="o2")
    assert engine.timers() == ["2026-03-02 11:00"]
    engine.receive("2026-03-02 10:20", "order_completed", order_id="o1")
    assert engine.timers() == []


def test_a_second_event_that_lacks_the_key_calls_all_off() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 10:10", "cart_updated", cart_id="b")
    engine.receive("2026-03-02 10:20", "order_completed", order_id="o1")
    assert engine.timers() == []
    assert engine.counted("abandoned") == {"followed": 2}


def test_a_second_event_that_occurred_before_the_first_calls_nothing_off() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 10:20", "order_completed", cart_id="a", occurred="2026-03-02 09:59")
    engine.until("2026-03-03 10:00")
    assert engine.decisions("abandoned") == [("2026-03-02 11:00", FIRED)]


def test_a_second_event_at_the_instant_of_the_first_calls_it_off() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 10:20", "order_completed", cart_id="a", occurred="2026-03-02 10:00")
    engine.until("2026-03-03 10:00")
    assert engine.decisions("abandoned") == []


def test_a_second_event_received_at_the_due_instant_is_in_time() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 11:00", "order_completed", cart_id="a")
    engine.until("2026-03-03 10:00")
    assert engine.decisions("abandoned") == []


def test_a_second_event_received_after_the_due_instant_is_not() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a")
    engine.receive("2026-03-02 11:01", "order_completed", cart_id="a", occurred="2026-03-02 10:30")
    engine.until("2026-03-03 10:00")
    assert engine.decisions("abandoned") == [("2026-03-02 11:00", FIRED)]


def test_a_due_instant_that_has_passed_is_decided_when_the_first_event_comes() -> None:
    engine = shop()
    engine.receive("2026-03-02 12:00", "cart_updated", cart_id="a", occurred="2026-03-02 10:00")
    engine.until("2026-03-02 12:00")
    assert engine.decisions("abandoned") == [("2026-03-02 12:00", FIRED)]


def test_a_first_event_that_is_too_old_decides_too_late() -> None:
    engine = shop()
    engine.receive("2026-03-04 10:01", "cart_updated", cart_id="a", occurred="2026-03-02 10:00")
    engine.until("2026-03-04 10:01")
    assert engine.decisions("abandoned") == [("2026-03-04 10:01", "too_late")]


def test_only_first_events_that_satisfy_where_set_a_timer() -> None:
    engine = shop(RULE.replace("key: cart_id", "key: cart_id, where: event.total > 0"))
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a", total=0)
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="b", total=1)
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="c")
    assert len(engine.timers()) == 1


def test_numbers_are_the_same_key_however_they_are_written() -> None:
    engine = VirtualEngine(RULE, LEAVERS)
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id=7)
    engine.receive("2026-03-02 10:10", "cart_updated", cart_id=7.0)
    assert engine.timers() == ["2026-03-02 11:10"]


def test_the_timer_remembers_its_event() -> None:
    engine = shop()
    engine.receive("2026-03-02 10:00", "cart_updated", cart_id="a", total=80.10)
    (timer,) = engine.member().standing.timers.values()
    assert (told(timer.due), told(timer.since), timer.kind) == (
        "2026-03-02 11:00",
        "2026-03-02 10:00",
        "missing",
    )
    assert str(timer.event["total"]) == "80.1"
