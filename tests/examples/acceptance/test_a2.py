"""A2: a segment is entered under 40 held for three days, and left at 50."""

from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  health: {type: number}
"""
AT_RISK = """
segment: at-risk
enter_if: customer.health < 40
leave_if: customer.health >= 50
held_for: 3d
"""


def test_a2_a_segment_is_entered_on_the_third_day_and_left_at_the_upper_threshold() -> None:
    # given the segment
    engine = VirtualEngine(FACTS, AT_RISK)
    members = engine.simulation.changes.memberships

    def changes() -> list[tuple[str, bool]]:
        return [(engine.day_of(one.at), one.inside) for one in members]

    # when the score is 39, 41, 39, 38, 37 on five days; it comes at midnight, before the day's evaluation
    for day, score in enumerate((39, 41, 39, 38, 37), 2):
        engine.identify(f"2026-03-0{day} 00:00", health=score)
        engine.until(f"2026-03-0{day} 23:00")
    # then there is one entry, on the fifth
    assert changes() == [("2026-03-06", True)]

    # when it is 45, then the customer is still in
    engine.identify("2026-03-07 00:00", health=45)
    engine.until("2026-03-09 23:00")
    assert changes() == [("2026-03-06", True)]

    # when it is 50, then the customer is out
    engine.identify("2026-03-10 00:00", health=50)
    assert changes() == [("2026-03-06", True), ("2026-03-10", False)]

    # and the count begins anew: three more days under 40 are an entry again, two are none
    for day, score in enumerate((39, 39, 50, 39, 39, 39), 11):
        engine.identify(f"2026-03-{day} 00:00", health=score)
        engine.until(f"2026-03-{day} 23:00")
    assert changes()[2:] == [("2026-03-16", True)]
    assert len(engine.recorded("segment_entered")) == 2
    assert len(engine.recorded("segment_left")) == 1
