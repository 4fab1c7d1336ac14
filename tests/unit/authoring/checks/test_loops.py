from engine.authoring.loader import load
from tests.examples.broken_files import workspace

EMITS = """workflow: {name}
class: service
reentry: always
steps: [{{do: event.emit, with: {{event: {event}}}}}]
"""
RULE = "rule: {name}\nwhen: {when}\nthen: [{{run: {run}}}]\n"


def said(files: dict[str, str]) -> list[tuple[str, str, str]]:
    laid = {**workspace(), **{path: text.encode() for path, text in files.items()}}
    return [(finding.severity, finding.code, finding.message) for finding in load(laid).findings]


def test_a_ring_of_events_over_two_rules_is_refused_and_named() -> None:
    files = {
        "rules/one.yaml": RULE.format(name="one", when="{event: ping}", run="pong"),
        "rules/two.yaml": RULE.format(name="two", when="{event: pong}", run="ping"),
        "workflows/ping.yaml": EMITS.format(name="ping", event="ping"),
        "workflows/pong.yaml": EMITS.format(name="pong", event="pong"),
    }
    assert said(files) == [
        (
            "error",
            "event-loop",
            "event ping leads to itself: ping -> one -> pong -> pong -> two -> ping -> ping",
        )
    ]


def test_an_event_for_somebody_else_is_warned_of() -> None:
    steps = "[{do: event.emit, with: {event: ping, customer: =event.referrer}}]"
    files = {
        "rules/one.yaml": RULE.format(name="one", when="{event: ping}", run="ping"),
        "workflows/ping.yaml": f"workflow: ping\nclass: service\nreentry: always\nsteps: {steps}\n",
    }
    assert [found[:2] for found in said(files)] == [("warning", "trigger-loop")]


def test_a_rule_on_the_end_of_its_own_run_is_warned_of() -> None:
    files = {"rules/one.yaml": RULE.format(name="one", when="{event: run_ended}", run="inner")}
    assert [found[:2] for found in said(files)] == [("warning", "trigger-loop")]


def test_a_list_that_a_rule_watches_and_changes_is_warned_of() -> None:
    files = {
        "rules/one.yaml": "rule: one\nwhen: {enters: handpicked}\n"
        "then: [{do: segment.add, with: {segment: handpicked}}]\n"
    }
    assert [found[:2] for found in said(files)] == [("warning", "trigger-loop")]


def test_a_chain_that_ends_is_no_ring() -> None:
    files = {
        "rules/one.yaml": RULE.format(name="one", when="{event: ping}", run="pong"),
        "workflows/pong.yaml": EMITS.format(name="pong", event="pong"),
    }
    assert said(files) == []
