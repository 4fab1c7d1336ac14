from collections.abc import Mapping

import pytest

from engine.authoring.loader import Loaded, load, require
from engine.errors import AuthoringError
from engine.model.actions import SHIPPED, ActionSpec
from tests.examples.broken_files import workspace

RULE = b"""rule: lapsed
when: {schedule: daily at 06:00}
if: customer.orders > 3
then: [{run: rescue, with: {reason: x}}]
"""


def loaded(**files: str) -> Loaded:
    """Load the small workspace with these files besides; `rules__a` is rules/a.yaml."""
    more = {
        f"{name.replace('__', '/').replace('_', '-')}.yaml": text.encode() for name, text in files.items()
    }
    return load({**workspace(), **more})


def said(result: Loaded) -> list[str]:
    return [str(finding) for finding in result.findings]


def test_a_workspace_is_loaded_whole() -> None:
    # given a sound folder
    files = {**workspace(), "rules/lapsed.yaml": RULE}

    # when it is loaded
    result = load(files)

    # then everything is in it, with its sources and places
    found = require(result)
    assert result.files == len(files)
    assert found.settings.timezone == "Europe/Berlin"
    assert {"plan", "orders", "big_spender"} <= set(found.facts.facts)
    assert found.rules["lapsed"].then[0].with_ == {"reason": "x"}
    assert found.messages["hello"].subject == "Hello {{ customer.email }}"
    assert found.policy.order == ("rescue", "news")
    assert found.origins["rule", "lapsed"] == "rules/lapsed.yaml"
    assert found.origins["message", "hello"] == "workflows/messages/hello.md"
    assert found.sources["rules/lapsed.yaml"].text == RULE.decode()
    assert found.places["rules/lapsed.yaml"]["then", 0, "run"] == (4, 14)


def test_the_hash_is_over_paths_and_bytes() -> None:
    one = require(load({**workspace(), "rules/lapsed.yaml": RULE}))
    same = require(load({"rules/lapsed.yaml": RULE, **workspace()}))
    other = require(load({**workspace(), "rules/lapsed.yaml": RULE + b"# more\n"}))
    moved = require(load({**workspace(), "rules/more/lapsed.yaml": RULE}))
    assert one.hash == same.hash
    assert len({one.hash, other.hash, moved.hash}) == 3


def test_an_empty_set_of_files_is_a_workspace_of_defaults() -> None:
    assert require(load({})).settings.timezone == "UTC"


def test_errors_are_raised_all_together() -> None:
    with pytest.raises(AuthoringError) as caught:
        require(loaded(rules__a="rule: a\nowner: x\n", rules__b="rule: b\nthn: []\n"))
    assert [finding.file for finding in caught.value.findings] == ["rules/a.yaml"] * 2 + ["rules/b.yaml"] * 2


def test_a_warning_keeps_nobody_from_loading() -> None:
    result = load({**workspace(), "rules/lapsed.yaml": RULE.replace(b"orders > 3", b"plan == 'fre'")})
    assert [finding.severity for finding in result.findings] == ["warning"]
    assert result.workspace is not None


@pytest.mark.parametrize(
    "path",
    [
        "a.yaml",
        "rules/.hidden.yaml",
        "rules/../a.yaml",
        "rules/a.txt",
        "rules/a.md",
        "/rules/a.yaml",
        "rules//a.yaml",
    ],
)
def test_a_file_out_of_place_is_refused(path: str) -> None:
    result = load({path: RULE})
    assert result.workspace is None
    assert [finding.code for finding in result.findings] == ["misplaced-file"]


def test_the_number_of_files_has_a_limit() -> None:
    files = {f"rules/a{number}.yaml": b"" for number in range(5_001)}
    assert [finding.code for finding in load(files).findings] == ["too-many-files"]


def test_what_a_broken_file_declares_is_not_unknown_elsewhere() -> None:
    # given a segment, a score and a fact that are broken, and a rule that uses them
    result = loaded(
        rules__at_risk="segment: at-risk\nenter_iff: customer.orders == 0\nheld_for: 3\n",
        rules__health="score: health\nparts: none\nbands: {red: {from: 0}}\n",
        rules__more_facts="facts:\n  visits: {cuont: usage}\n",
        rules__lapsed="rule: lapsed\nwhen: {enters: at-risk}\nif: customer.health < customer.visits\n"
        "then: [{run: rescue, with: {reason: x}}]\n",
    )

    # then only the broken ones are spoken of
    assert {finding.file for finding in result.findings} == {
        "rules/at-risk.yaml", "rules/health.yaml", "rules/more-facts.yaml",
    }  # fmt: skip


def test_expressions_are_not_judged_while_a_facts_file_is_torn() -> None:
    result = loaded(rules__facts="facts:\n  orders: {count: 'a' b}\n")
    assert {finding.file for finding in result.findings} == {"rules/facts.yaml"}


TRIGGERS: Mapping[str, str] = {
    "{event: survey_answered, where: event.score <= 2}": "event.score <= 2",
    "{event: cart_updated, without: order_completed, for: 24h}": "event.value > 0",
    "{event: cart_updated, without: cart_cleared, for: 24h, key: cart_id}": "event.value > 0",
    "{event: cart_updated, without: usage, for: 1d, key: {minutes: event.value}}": "event.value > 0",
    "{schedule: daily at 06:00, in_segment: at-risk, catch_up: latest}": "customer.orders > 0",
    "{date: customer.renewal_date, before: [90d, 60d, 30d], at: '09:00', in: customer time, "
    "without: contract_renewed}": "event.late < 30d",
    "{date: customer.renewal_date, every: year}": "event.years > 0",
    "{changes: customer.owner}": "event.from != null",
    "{enters: at-risk}": "event.segment == 'at-risk'",
    "{leaves: at-risk}": "event.segment == 'at-risk'",
    "{score: health, becomes: red}": "event.value < 40",
    "{quiet: 45d, of: order_completed}": "event.quiet_for > 45d",
    "{quiet: p90}": "event.quiet_for > 45d",
    "{fleet: usage_drop, at_least: 40%}": "event.fall > 0.4",
    "{call: yes}": "event.anything == 3",
    "[{event: usage}, {schedule: every 15m}]": "event.minutes > 3",
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_of_the_language_is_taken(trigger: str) -> None:
    text = f'rule: lapsed\nwhen: {trigger}\nif: "{TRIGGERS[trigger]}"\n'
    result = loaded(rules__lapsed=text + "then: [{run: rescue, with: {reason: x}}]\n")
    assert [line for line in said(result) if "holds while" not in line] == []
    assert result.workspace is not None


def test_every_verb_of_the_language_is_taken() -> None:
    result = loaded(
        workflows__care="""
workflow: care
class: marketing
needs: {cart_value: number}
key: event.cart_id
reentry: after 7d
holdout: 0%
goal: {event: order_completed, within: 7d}
stop_when: [order_completed, {event: cart_emptied, match: cart_id, where: event.by == 'hand'}]
steps:
  - do: coupon.issue
    with: {percent: 10, worth: 10.00 EUR, expires: 5d}
    retry: 5 times from 10s
    on_failure: continue
    as: offer
  - wait_for: message_clicked
    match: {cart_id: event.cart_id}
    up_to: 2d
    as: click
  - if: run.click.timed_out and run.offer.outcome == 'executed'
    then: [{wait: {until: day 6}}, {wait: {until: "09:00"}}, {wait: {until: =customer.renewal_date}}]
    else: [{do: event.emit, with: {event: clicked, properties: {url: "=run.click.event['url']"}}}]
  - split: offer-test
    arms:
      plain: {share: 50%}
      offer: {share: 50%, then: [{do: email.send, with: {message: hello, code: =run.offer.code}}]}
    as: test
  - ask: {who: =customer.owner, question: Call them?, choices: [call, leave], up_to: 2d, else: leave}
    as: answer
  - if:
      - run.answer.choice == 'call'
      - run.test.arm == 'plain'
    then: [{run: rescue, with: {reason: =run.answer.by}, as: rescued}]
  - stop: said-no
on_change: move
"""
    )
    assert said(result) == []


def test_actions_of_plug_ins_are_known_when_they_are_named() -> None:
    text = b"workflow: care\nclass: service\nreentry: never\nsteps: [{do: fax.send, with: {number: 3}}]\n"
    files = {**workspace(), "workflows/care.yaml": text}
    fax = ActionSpec("fax.send", "external", {}, open=True)
    assert load(files).workspace is None
    assert load(files, {**SHIPPED, "fax.send": fax}).workspace is not None
