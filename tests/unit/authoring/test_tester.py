"""The tester: cases as people write them, played by the engine; each must be able to fail."""

from textwrap import dedent

import pytest

from engine.authoring.tester import Failure, run_tests
from tests.written_cases import DESK, cases_of, rule, run, told, workflow, workspace

USAGE_DROP = """
rule: usage-drop
owner: customer-success
description: Warn the owner when a paying account uses the product far less than it used to.
status: live
when: {schedule: daily at 06:00}
if:
  - customer.plan != 'free'
  - customer.usage_drop >= 0.4
at_most: 1 per 30d
then:
  - run: rescue-account
    with: {reason: usage down, severity: high}
tests:
  - it: escalates a paying account that lost half its usage
    given: {plan: team, usage_drop: 0.5}
    expect: {run: rescue-account}
  - it: leaves free accounts alone
    given: {plan: free, usage_drop: 0.9}
    expect: nothing
"""

CART_RECOVERY = """
workflow: cart-recovery
owner: crm-marketing
class: marketing
description: Remind a shopper of a full cart, offer something only at the end, and measure it.
needs: {cart_value: number}
key: event.cart_id
reentry: after 7d
holdout: 10%
goal: {event: order_completed, within: 7d}
stop_when: [order_completed, {event: cart_emptied, match: cart_id}]
steps:
  - do: email.send
    with: {message: cart-reminder}
  - wait_for: message_clicked
    match: {cart_id: event.cart_id}
    up_to: 2d
    as: click
  - if: input.cart_value >= 80 and customer.cart_offers_180d == 0
    then:
      - do: coupon.issue
        with: {percent: 10, worth: 10.00 EUR, expires: 5d}
        as: offer
      - if: run.offer.outcome == 'executed'
        then:
          - do: email.send
            with: {message: cart-offer, code: =run.offer.code}
  - wait: {until: day 6}
on_change: finish_on_old
tests:
  - it: stops the moment the shopper buys
    event: {cart_id: c1}
    input: {cart_value: 120}
    timeline: [{after: 26h, event: order_completed, total: 120}]
    expect: {did: [email.send], never: [coupon.issue], ends: stopped}
"""


def test_the_printed_rule_passes_its_printed_tests() -> None:
    report = run(USAGE_DROP)
    assert (report.passed, report.failed, report.errors) == (2, 0, 0)


def test_the_printed_workflow_passes_its_printed_test() -> None:
    report = run(CART_RECOVERY)
    assert (report.passed, report.failed, report.errors) == (1, 0, 0)


@pytest.mark.parametrize(
    ("old", "new", "expected", "got"),
    [
        ("'free'\n", "'enterprise'\n", "nothing", "usage-drop fired, run rescue-account"),
        (">= 0.4", ">= 0.6", "run rescue-account",
         "no run; not_met: `customer.usage_drop >= 0.6` was not met with customer.usage_drop: 0.5"),
    ],
)  # fmt: skip
def test_a_wrong_condition_turns_the_printed_rule_red(old: str, new: str, expected: str, got: str) -> None:
    assert told(run(USAGE_DROP.replace(old, new))) == [(expected, got)]


def test_a_click_goes_with_the_message_that_was_sent() -> None:
    clicked = CART_RECOVERY.replace("26h, event: order_completed, total: 120", "1h, event: message_clicked")
    early = clicked.replace("message_clicked}]", "message_clicked, expect: {did: [coupon.issue]}}]")
    wanted = "expect: {did: [email.send, coupon.issue, email.send], ends: completed}"
    text = early.replace("expect: {did: [email.send], never: [coupon.issue], ends: stopped}", wanted)
    assert told(run(text)) == []


def test_a_failure_says_where_it_stands() -> None:
    report = run(USAGE_DROP.replace("expect: nothing", "expect: {times: 1}"))
    assert report.failures == (
        Failure(
            "rules/usage-drop.yaml", 20, "rule usage-drop: leaves free accounts alone", "times 1",
            "0 times; not_met: `customer.plan != 'free'` was not met with customer.plan: free",
        ),
    )  # fmt: skip


def test_only_the_rule_under_test_decides() -> None:
    other = rule("{event: order_completed}", "event: {total: 1}\nexpect: {run: greet}")
    other = other.replace("rule: example", "rule: other")
    case = "event: {total: 1}\nexpect: {run: rescue-account, never: [email.send]}"
    then = "{run: rescue-account, with: {reason: x, severity: high}}"
    text = rule("{event: order_completed}", case, then=then)
    assert told(run(text, other)) == []


def test_history_is_facts_alone_and_counts_back_from_ago() -> None:
    text = rule("{schedule: daily at 06:00}", """
        history: [{ago: 1d, every: 1d, times: 3, event: order_completed, total: 5}]
        expect: {times: 1}
        """, if_="customer.orders == 3 and customer.last_order_ago == 1d")  # fmt: skip
    assert told(run(text)) == []


def test_given_values_are_typed_as_the_catalog_says() -> None:
    text = rule("{schedule: daily at 06:00}", """
        given: {last_order_ago: 50d, renewal_date: 2026-03-01, plan: null, orders: 4}
        expect: {times: 1}
        """, if_="customer.last_order_ago > 45d and customer.renewal_date == d'2026-03-01'"
                 " and customer.plan == null and customer.orders == 4")  # fmt: skip
    assert told(run(text)) == []


MARKETING = "class: marketing\nreentry: always\nholdout: 10%"
SEND = "- do: email.send\n  with: {message: hello}"


@pytest.mark.parametrize(
    ("case", "failures"),
    [
        ("expect: {did: [email.send], ends: completed, times: 1}", []),
        ("expect: nothing", [("nothing", "email.send")]),
        ("expect: {never: email.send}", [("never email.send", "email.send")]),
        ("expect: {did: [email.send, sms.send]}", [("did email.send, sms.send", "email.send")]),
        ("expect: {ends: stopped}", [("ends stopped", "completed")]),
        ("consent: no\nexpect: nothing", []),
        ("consent: no\nexpect: {ends: consent}", []),
        ("consent: no\nexpect: {ends: completed}", [("ends completed", "refused (consent)")]),
        ("given: {email: null}\nexpect: {reason: address}", []),
        ("held_out: yes\nexpect: {never: email.send, ends: completed}", []),
        ("at: 2026-01-05 23:00\nexpect: {held_until: 2026-01-06 08:00, did: [email.send]}", []),
        ("at: 2026-01-05 23:00\nexpect: {held_until: 2026-01-06 07:00}",
         [("held_until 2026-01-06 07:00", "2026-01-06 08:00")]),
        ("fails: email.send\nexpect: {did: [email.send]}",
         [("did email.send", "nothing; email.send failed")]),
        ("fails: email.send\nexpect: {ends: effect_failed}", []),
        ("expect: {skipped: consent}", [("skipped consent", "nothing skipped")]),
    ],
)  # fmt: skip
def test_a_message_and_what_may_become_of_it(case: str, failures: list[tuple[str, str]]) -> None:
    assert told(run(workflow(SEND, case, head=MARKETING))) == failures


def test_the_messages_that_left_are_all_named_in_their_order() -> None:
    steps = f"{SEND}\n- wait: 8d\n{SEND}"
    cases = (
        "expect: {sent: [hello, hello]}",
        "timeline: [{after: 1h, expect: {sent: hello}}]\nexpect: {did: email.send}",
        "consent: no\nexpect: {sent: nothing}",
        "expect: {sent: [hello]}",
        "expect: {sent: nothing}",
    )
    assert told(run(workflow(steps, *cases, head=MARKETING))) == [
        ("sent hello", "hello, hello"),
        ("sent nothing", "hello, hello"),
    ]


def test_what_is_skipped_has_its_reasons_in_order() -> None:
    steps = "\n".join([SEND, SEND, SEND, "- wait: 8d", SEND])
    case = """
        timeline: [{after: 1d, event: unsubscribed}]
        expect: {skipped: [frequency_cap, suppressed], did: [email.send, email.send]}
        """
    turned = case.replace("frequency_cap, suppressed", "suppressed, frequency_cap")
    text = workflow(steps, case, turned, head=MARKETING)
    got = "email.send skipped (frequency_cap), email.send skipped (suppressed)"
    assert told(run(text)) == [("skipped suppressed, frequency_cap", got)]


def test_an_arm_is_one_that_the_customer_is_really_in() -> None:
    steps = """
        - split: words
          arms:
            few: {share: 5%, then: [{do: email.send, with: {message: hello}}]}
            none: {share: 95%}
        """
    text = workflow(steps, "arm: few\nexpect: {did: [email.send]}", "arm: none\nexpect: nothing")
    assert told(run(text)) == []


ASK = """
    - ask: {who: =customer.owner, question: Call them?, choices: [call, leave], up_to: 2d, else: leave}
      as: answer
    - if: run.answer.choice == 'call' and run.answer.by == 'kim'
      then: [{do: email.send, with: {message: hello}}]
    """


@pytest.mark.parametrize(
    ("timeline", "expect", "failures"),
    [
        ("{after: 1h, event: ask_answered, choice: call, by: kim}", "{did: [email.send]}", []),
        ("{after: 1h, event: ask_answered, choice: call}", "nothing", []),
        ("{after: 3d, event: ask_answered, choice: call}", "nothing",
         [("an open question", "nobody is asked")]),
        ("{after: 1h, event: ask_answered, choice: sing}", "nothing", [("one of call, leave", "sing")]),
    ],
)  # fmt: skip
def test_a_question_is_answered(timeline: str, expect: str, failures: list[tuple[str, str]]) -> None:
    text = workflow(ASK, f"timeline: [{timeline}]\nexpect: {expect}")
    assert told(run(text)) == failures


def test_expectations_in_the_timeline_hold_at_their_instant() -> None:
    text = workflow(f"- wait: 2h\n{SEND}", """
        timeline:
          - {after: 119m, expect: {never: [email.send], ends: waiting}}
          - {after: 2h, expect: {did: [email.send]}}
        expect: {ends: completed}
        """, "timeline: [{after: 1h, expect: {did: [email.send]}}]\nexpect: {did: [email.send]}")  # fmt: skip
    report = run(text)
    assert told(report) == [("did email.send", "nothing")]
    assert report.failures[0].line == 15


def test_a_run_is_seen_with_its_input() -> None:
    child = "workflow: child\nclass: service\nreentry: always\nneeds: {when: date, size: number}\n"
    child += "steps: [{stop: enough}]\n"
    steps = "- run: child\n  with: {when: =customer.renewal_date, size: 2}"
    given = "given: {renewal_date: 2026-03-01}"
    text = workflow(steps, f"{given}\nexpect: {{run: child, with: {{when: 2026-03-01, size: 2}}}}",
                    f"{given}\nexpect: {{with: {{size: 3}}}}")  # fmt: skip
    assert told(run(text, child)) == [("with size: 3", "size: 2")]


def test_decisions_and_their_reasons_are_seen() -> None:
    once = "at_most: 1 per 7d\nthen"
    text = rule("{event: order_completed}", """
        event: {total: 5}
        timeline: [{after: 1d, event: order_completed, total: 6}]
        expect: {decision: at_most, reason: 1 per 7d, times: 1}
        """, "event: {total: 5}\nexpect: {decision: at_most}",
        "event: {total: 5}\nexpect: {decision: fired, reason: stale}").replace("then", once)  # fmt: skip
    assert told(run(text)) == [("decision at_most", "fired"), ("reason stale", "no reason")]


def test_steps_of_a_date_that_are_passed_over_are_decisions_too() -> None:
    text = rule("{date: customer.renewal_date, before: [90d, 60d, 30d]}", """
        at: 2027-02-15 10:00
        given: {renewal_date: 2027-03-31}
        expect: {decision: too_late, reason: passed_over, times: 1}
        """, if_="event.step == t'P60D' and event.late == t'P16D'")  # fmt: skip
    assert told(run(text)) == []


def test_a_segment_is_evaluated_at_each_step() -> None:
    text = """
        segment: loyal
        enter_if: customer.orders >= 5
        leave_if: customer.orders < 3
        tests:
          - it: comes and goes
            given: {orders: 5}
            timeline:
              - {after: 1d, given: {orders: 4}, expect: {entered: loyal, left: nothing}}
              - {after: 2d, given: {orders: 2}}
            expect: {entered: loyal, left: loyal}
          - it: has been in since its orders
            history: [{ago: 2d, every: 1d, times: 5, event: order_completed, total: 5}]
            expect: {entered: loyal}
          - it: stays out
            given: {orders: 4}
            expect: {entered: loyal}
        """
    assert told(run(dedent(text))) == [("entered loyal", "nothing")]


def test_a_score_is_compared_to_the_decimals_written() -> None:
    text = """
        score: health
        parts: {usage: {weight: 7, is: customer.seats / 10}, size: {weight: 5, is: 0.71}}
        bands: {green: {from: 70}, red: {from: 0}}
        tests:
          - it: is rounded
            given: {seats: 8.3}
            expect: {score: 78.0, band: green}
          - it: is exact
            given: {seats: 8.3}
            expect: {score: 78.01, band: red}
          - it: knows too little
            given: {seats: null}
            expect: {score: null, band: unknown}
        coverage: 50%
        """
    assert told(run(dedent(text))) == [("score 78.01", "78"), ("band red", "green")]


def test_a_program_earns_from_events() -> None:
    text = """
        program: rewards
        earn: [{when: order_completed, points: event.total, pending_for: 14d}]
        tiers: {bronze: {from: 0}, silver: {from: 500}}
        tests:
          - it: earns
            event: {total: 500}
            timeline: [{after: 13d, expect: {points: 0}}, {after: 14d}]
            expect: {points: 500, tier: silver}
          - it: is wrong
            timeline: [{after: 1h, event: order_completed, total: 10}]
            expect: {points: 10}
        """
    assert told(run(dedent(text))) == [("points 10", "0")]


def test_a_ladder_tells_people_until_somebody_takes_the_case() -> None:
    cases = """
        given: {owner: sam@example.com}
        timeline: [{after: 3h, event: case_acknowledged, by: sam}, {after: 9h}]
        expect: {told: [sam@example.com], ends: acknowledged}
        """, """
        given: {owner: sam@example.com}
        timeline: [{after: 4h}]
        expect: {told: [sam@example.com, team-lead]}
        """, """
        given: {owner: sam@example.com}
        timeline: [{after: 9h}]
        expect: {told: [sam@example.com], ends: exhausted}
        """  # fmt: skip
    assert told(run(DESK + cases_of(cases))) == [("told sam@example.com", "sam@example.com, team-lead")]


def test_the_clocks_of_a_case_are_told_and_each_expectation_can_fail() -> None:
    # given four hours to respond, eight to resolve, and a warning an hour before
    desk = DESK + "respond_within: {normal: 4h}\nresolve_within: {normal: 8h}\nwarn_before: 1h\n"
    taken = "timeline: [{after: 2h, event: case_acknowledged, by: sam}, {after: 9h}]"
    cases = f"""
        given: {{owner: sam@example.com}}
        {taken}
        expect: {{warned: [resolve], breached: resolve}}
        """, f"""
        given: {{owner: sam@example.com}}
        {taken}
        expect: {{warned: nothing, breached: [respond, resolve]}}
        """, """
        given: {owner: sam@example.com}
        timeline:
          - {after: 2h, event: case_resolved, by: sam}
          - {after: 5h, event: case_reopened}
          - {after: 8h, event: case_assigned, who: team-lead}
          - {after: 8h, event: case_paused, expect: {breached: nothing, warned: [respond]}}
        expect: {ends: open, told: [sam@example.com, sam@example.com, team-lead]}
        """, """
        timeline: [{after: 1h, event: case_reopened}]
        expect: {ends: open}
        """  # fmt: skip
    assert told(run(desk + cases_of(cases))) == [
        ("warned nothing", "resolve"),
        ("breached respond, resolve", "resolve"),
        ("a closed case", "no case is closed"),
    ]


def test_what_cannot_be_played_is_an_error_and_keeps_nobody_up() -> None:
    calendar = 'calendar: office\nopen: {mon-fri: "09:00-17:00"}\ntests: [{it: is open, expect: nothing}]\n'
    text = workflow(SEND, "held_out: yes\nexpect: nothing", "expect: {did: [email.send]}")
    opening = "{do: case.open, with: {ladder: desk, title: Down}}"
    own = rule("{call: yes}", "fails: case.open\nexpect: nothing", then=opening)
    report = run(text, calendar, own)
    assert (report.passed, report.failed, report.errors) == (1, 0, 3)
    assert [failure.got for failure in report.failures] == [
        "what a rule does itself cannot fail; write fails: in a test of its workflow",
        "held_out: yes, but only workflows of class marketing hold anybody out; take it out",
        "a calendar does nothing by itself; test what uses it",
    ]


def test_cases_are_chosen_by_name_and_counted() -> None:
    steps: list[tuple[int, int]] = []
    report = run_tests(
        workspace(USAGE_DROP, CART_RECOVERY), "usage-drop: LEAVES", lambda *done: steps.append(done)
    )
    assert [case.test for case in report.cases] == ["rule usage-drop: leaves free accounts alone"]
    assert steps == [(1, 1)]


def test_a_draft_is_tried_out_as_if_it_were_live() -> None:
    assert run(USAGE_DROP.replace("status: live", "status: draft")).passed == 2
