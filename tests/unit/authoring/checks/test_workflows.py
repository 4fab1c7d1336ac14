import pytest

from engine.authoring.loader import load
from tests.examples.broken_files import workspace

CARE = """workflow: care
class: service
on: {on}
reentry: never
{more}steps: [{{do: email.send, with: {given}}}]
"""


def codes(text: str) -> list[str]:
    return [finding.code for finding in load({**workspace(), "workflows/care.yaml": text.encode()}).findings]


@pytest.mark.parametrize(
    ("on", "more", "given", "found"),
    [
        ("person", "", "{message: hello}", []),
        ("account", "", "{message: hello}", ["no-contact"]),
        ("account", "", "{message: hello, to: team-lead}", []),
        ("account", "contact: =customer.owner\n", "{message: hello}", []),
        ("account", "contact: team-leed\n", "{message: hello}", ["unknown-person"]),
    ],
)
def test_a_message_to_an_account_goes_to_somebody(on: str, more: str, given: str, found: list[str]) -> None:
    assert codes(CARE.format(on=on, more=more, given=given)) == found


def test_answers_of_a_branch_are_there_after_it_and_not_beside_it() -> None:
    text = """workflow: care
class: service
reentry: never
steps:
  - if: customer.orders > 3
    then: [{do: coupon.issue, with: {percent: 10}, as: offer}]
    else: [{if: run.offer.code == 'x', then: [{stop: early}]}]
  - if: run.offer.code == 'x'
    then: [{stop: late}]
"""
    findings = load({**workspace(), "workflows/care.yaml": text.encode()}).findings
    assert [(finding.line, finding.code) for finding in findings] == [(7, "name")]
