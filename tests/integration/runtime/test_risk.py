"""A risk with its reasons, from the profile that ships to the case and the message that tell of it."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from engine.authoring.profiles import profile_files
from engine.model.values import DAY
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC, a Monday

MORE = {
    "rules/desk.yaml": "ladder: desk\nowner: shop\nlevels:\n  - {tell: sam@example.com, within: 4h}\n",
    "rules/at-risk-entered.yaml": """
rule: at-risk-entered
owner: shop
when: {enters: at-risk}
then:
  - do: case.open
    with: {ladder: desk, title: "='At risk: ' + customer.risk_reasons[0]"}
  - run: tell-owner
""",
    "workflows/tell-owner.yaml": """
workflow: tell-owner
owner: shop
class: service
description: Tell the owner who is at risk, and why.
reentry: always
steps:
  - do: email.send
    with: {message: at-risk, to: sam@example.com}
""",
    "workflows/messages/at-risk.md": """---
subject: "{{ customer.id }} is at risk"
channel: email
owner: shop
---
Risk {{ customer.risk }}: {{ customer.risk_reasons | join(', ') }}.
""",
}


def test_the_reasons_of_a_risk_reach_the_case_and_the_message(tmp_path: Path) -> None:
    # given the profile of a software business, whose at-risk customers are told of
    for name, data in {**profile_files("saas"), **{key: text.encode() for key, text in MORE.items()}}.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.lstrip())
    clock = VirtualClock(START)
    database = f"sqlite:///{tmp_path / 'holdfast.db'}"
    with Engine.open(tmp_path / "shop", database, clock, work=False) as engine:
        # when a customer cancels, answers with a 1, and is then silent
        raws = [
            {"customer": "ann", "event": "subscription_updated", "id": "s1", "subscription_id": "s1",
             "mrr": 50, "ends_at": "2026-06-01"},
            {"customer": "ann", "event": "survey_answered", "id": "a1", "score": 1},
        ]  # fmt: skip
        engine.ingest(raws, source="test").result()
        engine.run_until(START + 20 * DAY)
        # then after three days of a high risk there are a case and a message, with the reasons in words
        with engine.store.reader() as reader:
            [case] = reader.cases()
        assert case.title == "At risk: The contract is cancelled"
        sent = [message_from_bytes(path.read_bytes(), policy=default) for path in tmp_path.rglob("*.eml")]
        [mail] = [one for one in sent if one["Subject"] == "ann is at risk"]
        body = mail.get_body(("plain",))
        assert body is not None
        assert "The contract is cancelled, Answers are unhappy" in body.get_content()
