"""T1: a usage drop, weeks against the customer's own weeks, and an outage that is one alert."""

from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  usage_drop: {drop: minutes, of: usage, recent: 2w, baseline: 8w, at_least: 5 per week, robust: 2}
"""
FACTS_AGAINST_FLEET = FACTS.replace("robust: 2", "robust: 2, against_fleet: yes")
DROP = """
rule: usage-drop
when: {schedule: weekly on monday at 06:00}
if:
  - customer.usage_drop >= 0.4
then:
  - do: segment.add
    with: {segment: falling}
"""
OUTAGE = """
rule: usage-outage
when: {fleet: usage_drop, at_least: 40%}
then:
  - do: case.open
    with: {ladder: desk, title: Usage fell for everybody at once}
"""
FALLING = """
segment: falling
static: yes
"""
DESK = """
ladder: desk
levels: [{tell: ops, within: 4h}]
"""
PEOPLE = "people: {ops: {email: ops@example.com}}\n"
BASELINE = (52, 48, 50, 55, 47, 51, 49, 50)
FIRST_MONDAY = 5
"""Of January 2026; day 5 + 70 is 16 March, the Monday after ten weeks."""


def monday(week: int, time: str) -> str:
    """Give a time on the Monday with which a week begins, week 0 being that of 5 January 2026."""
    days = FIRST_MONDAY + 7 * week
    for month, length in ((1, 31), (2, 28), (3, 31)):
        if days <= length:
            return f"2026-{month:02}-{days:02} {time}"
        days -= length
    raise AssertionError("the examples end in March")


def used(engine: VirtualEngine, weeks: tuple[int, ...], start: int = 0, customer: str = "ana") -> None:
    for week, minutes in enumerate(weeks, start):
        engine.receive(monday(week, "12:00"), "usage", customer, minutes=minutes)


def judged(*weeks: int) -> VirtualEngine:
    """A customer who used the product so many minutes a week, judged on the Monday after."""
    engine = VirtualEngine(FACTS, DROP, FALLING)
    used(engine, weeks)
    engine.until(monday(len(weeks), "06:00"))
    return engine


def reason(engine: VirtualEngine, week: int) -> str | None:
    facts = engine.facts(monday(week, "06:00"))
    found = facts.reason("usage_drop")
    return None if found is None else found.value


def test_t1_a_drop_by_48_percent_fires() -> None:
    engine = judged(*BASELINE, 28, 24)
    # the mean of the recent two is 26 against a median of 50
    assert float(engine.facts(monday(10, "06:00"))["usage_drop"]) == 0.48
    assert engine.decisions("usage-drop") == [(monday(10, "06:00"), "fired")]


def test_t1_a_drop_by_36_percent_does_not() -> None:
    engine = judged(*BASELINE, 33, 31)
    assert float(engine.facts(monday(10, "06:00"))["usage_drop"]) == 0.36
    assert engine.decisions("usage-drop") == []


def test_t1_a_drop_by_27_percent_does_not() -> None:
    engine = judged(*BASELINE, 28, 45)
    assert float(engine.facts(monday(10, "06:00"))["usage_drop"]) == 0.27
    assert engine.decisions("usage-drop") == []


def test_t1_a_drop_within_the_noise_does_not() -> None:
    # given weeks that jump about so much that a fall by 48% is under two deviations
    engine = judged(20, 80, 50, 15, 85, 50, 25, 75, 28, 24)
    assert engine.facts(monday(10, "06:00"))["usage_drop"] == 0
    assert reason(engine, 10) == "within_noise"
    assert engine.decisions("usage-drop") == []


def test_t1_a_median_of_three_a_week_is_too_little() -> None:
    engine = judged(3, 2, 3, 4, 3, 3, 2, 3, 1, 0)
    assert reason(engine, 10) == "insufficient_volume"
    assert engine.decisions("usage-drop") == []


def test_t1_fewer_than_eight_weeks_before_the_recent_two_are_too_few() -> None:
    engine = judged(*BASELINE[1:], 28, 24)
    assert reason(engine, 9) == "insufficient_history"
    assert engine.decisions("usage-drop") == []


def test_t1_an_outage_of_everybody_is_one_alert_and_alarms_no_customer() -> None:
    # given 25 customers with ten steady weeks
    customers = [f"c{number:02}" for number in range(25)]
    engine = VirtualEngine(FACTS_AGAINST_FLEET, DROP, OUTAGE, FALLING, DESK, settings=PEOPLE)
    # when everybody falls by 65% in the eleventh
    for week in range(11):
        for customer in customers:
            engine.receive(monday(week, "12:00"), "usage", customer, minutes=100 if week < 10 else 35)
    engine.until(monday(11, "23:00"))

    # then there is one alert for the base, and none for a customer
    assert engine.decisions("usage-outage") == [(monday(11, "00:00"), "fired")]
    (alert,) = engine.rows("usage-outage")
    assert alert.customer == "@base"
    assert alert.base == engine.simulation.figures.at(alert.at).hash
    assert float(alert.event["fall"]) == 0.65
    assert engine.decisions("usage-drop") == []
    assert [effect.arguments["to"] for effect in engine.simulation.changes.effects] == ["ops"]


def test_t1_one_customer_who_falls_while_the_base_stands_is_found() -> None:
    # given 25 customers of whom one alone falls
    customers = [f"c{number:02}" for number in range(25)]
    engine = VirtualEngine(FACTS_AGAINST_FLEET, DROP, OUTAGE, FALLING, DESK, settings=PEOPLE)
    for week in range(11):
        for customer in customers:
            falls = customer == "c07" and week >= 9
            engine.receive(monday(week, "12:00"), "usage", customer, minutes=35 if falls else 100)
    engine.until(monday(11, "23:00"))
    assert [one.customer for one in engine.rows("usage-drop")] == ["c07"]
    assert engine.decisions("usage-outage") == []
