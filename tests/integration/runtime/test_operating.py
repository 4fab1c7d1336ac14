"""People's part: asking, answering, taking cases, calling rules, keys; and what can be read."""

from pathlib import Path

import pytest

from engine.errors import ConflictError, NotFoundError, RequestError, UnauthenticatedError
from engine.model.values import DAY, HOUR
from engine.runtime.callers.keys import check_key, key_id
from engine.runtime.clock import VirtualClock

MORE = {
    "rules/call-me.yaml": """
rule: call-me
owner: desk
description: The CRM asks whether somebody should be called.
status: live
when: {call: yes}
if: event.value >= 10
then:
  - run: ask-desk
""",
    "workflows/ask-desk.yaml": """
workflow: ask-desk
owner: desk
class: service
description: Ask the desk, and open a case if it wants one.
reentry: always
steps:
  - ask: {who: desk, question: Call them?, choices: [call, leave], up_to: 2d, else: leave}
    as: answer
  - if: run.answer.choice == 'call'
    then:
      - do: case.open
        with: {ladder: desk, title: Call them}
""",
    "rules/desk.yaml": """
ladder: desk
owner: desk
levels:
  - {tell: desk, within: 4h}
""",
}


@pytest.fixture
def folder(folder: Path) -> Path:
    for name, text in MORE.items():
        (folder / name).write_text(text.lstrip())
    return folder


def test_a_call_decides_and_starts_a_run(open_engine) -> None:
    # given a rule that may be called
    engine = open_engine()
    dry = engine.trigger("call-me", "ann", {"value": 12}, dry_run=True).result()
    with engine.store.reader() as reader:
        assert reader.customer("ann") is None

    # when it is called, in earnest
    made = engine.trigger("call-me", "ann", {"value": 12}, key="k1").result()

    # then the decision says which run it started, and the same call is not made twice
    assert (dry.outcome.value, dry.starts) == ("fired", ())
    with engine.store.reader() as reader:
        assert [run.id for run in reader.runs(workflow="ask-desk")] == [made.starts[0].run]
    with pytest.raises(ConflictError):
        engine.trigger("call-me", "ann", {"value": 12}, key="k1").result()
    with engine.store.reader() as reader:
        assert len(reader.runs(workflow="ask-desk")) == 1


def test_a_call_that_is_not_met_says_why_and_does_nothing(open_engine) -> None:
    engine = open_engine()
    made = engine.trigger("call-me", "ann", {"value": 9}).result()
    assert (made.outcome.value, [line.outcome for line in made.lines]) == ("not_met", ["not_met"])
    with engine.store.reader() as reader:
        assert reader.runs() == []


def test_a_rule_without_call_is_called_dry_only(open_engine) -> None:
    engine = open_engine()
    with pytest.raises(RequestError):
        engine.trigger("big-order", "ann", {"total": 500}).result()
    assert engine.trigger("big-order", "ann", {"total": 500}, dry_run=True).result().outcome.value == "fired"
    with pytest.raises(NotFoundError):
        engine.trigger("nothing", "ann", {}).result()


def test_an_answer_moves_the_run_and_a_case_is_told_and_taken(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a question
    actions, recorded = recorders
    engine = open_engine(actions)
    engine.trigger("call-me", "ann", {"value": 12}).result()
    with engine.store.reader() as reader:
        (ask,) = reader.asks()

    # when it is answered, first wrongly
    with pytest.raises(RequestError):
        engine.answer_ask(ask.id, "perhaps", "desk@example.com").result()
    answered = engine.answer_ask(ask.id, "call", "desk@example.com").result()
    engine.run_until(clock.now())

    # then a case is open and its first level was told
    assert (answered.answer, answered.by) == ("call", "desk@example.com")
    with engine.store.reader() as reader:
        (case,) = reader.cases()
    (told,) = recorded["case.tell"].deliveries
    assert (told.recipient, told.letter and told.letter.subject) == ("desk@example.com", "[normal] Call them")

    # and it can be taken and resolved, each once
    assert engine.acknowledge_case(case.id, "desk@example.com").result().status == "acknowledged"
    assert engine.resolve_case(case.id, "desk@example.com").result().status == "resolved"
    with pytest.raises(ConflictError):
        engine.answer_ask(ask.id, "call", "desk@example.com").result()
    with pytest.raises(NotFoundError):
        engine.acknowledge_case("nothing", "desk@example.com").result()
    assert engine.doctor()["balanced"]


def test_a_question_without_an_answer_goes_on_with_else(open_engine, clock: VirtualClock) -> None:
    engine = open_engine()
    engine.trigger("call-me", "ann", {"value": 12}).result()
    engine.run_until(clock.now() + 3 * DAY)
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="ask-desk")
        assert reader.cases() == []
    assert (run.status.value, run.answers["answer"]["choice"]) == ("completed", "leave")


def test_a_run_is_cancelled_once(open_engine) -> None:
    engine = open_engine()
    made = engine.trigger("call-me", "ann", {"value": 12}).result()
    engine.cancel_run(made.starts[0].run, "desk@example.com").result()
    with pytest.raises(ConflictError):
        engine.cancel_run(made.starts[0].run, "desk@example.com").result()
    with pytest.raises(NotFoundError):
        engine.cancel_run("nothing", "desk@example.com").result()


def test_only_a_workflow_that_exists_is_paused(open_engine) -> None:
    with pytest.raises(NotFoundError):
        open_engine().pause("nothing").result()


def test_the_first_key_is_made_once(open_engine) -> None:
    engine = open_engine()
    made = engine.first_admin_key()
    assert made is not None and made.row.role == "admin"
    assert engine.first_admin_key() is None


def test_a_key_is_found_by_its_text_until_it_is_revoked(open_engine, clock: VirtualClock) -> None:
    engine = open_engine()
    made = engine.create_key("ingest", "ann@example.com", "shop", clock.now() + HOUR)
    row = engine.find_key(key_id(made.text))
    assert row is not None and check_key(made.text, row, clock.now()).owner == "ann@example.com"
    assert engine.revoke_key(made.row.id)
    assert not engine.revoke_key(made.row.id)
    with pytest.raises(UnauthenticatedError):
        check_key(made.text, engine.find_key(made.row.id), clock.now())
    assert [key.id for key in engine.list_keys()] == [made.row.id]


def test_a_customer_is_shown_with_each_facts_age_and_source(open_engine, clock: VirtualClock) -> None:
    # given a trait and an event from two sources
    engine = open_engine()
    identify = {"customer": "ann", "event": "identify", "traits": {"plan": "team"}}
    engine.ingest([identify], source="crm").result()
    order = {"customer": "ann", "event": "order_completed", "at": "2026-01-05T11:00:00Z", "total": 5}
    engine.ingest([order], source="shop").result()

    # then each fact says where it is from
    facts = engine.customer("ann").facts
    assert (facts["plan"].value, facts["plan"].at, facts["plan"].source) == ("team", clock.now(), "crm")
    assert (facts["orders"].at, facts["orders"].source) == (clock.now() - HOUR, "shop")
    assert (facts["phone"].value, facts["phone"].reason) == (None, "never_sent")
    with pytest.raises(NotFoundError):
        engine.customer("nobody")


def test_a_timeline_has_everything_newest_first(open_engine, clock: VirtualClock) -> None:
    # given an order that a run tells the desk of
    engine = open_engine()
    order = {"customer": "ann", "event": "order_completed", "total": 500}
    engine.ingest([order], source="shop").result()
    engine.run_until(clock.now() + HOUR)

    # then event, decision, run and message are one list
    entries = engine.timeline("ann")
    assert {entry.kind for entry in entries} == {"event", "decision", "run", "message"}
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert len(engine.timeline("ann", limit=2)) == 2
    assert engine.timeline("ann", before=entries[-1].at) == []
    with pytest.raises(NotFoundError):
        engine.timeline("nobody")
