"""What is written of a step: the hash of what it was given."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine.runs.steps import inputs_hash
from tests.virtual_engine import VirtualEngine

FILES = (
    """
rule: due
when: {event: due}
then:
  - run: series
""",
    """
workflow: series
class: service
reentry: always
steps:
  - if: event.n > 1
    then:
      - do: event.emit
        with: {event: step, properties: {size: =event.n}}
""",
)


def test_the_hash_is_that_of_the_json_of_the_values() -> None:
    text = '{"at":"2026-03-02T10:00:00Z","n":1.50}'
    values = {"n": Decimal("1.50"), "at": datetime(2026, 3, 2, 10, tzinfo=UTC)}

    assert inputs_hash(values) == hashlib.sha256(text.encode()).hexdigest()[:32]


@pytest.mark.parametrize("other", [{"a": 1, "b": 3}, {"a": 1}, {}])
def test_other_values_have_another_hash_and_their_order_does_not_matter(other: dict[str, int]) -> None:
    assert inputs_hash({"b": 2, "a": 1}) == inputs_hash({"a": 1, "b": 2}) != inputs_hash(other)


def test_each_attempt_says_what_it_was_given() -> None:
    # given two runs with different values
    engine = VirtualEngine(*FILES)
    engine.receive("2026-03-02 10:00", "due", n=2)
    engine.receive("2026-03-02 11:00", "due", n=3)

    # then
    found = [{one.verb: one.inputs for one in engine.attempts(run)} for run in engine.runs("series")]
    assert [each["do"] for each in found] == [
        inputs_hash({"event": "step", "properties": {"size": Decimal(n)}}) for n in (2, 3)
    ]
    assert found[0]["if"] == inputs_hash({"event.n": Decimal(2)})
