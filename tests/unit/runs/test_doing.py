"""What is checked before a `do`, and what becomes of it."""

from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

RULE = """
rule: due
when: {event: due}
then:
  - run: newsletter
"""
NEWSLETTER = """
workflow: newsletter
class: marketing
key: event.number
reentry: always
holdout: 0%
steps:
  - do: email.send
    with: {message: news}
"""
HOLDING = """
policy:
  consent: {email: marketing_email}
  quiet_hours: {marketing: "21:00-08:00", in: workspace time, on_quiet: hold, at_most: 72h}
  caps: [{class: marketing, at_most: 1 per 250h, window: rolling, on_capped: hold}]
"""


def test_a_hold_after_another_kind_of_hold_is_measured_from_the_first() -> None:
    # given a cap that holds the second message until 22:00 of the 12th, an hour that is quiet
    engine = VirtualEngine(CONSENT, RULE, NEWSLETTER, HOLDING)
    engine.identify("2026-03-02 10:00", **OPT_IN)
    engine.receive("2026-03-02 12:00", "due", number=1)
    engine.receive("2026-03-03 10:00", "due", number=2)
    engine.until("2026-03-20 10:00")
    # then it is left out there: with the quiet hours it would be held longer than 72 hours in all
    assert engine.outcomes(engine.runs("newsletter")[1]) == [
        ("2026-03-03 10:00", "held", "frequency_cap"),
        ("2026-03-12 22:00", "skipped", "quiet"),
    ]
    assert len(engine.sent()) == 1
