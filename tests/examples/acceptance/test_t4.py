"""T4: steps around a renewal date, each once a term, however the date comes, moves or goes."""

from datetime import timedelta

from engine.customers.normalise import normalise
from tests.virtual_engine import VirtualEngine, instant, told

FACTS = """
facts:
  renewal_date: {type: date}
  notice: {type: duration}
  notice_date: customer.renewal_date - customer.notice
"""
RULE = """
rule: renewal-due
when:
  date: customer.renewal_date
  before: [90d, 60d, 30d]
  at: "09:00"
  catch_up: latest
  without: contract_renewed
then:
  - run: renewal
    with: {days_left: =event.step.days, late: =event.late.days}
"""
RENEWAL = """
workflow: renewal
class: service
needs: {days_left: number, late: number}
key: input.days_left
reentry: always
steps:
  - do: segment.add
    with: {segment: renewing}
"""
RENEWING = """
segment: renewing
static: yes
"""
FIRED = "fired"


def contract(at: str, date: str, rule: str = RULE, **traits: object) -> VirtualEngine:
    """A contract whose date is sent at a time."""
    engine = VirtualEngine(FACTS, rule, RENEWAL, RENEWING)
    engine.identify(at, renewal_date=date, **traits)
    return engine


def days_left(engine: VirtualEngine) -> list[tuple[object, object]]:
    return [(run.input["days_left"], run.input["late"]) for run in engine.runs("renewal")]


def test_t4_three_steps_before_the_date() -> None:
    engine = contract("2026-11-01 12:00", "2027-03-31")
    assert engine.timers() == ["2026-12-31 09:00", "2027-01-30 09:00", "2027-03-01 09:00"]
    engine.until("2027-12-31 00:00")
    assert engine.decisions("renewal-due") == [
        ("2026-12-31 09:00", FIRED), ("2027-01-30 09:00", FIRED), ("2027-03-01 09:00", FIRED)
    ]  # fmt: skip
    assert days_left(engine) == [(90, 0), (60, 0), (30, 0)]


def test_t4_the_date_may_be_an_expression_such_as_that_of_the_notice() -> None:
    rule = RULE.replace("date: customer.renewal_date", "date: customer.notice_date")
    engine = contract("2026-10-01 12:00", "2027-03-31", rule, notice="60d")
    engine.until("2026-12-31 09:00")
    assert engine.decisions("renewal-due") == [
        ("2026-11-01 09:00", FIRED), ("2026-12-01 09:00", FIRED), ("2026-12-31 09:00", FIRED)
    ]  # fmt: skip
    # the anchor is 30 January
    assert engine.rows("renewal-due")[0].event["date"] == "2027-01-30T00:00:00Z"


def test_t4_imported_late_the_latest_step_is_made_up_for_and_the_other_recorded() -> None:
    # given the contract's history, imported on 15 February
    engine = VirtualEngine(FACTS, RULE, RENEWAL, RENEWING)
    past = normalise(
        {"event": "identify", "id": "i1", "customer": "ana", "at": "2026-10-01T12:00:00Z",
         "traits": {"renewal_date": "2027-03-31"}},
        received_at=instant("2026-10-01 12:00"), source="crm",
        declared=engine.ruleset.catalog, cause="history",
    )  # fmt: skip
    engine.simulation.learn(past)
    engine.simulation.settle_in("ana", instant("2027-02-15 10:00"))
    engine.until("2027-02-15 10:00")

    # then the step of 60 days is executed once, marked 16 days late, that of 90 days is passed over
    fired = [one for one in engine.rows("renewal-due") if one.outcome.value == FIRED]
    assert [told(one.at) for one in fired] == ["2027-02-15 10:00"]
    assert (fired[0].event["step"], fired[0].event["late"]) == ("P60D", "P16D")
    assert days_left(engine) == [(60, 16)]
    over = [one for one in engine.rows("renewal-due") if one.outcome.value == "too_late"]
    assert [(one.event["step"], one.reason) for one in over] == [("P90D", "passed_over")]

    # and the step of 30 days comes in its time; nothing is made up for twice
    engine.identify("2027-02-16 10:00", renewal_date="2027-03-31")
    engine.until("2027-12-31 00:00")
    assert days_left(engine) == [(60, 16), (30, 0)]
    assert len(engine.rows("renewal-due")) == 3


def test_t4_a_plain_import_makes_up_for_the_same_step() -> None:
    # given an event of October that is only received on 15 February
    engine = VirtualEngine(FACTS, RULE, RENEWAL, RENEWING)
    engine.receive(
        "2027-02-15 10:00", "identify", occurred="2026-10-01 12:00", renewal_date="2027-03-31"
    )  # fmt: skip
    engine.until("2027-02-15 10:00")
    assert days_left(engine) == [(60, 16)]


def test_t4_a_moved_date_moves_what_is_pending() -> None:
    # given a contract with nothing executed yet
    engine = contract("2026-11-01 12:00", "2027-03-31")
    # when it moves to 30 June
    engine.identify("2026-12-01 12:00", renewal_date="2027-06-30")
    # then what was pending is called off and the next step is on 1 April
    assert engine.timers() == ["2027-04-01 09:00", "2027-05-01 09:00", "2027-05-31 09:00"]
    engine.until("2027-12-31 00:00")
    assert engine.decisions("renewal-due")[0] == ("2027-04-01 09:00", FIRED)
    assert days_left(engine) == [(90, 0), (60, 0), (30, 0)]


def test_t4_a_step_that_was_passed_over_comes_again_when_the_date_moves() -> None:
    # given the step of 60 days made up for and that of 90 passed over
    engine = VirtualEngine(FACTS, RULE, RENEWAL, RENEWING)
    engine.identify("2027-02-15 10:00", renewal_date="2027-03-31")
    engine.until("2027-02-16 10:00")
    assert days_left(engine) == [(60, 16)]
    # when the date moves to 30 June
    engine.identify("2027-02-20 10:00", renewal_date="2027-06-30")
    # then the next is on 1 April; the one that was executed does not repeat
    assert engine.timers() == ["2027-04-01 09:00", "2027-05-31 09:00"]
    engine.until("2027-12-31 00:00")
    assert days_left(engine) == [(60, 16), (90, 0), (30, 0)]


def test_t4_executed_steps_of_a_term_do_not_repeat() -> None:
    engine = contract("2026-11-01 12:00", "2027-03-31")
    engine.until("2027-01-15 00:00")
    assert days_left(engine) == [(90, 0)]
    engine.identify("2027-01-15 12:00", renewal_date="2027-06-30")
    assert engine.timers() == ["2027-05-01 09:00", "2027-05-31 09:00"]


def test_t4_renewed_early_the_rest_is_called_off() -> None:
    engine = contract("2026-11-01 12:00", "2027-03-31")
    engine.until("2027-01-15 00:00")
    engine.receive("2027-01-15 12:00", "contract_renewed")
    assert engine.timers() == []
    engine.until("2027-06-30 00:00")
    assert days_left(engine) == [(90, 0)]
    # and the next term has its own steps
    engine.identify("2027-06-30 12:00", renewal_date="2028-03-31")
    engine.until("2028-12-31 00:00")
    assert days_left(engine) == [(90, 0), (90, 0), (60, 0), (30, 0)]


def test_t4_the_last_of_february() -> None:
    engine = contract("2027-06-01 12:00", "2028-02-29")
    engine.until("2028-12-31 00:00")
    assert engine.decisions("renewal-due") == [
        ("2027-12-01 09:00", FIRED), ("2027-12-31 09:00", FIRED), ("2028-01-30 09:00", FIRED)
    ]  # fmt: skip


def test_t4_a_step_tells_its_date_and_its_length() -> None:
    engine = contract("2026-11-01 12:00", "2027-03-31")
    engine.until("2026-12-31 09:00")
    run = engine.run("renewal")
    assert run.event["step"] == timedelta(days=90)
    assert told(engine.rows("renewal-due")[0].at) == "2026-12-31 09:00"
    assert engine.rows("renewal-due")[0].event == {
        "date": "2027-03-31T00:00:00Z", "step": "P90D", "late": "PT0S", "years": None
    }  # fmt: skip
