"""W2: frequencies become scores from 1 to 5, and recomputing tells exactly what has changed, once."""

from collections import Counter

from tests.virtual_engine import VirtualEngine

FACTS = """
rfm: {of: order_completed, value: total, over: 365d}
"""
SEGMENTS = tuple(
    f"""
segment: frequency-{score}
enter_if: customer.rfm_f == {score}
"""
    for score in (1, 2, 3, 4, 5)
)
FREQUENCIES = (1, 1, 1, 1, 1, 1, 2, 3, 5, 9)
AFTER = (1, 1, 1, 1, 2, 2, 2, 3, 5, 9)
SCORES = (1, 1, 1, 1, 1, 1, 4, 4, 5, 5)


def expected(frequencies: tuple[int, ...]) -> tuple[int, ...]:
    """floor(5 x strictly worse / n) + 1, by its definition."""
    counted = len(frequencies)
    return tuple(5 * sum(other < one for other in frequencies) // counted + 1 for one in frequencies)


def base() -> VirtualEngine:
    """Ten customers who bought so often on 2 March, scored at the midnight after it."""
    engine = VirtualEngine(FACTS, *SEGMENTS)
    for number, frequency in enumerate(FREQUENCIES):
        for order in range(frequency):
            engine.receive(f"2026-03-02 1{order}:00", "order_completed", f"c{number}", total=10)
    engine.until("2026-03-03 00:00")
    return engine


def scores(engine: VirtualEngine, at: str) -> tuple[int, ...]:
    return tuple(engine.facts(at, f"c{number}")["rfm_f"] for number in range(len(FREQUENCIES)))


def changes(engine: VirtualEngine, name: str, since: str) -> list[tuple[str, str]]:
    events = engine.simulation.changes.events
    found = [one for one in events if one.name == name and one.received_at > engine.at(since)]
    return sorted((one.customer, one.properties["segment"]) for one in found)


def test_w2_frequencies_become_scores() -> None:
    engine = base()
    assert expected(FREQUENCIES) == SCORES
    assert scores(engine, "2026-03-03 12:00") == SCORES
    entered = {(f"c{number}", f"frequency-{score}") for number, score in enumerate(SCORES)}
    assert set(changes(engine, "segment_entered", "2026-03-01 00:00")) == entered


def test_w2_recomputing_tells_nothing() -> None:
    engine = base()
    told = len(engine.simulation.changes.events)
    engine.until("2026-03-09 23:59")
    assert len(engine.simulation.changes.events) == told
    assert scores(engine, "2026-03-09 12:00") == SCORES


def test_w2_two_more_orders_tell_exactly_what_recomputing_gives() -> None:
    # given the scores of one day
    engine = base()
    # when two of the ones buy once more
    engine.receive("2026-03-03 10:00", "order_completed", "c4", total=10)
    engine.receive("2026-03-03 11:00", "order_completed", "c5", total=10)
    engine.until("2026-03-09 23:59")

    # then each whose score differs leaves one segment and enters another, once
    after = expected(AFTER)
    assert scores(engine, "2026-03-09 12:00") == after
    moved = [number for number in range(10) if SCORES[number] != after[number]]
    assert moved
    left = [(f"c{number}", f"frequency-{SCORES[number]}") for number in moved]
    entered = [(f"c{number}", f"frequency-{after[number]}") for number in moved]
    assert changes(engine, "segment_left", "2026-03-03 00:00") == left
    assert changes(engine, "segment_entered", "2026-03-03 00:00") == entered


def test_w2_who_was_in_it_on_a_day_has_an_answer() -> None:
    engine = base()
    engine.receive("2026-03-03 10:00", "order_completed", "c4", total=10)
    engine.receive("2026-03-03 11:00", "order_completed", "c5", total=10)
    engine.until("2026-03-09 23:59")

    def inside(day: str) -> Counter[str]:
        """Who was in each segment at the end of a day, from the memberships' valid-from and valid-to."""
        state = {}
        for one in engine.simulation.changes.memberships:
            if one.at <= engine.at(f"{day} 23:59"):
                state[one.customer, one.segment] = one.inside
        return Counter(segment for (_, segment), is_in in state.items() if is_in)

    def scored(found: tuple[int, ...]) -> Counter[str]:
        return Counter(f"frequency-{score}" for score in found)

    # The midnight after the orders is the first that knows of them.
    assert inside("2026-03-03") == scored(SCORES)
    assert inside("2026-03-08") == scored(expected(AFTER))
    assert inside("2026-03-01") == Counter()
