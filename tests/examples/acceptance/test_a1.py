"""A1: one event posted twice is stored once; another body under its id is a conflict, and reported."""

from tests.virtual_engine import VirtualEngine

ANSWERED = """
rule: answered
when: {event: survey_answered}
then:
  - do: segment.add
    with: {segment: outspoken}
"""
LIST = """
segment: outspoken
static: yes
"""


def test_a1_an_event_counts_once_and_another_body_is_a_conflict() -> None:
    # given a rule on every answer
    engine = VirtualEngine(ANSWERED, LIST)

    # when e1 comes, then again with the same body, then with another one
    first = engine.receive("2026-03-02 10:00", "survey_answered", key="e1", score=2)
    at = "2026-03-02 10:00"
    again = engine.receive("2026-03-02 10:05", "survey_answered", key="e1", score=2, occurred=at)
    other = engine.receive("2026-03-02 10:06", "survey_answered", key="e1", score=5, occurred=at)

    # then it is kept once, the second is a duplicate, the third a conflict
    tally = engine.reception.tally
    assert (tally.accepted, tally.duplicates, tally.conflicts, tally.quarantined) == (1, 1, 1, 0)
    assert first is not None
    assert (again, other) == (None, None)
    assert engine.reception.events == [first]
    assert engine.decisions("answered") == [("2026-03-02 10:00", "fired")]
