"""A workflow laid out: paths, what it stands on, and what it is known by."""

import pytest

from engine.authoring.loader import load, require
from engine.runs.program import CompiledWorkflow, closure
from engine.timeline.ruleset import compile_ruleset
from tests.virtual_engine import files

FACTS = """
facts:
  plan: {type: text}
"""
FLOW = """
workflow: flow
class: service
key: event.ticket_id
reentry: always
stop_when: [order_completed, {event: cart_emptied, match: cart_id}]
steps:
  - if: customer.plan == 'team'
    then:
      - run: child
      - do: email.send
        with: {message: hello}
    else:
      - split: taste
        arms:
          plain: {share: 50%, then: [{wait: 1d}]}
          none: {share: 50%}
  - wait_for: order_completed
    up_to: 1d
  - do: case.open
    with: {ladder: desk, title: Look}
"""
CHILD = """
workflow: child
class: service
reentry: always
steps:
  - do: sms.send
    with: {message: short}
"""
DESK = """
ladder: desk
levels: [{tell: sam@example.com, within: 4h}]
"""
SETTINGS = "connectors: {sms: {url: 'https://sms.example.com/send', hosts: [sms.example.com]}}\n"


def written() -> dict[str, bytes]:
    return files(FACTS, FLOW, CHILD, DESK, settings=SETTINGS)


def compiled(texts: dict[str, bytes]) -> CompiledWorkflow:
    return compile_ruleset(require(load(texts))).workflows["flow"]


def test_every_step_has_a_path_and_knows_what_comes_after_it() -> None:
    program = compiled(written())
    assert {path: one.next for path, one in program.instructions.items()} == {
        "0": "1",
        "0.then.0": "0.then.1",
        "0.then.1": "1",
        "0.else.0": "1",
        "0.else.0.arms.plain.0": "1",
        "1": "2",
        "2": "end",
    }
    assert program.first == "0"
    assert program.instructions["0"].branches == {"then": "0.then.0", "else": "0.else.0"}
    # an arm without steps goes on behind the split
    assert program.instructions["0.else.0"].branches == {"plain": "0.else.0.arms.plain.0", "none": "1"}


def test_it_is_known_by_its_key_its_channels_and_what_it_waits_for() -> None:
    program = compiled(written())
    assert program.key_name == "ticket_id"
    assert program.ways == (("email", None),)
    assert program.awaited == {"order_completed"}
    assert [exit_.event for exit_ in program.exits] == ["order_completed", "cart_emptied"]


def test_a_key_that_is_computed_is_no_propertys() -> None:
    texts = written()
    texts["workflows/flow.yaml"] = FLOW.strip().replace("event.ticket_id", "event.ticket_id + 'x'").encode()
    assert compiled(texts).key_name is None


def test_it_stands_on_its_children_messages_ladders_and_all_facts() -> None:
    workspace = require(load(written()))
    assert closure(workspace, "flow") == (
        "rules/desk.yaml",
        "rules/facts-0.yaml",
        "workflows/child.yaml",
        "workflows/flow.yaml",
        "workflows/messages/hello.md",
        "workflows/messages/short.md",
    )


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("workflows/flow.yaml", True),
        ("workflows/child.yaml", True),
        ("workflows/messages/short.md", True),
        ("rules/desk.yaml", True),
        ("rules/facts-0.yaml", True),
        ("rules/policy-9.yaml", False),
    ],
)
def test_its_hash_is_over_all_of_that_and_nothing_else(path: str, changes: bool) -> None:
    texts = written()
    texts["rules/policy-9.yaml"] = b"policy:\n  ceiling: 10 messages per customer per day\n"
    before = compiled(texts).hash
    more = b"\nMore.\n" if path.endswith(".md") else b"description: Reworded.\n"
    texts[path] = texts[path] + more
    assert (compiled(texts).hash != before) is changes
