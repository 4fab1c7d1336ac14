"""To whom a message goes: the customer, somebody named, or the contact of an account."""

from tests.virtual_engine import VirtualEngine

RULE = """
rule: due
on: account
when: {event: due}
then:
  - run: tell
"""
TELL = """
workflow: tell
on: account
class: service
reentry: always
contact: =customer.owner
steps:
  - do: email.send
    with: {message: hello}
"""
NAMED = """
workflow: tell
class: service
reentry: always
steps:
  - do: email.send
    with: {message: hello, to: =customer.owner}
"""


def test_a_message_to_an_account_goes_to_its_contact() -> None:
    # given an account with an owner
    engine = VirtualEngine(RULE, TELL)
    engine.receive("2026-03-02 10:00", "group", "ben", account="acme", owner="desk@example.com")

    # when something is due for it
    engine.receive("2026-03-02 11:00", "due", "ben", account="acme")

    # then
    assert [effect.arguments["to"] for effect, _ in engine.delivered] == ["desk@example.com"]


def test_a_message_with_nobody_to_receive_it_is_left_out() -> None:
    # given an account without an owner or an address
    engine = VirtualEngine(RULE, TELL)
    engine.receive("2026-03-02 11:00", "due", "ben", account="acme")

    # then
    (run,) = engine.runs("tell")
    assert engine.outcomes(run) == [("2026-03-02 11:00", "skipped", "recipient")]
    assert engine.delivered == []


def test_a_person_or_role_that_is_unknown_is_nobody() -> None:
    # given a message to the owner of a customer who has none
    engine = VirtualEngine(RULE.replace("on: account\n", ""), NAMED)
    engine.receive("2026-03-02 11:00", "due")

    # then
    (run,) = engine.runs("tell")
    assert engine.outcomes(run) == [("2026-03-02 11:00", "skipped", "recipient")]


def test_a_group_without_a_person_makes_an_account() -> None:
    # given traits of an account that nobody sent as a person
    engine = VirtualEngine(RULE, TELL)
    engine.receive("2026-03-02 10:00", "group", None, account="acme", owner="desk@example.com")

    # then
    member = engine.simulation.cast.members["acme"]
    assert member.kind == "account"
    assert member.facts.traits["owner"].value == "desk@example.com"
