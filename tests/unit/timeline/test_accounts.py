"""Persons and accounts: whose event counts for whom, and who hears of it."""

from tests.virtual_engine import VirtualEngine, instant

FACTS = """
facts:
  logins: {count: login, on: account}
  own_logins: {count: login}
  plan: {type: text, on: account}
  renewal_date: {type: date, on: account}
"""
PEOPLE = "people: {lead: {email: lead@example.com}}\n"
RULE = """
rule: busy
on: account
when: {event: login}
if:
  - customer.logins >= 3
then:
  - run: visit
"""
VISIT = """
workflow: visit
class: service
on: account
contact: =customer.owner
reentry: always
stop_when: [contract_renewed]
steps:
  - do: email.send
    with: {message: hello}
  - wait: 1d
"""


def engine_for(visit: str = VISIT) -> VirtualEngine:
    engine = VirtualEngine(FACTS, RULE, visit, settings=PEOPLE)
    engine.receive("2026-03-02 09:00", "group", "ana", account="acme", plan="team", owner="sam@example.com")
    return engine


def test_a_members_event_counts_for_the_account_too() -> None:
    engine = engine_for()
    engine.receive("2026-03-02 10:00", "login", "ana")
    engine.receive("2026-03-02 11:00", "login", "bob", account="acme")
    assert engine.facts("2026-03-02 12:00", "acme")["logins"] == 2
    assert engine.facts("2026-03-02 12:00", "ana")["own_logins"] == 1
    assert engine.facts("2026-03-02 12:00", "acme")["plan"] == "team"
    assert engine.decisions("busy") == []
    engine.receive("2026-03-02 12:00", "login", "ana")
    assert engine.decisions("busy") == [("2026-03-02 12:00", "fired")]
    assert engine.rows("busy")[0].customer == "acme"


def test_a_message_to_an_account_goes_to_its_contact() -> None:
    engine = engine_for()
    for minute in ("10:00", "11:00", "12:00"):
        engine.receive(f"2026-03-02 {minute}", "login", "ana")
    assert engine.ended("visit") == [("waiting", None)]
    (effect,) = engine.simulation.changes.effects
    assert effect.arguments["to"] == "sam@example.com"
    assert [effect.arguments["to"] for effect, _ in engine.delivered] == ["sam@example.com"]


def test_a_message_to_an_account_that_has_no_contact_is_left_out() -> None:
    engine = VirtualEngine(FACTS, RULE, VISIT, settings=PEOPLE)
    for minute in ("10:00", "11:00", "12:00"):
        engine.receive(f"2026-03-02 {minute}", "login", "ana", account="acme")
    assert engine.outcomes(engine.run("visit")) == [("2026-03-02 12:00", "skipped", "recipient")]
    assert engine.delivered == []


def test_a_members_event_ends_the_accounts_run() -> None:
    engine = engine_for()
    for minute in ("10:00", "11:00", "12:00"):
        engine.receive(f"2026-03-02 {minute}", "login", "ana")
    engine.receive("2026-03-02 13:00", "contract_renewed", "ana")
    assert engine.ended("visit") == [("stopped", "exit")]


def test_an_account_may_be_known_before_any_member() -> None:
    engine = VirtualEngine(FACTS, RULE, VISIT, settings=PEOPLE)
    engine.receive("2026-03-02 09:00", "group", None, account="acme", plan="team")
    assert engine.member("acme").kind == "account"
    for minute in ("10:00", "11:00", "12:00"):
        engine.receive(f"2026-03-02 {minute}", "login", "ana", account="acme")
    assert engine.decisions("busy") == [("2026-03-02 12:00", "fired")]
    assert engine.facts("2026-03-02 13:00", "acme")["plan"] == "team"


def test_account_and_member_each_do_what_is_due_before_an_event() -> None:
    # given a rule on the account's date, due between two events of a member
    rule = """
rule: renewal
on: account
when: {date: customer.renewal_date, before: 1d}
then:
  - do: segment.add
    with: {segment: soon}
"""
    engine = VirtualEngine(FACTS, rule, "segment: soon\nstatic: yes\non: account\n")
    engine.receive("2026-03-02 09:00", "group", "ana", account="acme", renewal_date="2026-03-11")
    engine.receive("2026-03-10 10:00", "login", "ana")
    assert engine.decisions("renewal") == [("2026-03-10 09:00", "fired")]
    assert engine.member("acme").standing.played_to == instant("2026-03-10 10:00")
