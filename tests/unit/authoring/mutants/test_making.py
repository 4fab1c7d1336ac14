"""Which changes a file has, each at its place."""

from textwrap import dedent

from engine.authoring.loader import load_opened
from engine.authoring.mutants.mutant import Change
from engine.authoring.mutants.running import mutants_of

FACTS = """
facts:
  orders: {count: order_completed}
  seats: {type: number}
"""
SETTINGS = b"timezone: UTC\npeople: {lead: {email: lead@example.com}}\n"


def changes(text: str) -> list[Change]:
    """The changes of one file in a small workspace."""
    text = dedent(text).lstrip()
    kind, name = text.partition("\n")[0].split(": ")
    path = f"{'workflows' if kind == 'workflow' else 'rules'}/{name}.yaml"
    loaded, opened = load_opened(
        {"holdfast.yaml": SETTINGS, "rules/facts.yaml": FACTS.encode(), path: text.encode()}
    )
    assert loaded.errors == ()
    assert opened is not None
    (definition,) = [one for one in opened.definitions if one.page.file == path]
    return [mutant.change for mutant in mutants_of(definition, opened)]


def told(text: str) -> list[tuple[str, str | None]]:
    return [(change.before, change.shown) for change in changes(text)]


def test_a_segment_has_its_lines_thresholds_and_settings() -> None:
    found = told("""
        segment: regulars
        enter_if:
          - customer.orders >= 4
        leave_if: customer.orders < 2
        held_for: 3d
    """)

    assert found == [
        ("customer.orders >= 4", None),
        ("customer.orders >= 4", "customer.orders > 4"),
        ("customer.orders >= 4", "customer.orders >= 5"),
        ("customer.orders >= 4", "customer.orders >= 3"),
        ("leave_if: customer.orders < 2", None),
        ("customer.orders < 2", None),
        ("customer.orders < 2", "customer.orders <= 2"),
        ("customer.orders < 2", "customer.orders < 3"),
        ("customer.orders < 2", "customer.orders < 1"),
        ("held_for: 3d", None),
        ("held_for: 3d", "held_for: 4d"),
        ("held_for: 3d", "held_for: 2d"),
    ]


def test_a_score_has_its_parts_weights_and_bands() -> None:
    found = told("""
        score: activity
        parts:
          orders: {weight: 60, is: customer.orders / 12}
          seats: {weight: 40, is: customer.seats}
        bands: {high: {from: 70}, low: {from: 0}}
    """)

    assert ("parts.orders: weight: 60, is: customer.orders / 12", None) in found
    assert ("orders.weight: 60", "orders.weight: 66") in found
    assert ("customer.orders / 12", "customer.orders / 13") in found
    assert ("high.from: 70", "high.from: 69") in found


def test_a_workflow_has_its_steps_at_any_depth_and_its_times() -> None:
    found = told("""
        workflow: look
        class: service
        reentry: after 7d
        stop_when: [order_completed, {event: order_refunded, match: order_id}]
        steps:
          - wait: {until: day 6}
          - if: customer.orders == 0
            then:
              - wait_for: message_clicked
                where: event.link == 'offer'
                up_to: 2d
            else:
              - stop: bought
    """)

    assert ("order_completed", None) in found
    assert ("match: order_id", None) in found
    assert ("reentry: after 7d", "reentry: never") in found
    assert ("until: day 6", "until: day 7") in found
    assert ("stop: bought", None) in found
    assert ("wait_for: message_clicked, where: event.link == 'offer', up_to: 2d", None) in found
    assert ("where: event.link == 'offer'", None) in found
    assert ("up_to: 2d", "up_to: 1d") in found
    assert ("customer.orders == 0", None) in found


def test_a_ladder_has_its_levels_and_clocks() -> None:
    found = told("""
        ladder: desk
        levels:
          - {tell: lead, within: 4h}
        respond_within: {high: 2h}
        loops: 2
    """)

    assert ("tell: lead, within: 4h", None) in found
    assert ("within: 4h", "within: 5h") in found
    assert ("respond_within.high: 2h", "respond_within.high: 132m") in found
    assert ("loops: 2", "loops: 3") in found


def test_what_no_test_sees_is_not_changed() -> None:
    found = told("""
        workflow: offer
        class: marketing
        reentry: always
        holdout: 10%
        goal: {event: order_completed, within: 14d}
        steps:
          - do: coupon.issue
            with: {percent: 15, worth: 15.00 EUR, expires: 14d}
    """)

    assert found == [
        ("reentry: always", "reentry: never"),
        ("do: coupon.issue, with: {percent: 15, worth: 15.00 EUR, expires: 14d}", None),
    ]


def test_a_change_stands_where_the_word_is_written() -> None:
    found = changes("""
        segment: regulars
        enter_if: "customer.orders >= 4"
    """)

    places = {(change.shown, change.line, change.column) for change in found}
    assert ("customer.orders > 4", 2, 28) in places
    assert ("customer.orders >= 5", 2, 31) in places
