"""Planning: which files differ, what a plan's token is over, and what is warned of without a customer."""

from __future__ import annotations

import pytest

from engine.authoring.loader import load, require
from engine.authoring.planning import (
    changes_between,
    facts_between,
    merged,
    never_heard,
    runs_between,
    token_of,
)
from engine.errors import RequestError
from engine.model.workspace import Workspace
from engine.timeline.ruleset import compile_ruleset

FILES = {
    "holdfast.yaml": "name: Shop\npeople:\n  desk: {email: desk@example.com}\n",
    "rules/facts.yaml": "facts:\n  orders: {count: order_completed}\n  plan: {type: text}\n",
    "rules/big.yaml": """rule: big
when: {event: order_completed}
if: event.total >= 5
then: [{run: talk}]
""",
    "workflows/talk.yaml": """workflow: talk
class: service
reentry: always
steps: [{do: email.send, with: {message: hi, to: desk}}]
""",
    "workflows/messages/hi.md": "---\nsubject: Hi\nchannel: email\n---\nHello.\n",
}


def workspace(**changed: str | None) -> Workspace:
    """The files, some of them otherwise; `big` stands for rules/big.yaml, `hi` for the message."""
    paths = {"big": "rules/big.yaml", "facts": "rules/facts.yaml", "hi": "workflows/messages/hi.md",
             "talk": "workflows/talk.yaml", "more": "rules/more.yaml"}  # fmt: skip
    asked = {paths[name]: text for name, text in changed.items()}
    live = {path: text.encode() for path, text in FILES.items()}
    return require(load(merged(live, asked, whole=False)))


def test_files_that_differ_are_told_with_their_lines() -> None:
    new = workspace(big=FILES["rules/big.yaml"].replace("5", "6"), more="segment: more\nstatic: yes\n")
    big, more = changes_between(workspace(), new)
    assert (big.change, big.kind, big.id, big.file) == ("changed", "rule", "big", "rules/big.yaml")
    assert big.diff.splitlines()[1:] == [
        " rule: big",
        " when: {event: order_completed}",
        "-if: event.total >= 5",
        "+if: event.total >= 6",
        " then: [{run: talk}]",
    ]
    assert (more.change, more.kind, more.id) == ("added", "segment", "more")
    assert [change.change for change in changes_between(new, workspace())] == ["changed", "removed"]
    assert changes_between(new, new) == ()


def test_a_whole_set_leaves_out_what_it_does_not_name() -> None:
    live = {"a": b"1", "b": b"2"}
    assert merged(live, {"a": "3"}, whole=False) == {"a": b"3", "b": b"2"}
    assert merged(live, {"a": "3"}, whole=True) == {"a": b"3"}
    assert merged(live, {"b": None}, whole=False) == {"a": b"1"}
    with pytest.raises(RequestError, match="c is not live"):
        merged(live, {"c": None}, whole=False)


def test_a_token_is_over_every_path_and_hash_and_the_release_before() -> None:
    token = token_of({"a": "1", "b": "2"}, 7, "live")
    assert token == token_of({"b": "2", "a": "1"}, 7, "live")
    others = [
        token_of({"a": "1", "b": "3"}, 7, "live"),
        token_of({"a": "1", "c": "2"}, 7, "live"),
        token_of({"a": "1"}, 7, "live"),
        token_of({"a": "1", "b": "2"}, 8, "live"),
        token_of({"a": "1", "b": "2"}, 7, "other"),
    ]
    assert len({token, *others}) == 6


def test_facts_that_differ_are_told_and_whether_they_are_made_anew() -> None:
    old = compile_ruleset(workspace())
    edited = "facts:\n  orders: {count: order_completed, over: 7d}\n  city: {type: text}\n"
    found = facts_between(old, compile_ruleset(workspace(facts=edited)), 9)
    assert (found.added, found.changed, found.removed) == (("city",), ("orders",), ("plan",))
    assert (found.rebuild, found.customers) == (True, 9)
    same = facts_between(old, compile_ruleset(workspace(big=FILES["rules/big.yaml"].replace("5", "6"))), 9)
    assert (same.rebuild, same.customers) == (False, 0)


def test_a_workflow_differs_where_a_message_of_it_does() -> None:
    old = compile_ruleset(workspace())
    new = compile_ruleset(workspace(hi=FILES["workflows/messages/hi.md"].replace("Hello", "Good day")))
    [run] = runs_between(old, new, {"talk": 3})
    assert (run.workflow, run.open_runs, run.becomes) == ("talk", 3, "finish_on_old")
    assert runs_between(old, new, {}) == ()
    assert runs_between(old, old, {"talk": 3}) == ()


def test_only_a_rule_all_of_whose_events_were_never_heard_of_is_warned_of() -> None:
    def warned(when: str, heard: set[str]) -> list[str]:
        new = workspace(big=f"rule: big\nwhen: {when}\nthen: [{{run: talk}}]\n")
        return [
            each.message for each in never_heard(new, changes_between(workspace(), new), frozenset(heard))
        ]

    either = "[{event: parcel_lost}, {event: parcel_late}]"
    assert warned(either, {"order_completed"}) == [
        "nobody has ever sent parcel_late or parcel_lost, which it waits for"
    ]
    assert warned(either, {"parcel_late"}) == []
    assert warned("[{event: parcel_lost}, {schedule: daily at 06:00}]", set()) == []
    # what the engine records itself needs no sender
    assert warned("{event: coupon_expired}", set()) == []
