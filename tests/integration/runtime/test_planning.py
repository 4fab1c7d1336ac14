"""What a plan counts over customers is what the release then does, and what a backtest says of an instant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.backtest import backtest
from engine.authoring.loader import load, require
from engine.authoring.planning import FileChange, Plan
from engine.model.values import DAY
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.releases.counting import count
from engine.runtime.releases.standing import Human
from engine.runtime.reports.history import stored_events
from engine.timeline.ruleset import compile_ruleset
from tests.integration.runtime.conftest import START

FILES = {
    "holdfast.yaml": "name: Shop\ntimezone: UTC\n",
    "rules/facts.yaml": "facts:\n  spend: {sum: total, of: order_completed}\n",
    "rules/gone.yaml": "segment: gone\nstatic: yes\n",
    "rules/spender.yaml": "segment: spender\nenter_if: customer.spend >= 50\n",
    "rules/spent-much.yaml": """rule: spent-much
when: {schedule: daily at 06:00}
if: customer.spend >= 90
then: [{do: segment.add, with: {segment: gone}}]
""",
    "rules/welcome.yaml": """rule: welcome
when: {enters: spender}
then: [{run: talk}]
""",
    "workflows/talk.yaml": """workflow: talk
class: service
reentry: always
steps: [{wait: 30d}]
""",
}
ORDERS = {f"c{number:02}": number * 5 for number in range(1, 21)}
"""Twenty customers, who have spent 5, 10 ... 100."""
ANN, BOB = Human("ann@example.com", "k-1"), Human("bob@example.com", "k-2")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    folder = tmp_path / "shop"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    url = f"sqlite:///{tmp_path / 'holdfast.db'}"
    with Engine.open(folder, url, VirtualClock(START), work=False) as engine:
        sent = [
            {"customer": customer, "event": "order_completed", "id": customer, "total": total}
            for customer, total in ORDERS.items()
        ]
        engine.ingest(sent, source="shop").result()
        yield engine


def matching(plan: Plan) -> dict[str, tuple[int | None, int | None, int]]:
    return {each.id: (each.before, each.after, each.of) for each in plan.matching}


def warned(plan: Plan) -> set[tuple[str, str]]:
    return {(each.code, each.thing) for each in plan.warnings}


def test_a_rule_is_counted_as_a_backtest_at_this_instant_does(engine: Engine) -> None:
    # given a lower threshold
    files = {"rules/spent-much.yaml": FILES["rules/spent-much.yaml"].replace(">= 90", ">= 30")}

    # when it is planned
    plan = engine.plan(files)

    # then old and new are what a backtest says of them now
    with engine.store.reader() as reader:
        events = stored_events(reader, lambda done: None)
    new = {path: text.encode() for path, text in {**FILES, **files}.items()}
    fired = [
        backtest(compile_ruleset(workspace), events, at=START + 1).rules["spent-much"].fired
        for workspace in (engine.workspace, require(load(new)))
    ]
    assert matching(plan) == {"spent-much": (3, 15, 20)}
    assert fired == [3, 15]
    assert (plan.customers, plan.sampled) == (20, 20)
    assert warned(plan) == {("fires_for_many", "spent-much")}


@pytest.mark.parametrize(
    ("warn_over", "found"), [("75%", set()), ("74%", {("fires_for_many", "spent-much")})]
)
def test_the_workspace_says_for_how_many_a_rule_may_fire(
    engine: Engine, warn_over: str, found: set[tuple[str, str]]
) -> None:
    plan = engine.plan(
        {
            "holdfast.yaml": FILES["holdfast.yaml"] + f"releases: {{warn_over: {warn_over}}}\n",
            "rules/spent-much.yaml": FILES["rules/spent-much.yaml"].replace(">= 90", ">= 30"),
        }
    )
    assert warned(plan) == found


def test_a_segment_is_counted_and_what_it_holds_back_is_what_the_release_holds_back(engine: Engine) -> None:
    # given a wider segment, on whose entries a rule looks
    files = {"rules/spender.yaml": FILES["rules/spender.yaml"].replace(">= 50", ">= 25")}
    with engine.store.reader() as reader:
        started = len(reader.runs(limit=100))

    # when it is planned
    plan = engine.plan(files)

    # then those who would enter are told, and that nothing would come of it
    assert matching(plan) == {"spender": (11, 16, 20)}
    assert [(each.rule, each.held_back, each.fires) for each in plan.held] == [("welcome", 5, 0)]
    assert warned(plan) == {("held_back", "welcome")}

    # when it goes live, then so it is
    assert plan.token is not None
    made = engine.propose_release(plan.token, ANN).result()
    engine.approve_release(made.number, made.token, BOB).result()
    engine.ready().result()
    with engine.store.reader() as reader:
        assert len(reader.members_of("spender")) == 16
        assert len(reader.runs(limit=100)) == started


def test_a_rule_that_fires_on_release_is_told_before(engine: Engine) -> None:
    # given the same, and a rule that acts on what a release changes
    files = {
        "rules/spender.yaml": FILES["rules/spender.yaml"].replace(">= 50", ">= 25"),
        "rules/welcome.yaml": FILES["rules/welcome.yaml"].replace("when:", "on_release: fire\nwhen:"),
    }
    plan = engine.plan(files)
    assert [(each.rule, each.held_back, each.fires) for each in plan.held] == [("welcome", 0, 5)]
    assert ("fires_at_release", "welcome") in warned(plan)
    with engine.store.reader() as reader:
        before = len(reader.runs(limit=100))

    # when it goes live, then it does
    assert plan.token is not None
    made = engine.propose_release(plan.token, ANN).result()
    engine.approve_release(made.number, made.token, BOB).result()
    engine.ready().result()
    with engine.store.reader() as reader:
        assert len(reader.runs(limit=100)) == before + 5


def test_facts_that_change_are_counted_as_they_would_be_after_the_rebuild(engine: Engine) -> None:
    # given a fact that counts large orders alone, on which a segment that is not edited rests
    facts = (
        "facts:\n  spend: {sum: total, of: order_completed, where: event.total >= 80}\n  news: {type: text}\n"
    )

    # when it is planned
    plan = engine.plan({"rules/facts.yaml": facts})

    # then it is told what has to be made anew, and what comes of it
    assert (plan.facts.added, plan.facts.changed, plan.facts.removed) == (("news",), ("spend",), ())
    assert (plan.facts.rebuild, plan.facts.customers) == (True, 20)
    assert matching(plan) == {"spender": (11, 5, 20)}


def test_runs_in_flight_are_told_with_what_becomes_of_them(engine: Engine) -> None:
    # given eleven open runs
    shorter = FILES["workflows/talk.yaml"].replace("wait: 30d", "wait: 3d")
    plans = {
        "finish_on_old": engine.plan({"workflows/talk.yaml": shorter}),
        "stop": engine.plan({"workflows/talk.yaml": shorter + "on_change: stop\n"}),
        "move": engine.plan({"workflows/talk.yaml": shorter + "on_change: move\n"}),
    }
    for becomes, plan in plans.items():
        assert [(each.workflow, each.open_runs, each.becomes) for each in plan.runs] == [
            ("talk", 11, becomes)
        ]

    # when the workflow goes altogether, its rule too
    plan = engine.plan({"workflows/talk.yaml": None, "rules/welcome.yaml": None})
    assert [(each.workflow, each.open_runs, each.becomes) for each in plan.runs] == [
        ("talk", 11, "finish_on_old")
    ]
    assert [(each.change, each.kind, each.id) for each in plan.changes] == [
        ("removed", "rule", "welcome"),
        ("removed", "workflow", "talk"),
    ]


RULES: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "an event that nobody ever sent": (
        "when: {event: parcel_lost}\nthen: [{run: talk}]\n", {("never_fires", "new")}
    ),
    "an event that somebody sent": ("when: {event: order_completed}\nthen: [{run: talk}]\n", set()),
    "nobody spent so much": (
        "when: {schedule: daily at 06:00}\nif: customer.spend >= 500\nthen: [{run: talk}]\n",
        {("nobody_now", "new")},
    ),
    "for a segment that nobody is in": (
        "when: {schedule: daily at 06:00, in_segment: gone}\nthen: [{run: talk}]\n", {("nobody_now", "new")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", RULES)
def test_a_rule_that_will_not_fire_is_warned_of(engine: Engine, what: str) -> None:
    text, found = RULES[what]
    assert warned(engine.plan({"rules/new.yaml": f"rule: new\n{text}"})) == found


def test_a_rule_that_reads_its_event_is_not_counted_and_says_so(engine: Engine) -> None:
    text = "when: {event: order_completed}\nif: event.total > 5\nthen: [{run: talk}]\n"
    plan = engine.plan({"rules/new.yaml": f"rule: new\n{text}"})
    [found] = plan.matching
    assert (found.before, found.after, found.why) == (None, None, "needs_event")


def test_a_silence_that_is_over_already_is_held_back(engine: Engine) -> None:
    # given ten days in which nobody orders
    assert isinstance(engine.clock, VirtualClock)
    engine.run_until(START + 10 * DAY)
    rule = "rule: silent\nwhen: {quiet: 7d, of: order_completed}\nthen: [{run: talk}]\n"

    # when a rule for seven quiet ones is planned
    plan = engine.plan({"rules/silent.yaml": rule})

    # then all are over it, and none is told of
    assert [(each.rule, each.held_back) for each in plan.held] == [("silent", 20)]


def test_of_a_large_base_a_sample_is_looked_at_and_its_size_told(engine: Engine) -> None:
    new = compile_ruleset(engine.workspace)
    edit = FileChange(change="changed", kind="rule", id="spent-much", file="", diff="")
    shell: Any = engine._shell
    with engine.store.reader() as reader:
        found = count(shell, reader, engine.ruleset, new, [edit], START, sample=8)
        again = count(shell, reader, engine.ruleset, new, [edit], START, sample=8)
    assert (found.customers, found.sampled) == (20, 8)
    assert found.matching[0].of == 8
    assert found.matching == again.matching


def test_planning_changes_nothing(engine: Engine) -> None:
    def state() -> list[Any]:
        with engine.store.reader() as reader:
            return [reader.members(None, 100), reader.runs(limit=100), reader.releases(), reader.changes()]

    before = state()
    engine.plan({"rules/spender.yaml": FILES["rules/spender.yaml"].replace(">= 50", ">= 25")})
    assert state() == before
