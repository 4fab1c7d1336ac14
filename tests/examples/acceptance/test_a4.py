"""A4: a decision tells its rule's version, its inputs, each line's truth and value, and who lost to whom."""

from decimal import Decimal

from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

FACTS = """
facts:
  plan: {type: text, default: free}
  orders: {count: order_completed}
  birthday: {type: date}
"""
RULE = """
rule: low-score
when: {event: survey_answered, where: event.score <= 2}
if:
  - customer.plan != 'free'
  - customer.orders >= 1
then:
  - run: apology
    with: {score: =event.score}
"""
ANSWERED_BADLY = """
rule: bad-news
when: {event: survey_answered, where: event.score <= 2}
then:
  - run: newsletter
"""
APOLOGY = """
workflow: apology
class: marketing
rank: escalation
needs: {score: number}
reentry: always
holdout: 0%
steps:
  - wait: 1h
  - do: email.send
    with: {message: sorry}
"""
NEWSLETTER = """
workflow: newsletter
class: marketing
rank: upsell
reentry: always
holdout: 0%
steps:
  - wait: 1h
  - do: email.send
    with: {message: news}
"""
POLICY = """
policy:
  consent: {email: marketing_email}
  order: [escalation, upsell]
  arbitrate_within: 1h
"""


def played(rule: str = RULE) -> VirtualEngine:
    engine = VirtualEngine(CONSENT, FACTS, rule, ANSWERED_BADLY, APOLOGY, NEWSLETTER, POLICY)
    engine.identify("2026-03-02 09:00", plan="team", **OPT_IN)
    engine.receive("2026-03-02 09:30", "order_completed", total=20)
    engine.receive("2026-03-02 10:00", "survey_answered", score=Decimal("1.5"), ticket_id="t1")
    engine.until("2026-03-02 18:00")
    return engine


def test_a4_a_decision_tells_version_inputs_and_every_line() -> None:
    # when a rule has fired
    engine = played()
    (decision,) = engine.rows("low-score")

    # then its row names the rule's version, what set it off, and what it saw
    assert decision.rule_hash == engine.ruleset.desks["person"].rules["low-score"].hash
    assert decision.event == {"score": 1.5, "ticket_id": "t1"}
    assert [(line.text, line.outcome, line.values) for line in decision.lines] == [
        ("customer.plan != 'free'", "met", {"customer.plan": "team"}),
        ("customer.orders >= 1", "met", {"customer.orders": 1}),
    ]
    (start,) = decision.starts
    assert (start.workflow, start.status, start.arm) == ("apology", "running", "treated")
    # and the run leads back to it, with the versions of its own
    run = engine.run("apology")
    assert (run.decision, run.rule) == (decision.id, "low-score")
    assert run.input == {"score": Decimal("1.5")}
    assert run.definition == engine.ruleset.workflows["apology"].hash
    assert run.policy == engine.ruleset.policy_hash


def test_a4_another_text_is_another_version() -> None:
    before = played().rows("low-score")[0]
    after = played(RULE.replace(">= 1", ">= 0")).rows("low-score")[0]
    assert before.rule_hash != after.rule_hash


def test_a4_who_loses_the_arbitration_is_told_to_whom() -> None:
    # given two messages for one customer that are due at one instant
    engine = played()
    # then the higher rank goes, and the other one tells why it did not
    assert engine.sent() == [("2026-03-02 11:00", "sorry")]
    (attempt,) = [one for one in engine.attempts(engine.run("newsletter")) if one.verb == "do"]
    assert (attempt.outcome.value, attempt.reason) == ("skipped", "outranked")
    assert attempt.detail == {"action": "email.send", "because": "apology"}


def test_a4_a_decision_that_did_not_fire_tells_its_lines_too() -> None:
    # given a rule of which one line cannot be evaluated
    broken = RULE.replace("customer.orders >= 1", "customer.birthday + 1d > now and 1 / customer.orders > 0")
    engine = VirtualEngine(CONSENT, FACTS, broken, APOLOGY, POLICY)
    engine.identify("2026-03-02 09:00", plan="team", birthday="2026-03-02", **OPT_IN)
    engine.receive("2026-03-02 10:00", "survey_answered", score=1)
    (decision,) = engine.rows("low-score")
    assert decision.outcome.value == "error"
    assert [line.outcome for line in decision.lines] == ["met", "error"]
    assert decision.lines[1].values["customer.orders"] == 0
    assert decision.lines[1].error
