"""The mutation run: what the tests of a thing notice, what `check` refuses, what survives."""

from textwrap import dedent

from engine.authoring.loader import load_opened
from engine.authoring.mutants.running import MutantReport, run_mutants

SETTINGS = b"timezone: UTC\n"
FACTS = b"""
facts:
  orders: {count: order_completed}
"""
SEGMENT = """
segment: regulars
enter_if: customer.orders >= 4
tests:
  - it: takes in who ordered four times
    given: {orders: 4}
    expect: {entered: regulars}
"""
BELOW = """  - it: waits for the fourth order
    given: {orders: 3}
    expect: nothing
"""
FLOW = """
workflow: greet
class: service
reentry: after 7d
steps:
  - wait: 1d
"""
RULE = """
rule: ordered
when: {event: order_completed}
then: [{run: greet}]
tests:
  - it: does not greet again within the week
    event: {order_id: o1}
    timeline: [{after: 6d, event: order_completed, order_id: o2}]
    expect: {run: greet, reason: reentry}
  - it: greets again after a week
    event: {order_id: o1}
    timeline: [{after: 7d, event: order_completed, order_id: o2}]
    expect: {run: greet, reason: completed}
"""


def report(*texts: str, match: str | None = None) -> MutantReport:
    files = {"holdfast.yaml": SETTINGS, "rules/facts.yaml": FACTS}
    for text in texts:
        text = dedent(text).lstrip()
        kind, name = text.partition("\n")[0].split(": ")
        files[f"{'workflows' if kind == 'workflow' else 'rules'}/{name}.yaml"] = text.encode()
    loaded, opened = load_opened(files)
    assert loaded.workspace is not None and opened is not None, loaded.errors
    return run_mutants(loaded.workspace, opened, match)


def survivors(found: MutantReport) -> list[tuple[str, str | None]]:
    return [(mutant.change.before, mutant.change.shown) for mutant in found.survived]


def test_what_no_test_notices_survives() -> None:
    found = report(SEGMENT)

    # given four alone, less than four would do as well, and so would no condition at all
    assert survivors(found) == [
        ("customer.orders >= 4", None),
        ("customer.orders >= 4", "customer.orders >= 3"),
    ]
    assert (found.mutants, found.caught, found.refused) == (4, 2, 0)


def test_a_test_at_each_side_of_the_threshold_notices_all() -> None:
    found = report(SEGMENT + BELOW)

    assert survivors(found) == []
    assert found.caught == 4


def test_what_check_refuses_counts_apart() -> None:
    found = report("""
        score: activity
        parts: {orders: {weight: 60, is: customer.orders / 12}}
        bands: {high: {from: 50}, low: {from: 0}}
        tests:
          - it: counts orders
            given: {orders: 6}
            expect: {score: 50, band: high}
    """)

    # then no band begins at 0 any more in some, and is below 0 in others
    assert found.refused >= 2


def test_what_holds_without_being_written_is_no_mutant() -> None:
    score = """
        score: activity
        parts: {orders: {weight: 60, is: customer.orders / 12}}
        bands: {high: {from: 50}, low: {from: 0}}
        coverage: 60%
        high_is: good
    """

    found = survivors(report(score))
    assert ("coverage: 60%", "coverage: 61%") in found
    assert ("coverage: 60%", None) not in found
    assert ("high_is: good", None) not in found


def test_reentry_is_shown_by_the_rule_that_starts_the_workflow() -> None:
    alone = report(FLOW, match="workflow")
    started = report(FLOW, RULE, match="workflow")

    assert ("reentry: after 7d", "reentry: after 8d") in survivors(alone)
    assert [one for one in survivors(started) if one[0].startswith("reentry")] == []


def test_only_what_is_asked_for_is_changed() -> None:
    assert report(SEGMENT, FLOW, RULE, match="segment reg").mutants == 4
