"""Asking why on the command line: of what was decided, of history, and of what there is not."""

from pathlib import Path

import pytest

from tests.command_line import Holdfast


def test_why_tells_what_every_line_saw(workspace: Path, holdfast: Holdfast) -> None:
    # given an order of now
    Path("now.jsonl").write_text('{"customer": "c9", "event": "order_completed", "total": 150}\n')
    holdfast("import", "now.jsonl")

    # when one asks
    answer = holdfast("why", "c9", "big-order", "--json").answer

    # then the decision and its line are there, for programs and for people
    assert set(answer) == {"rule", "customer", "at", "decision", "reason", "lines"}
    assert (answer["decision"], answer["reason"]) == ("fired", None)
    assert answer["lines"] == [
        {"text": "event.total >= 100", "outcome": "met", "values": {"event.total": 150}}
    ]
    said = holdfast("why", "c9", "big-order").out
    assert "it fired, asked by its event" in said
    assert "event.total >= 100" in said and "event.total = 150" in said


def test_why_of_history_tells_no_decision_that_nobody_made(imported: Path, holdfast: Holdfast) -> None:
    # given events of the past, imported before any rule had a look
    answer = holdfast("why", "c1", "spent-much", "--json").answer

    # then there is no decision, and the line is shown as it would be seen
    assert (answer["decision"], answer["reason"]) == (None, "no_occasion")
    assert answer["lines"] == [
        {"text": "customer.spend >= 100", "outcome": "met", "values": {"customer.spend": 150}}
    ]
    assert "it had no cause to look up to then" in holdfast("why", "c1", "spent-much").out


def test_why_of_before_anything_was_live_asks_the_files_as_they_stand(
    imported: Path, holdfast: Holdfast
) -> None:
    # given a rule that was edited since the import made the first release, and one that was written since
    rule = imported / "rules/spent-much.yaml"
    rule.write_text(rule.read_text().replace(">= 100", ">= 130"))
    (imported / "rules/orders-much.yaml").write_text(
        rule.read_text()
        .replace("spent-much", "orders-much")
        .replace("customer.spend >= 130", "customer.orders >= 2")
    )

    # when one asks of the history, then both are as they stand
    edited = holdfast("why", "c1", "spent-much", "--at", "2026-01-06", "--json").answer
    written = holdfast("why", "c1", "orders-much", "--at", "2026-01-06", "--json").answer
    assert (edited["decision"], written["decision"]) == (None, None)
    assert [
        (line["text"], line["outcome"], line["values"]) for line in edited["lines"] + written["lines"]
    ] == [
        ("customer.spend >= 130", "not_met", {"customer.spend": 120}),
        ("customer.orders >= 2", "not_met", {"customer.orders": 1}),
    ]


@pytest.mark.parametrize(
    ("customer", "rule", "sentence"),
    [("nobody", "big-order", "there was no customer nobody"), ("c1", "none", "there was no live rule none")],
)
def test_why_of_what_there_is_not(
    imported: Path, holdfast: Holdfast, customer: str, rule: str, sentence: str
) -> None:
    said = holdfast("why", customer, rule)

    assert said.code == 1
    assert said.err.startswith(f"holdfast: {sentence}")
