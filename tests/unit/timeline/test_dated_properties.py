"""Declared dates of an event are dates wherever it is looked at: when it comes, and when it is awaited."""

from tests.written_cases import rule, run, told, workflow

BOOKED = """
facts: {}
events:
  booked: {trip: text, starts: date}
"""


def test_in_a_rule_that_waited_for_a_second_event() -> None:
    # given a rule on the trip's date, looked at once nothing has followed
    when = "{event: booked, without: boarded, for: 1h, key: trip}"
    case = "event: {trip: t1, starts: 2026-03-01}\nexpect: {times: 1}"
    text = rule(when, case, if_="event.starts > d'2026-02-01'")
    # then it sees a date
    assert told(run(text, days=BOOKED)) == []


def test_in_what_a_run_waits_for_and_leaves_by() -> None:
    steps = """
        - wait_for: booked
          where: event.starts > d'2026-02-01'
          up_to: 2d
          as: booking
        - if: run.booking.timed_out
          then: [{stop: nothing-booked}]
        """
    near = "{after: 1h, event: booked, starts: 2026-01-10}"
    far = "{after: 2h, event: booked, starts: 2026-03-01}"
    text = workflow(
        steps, f"timeline: [{near}, {far}]\nexpect: {{ends: completed}}",
        f"timeline: [{near}]\nexpect: {{ends: nothing-booked}}",
    )  # fmt: skip
    exits = "[{event: booked, where: event.starts > d'2026-02-01'}]"
    leaving = workflow(
        "- wait: 2d", f"timeline: [{near}, {far}]\nexpect: {{ends: exit}}",
        f"timeline: [{near}]\nexpect: {{ends: completed}}",
        head=f"class: service\nreentry: always\nstop_when: {exits}",
    ).replace("workflow: example", "workflow: leaving")  # fmt: skip
    assert told(run(text, leaving, days=BOOKED)) == []
