"""The tester: every `tests:` block of a workspace, played on a virtual clock by the engine itself.

A case is one customer. It is treated, consents and can be reached unless the case says otherwise
(`held_out`, `arm`, `consent`, `given`). `at` is a local time of the workspace's zone.

- **Before `at`:** `history` is learnt as facts alone; of an entry with `times` the latest event lies
  `ago` back and the others further. Then, just before `at`, the given traits are sent. Every other
  given fact (computed ones, segments, scores, points) stands in for the real one, as does a null.
- **At `at`:** of the rules only the one under test decides; the workflows it starts run for real, and
  segments, scores and programs do their work. Its trigger happens: an event with the properties
  under `event`, a schedule coming round, a change, a call. With several triggers it is the first one,
  or that on `event: {event: NAME}`. A date is left to time: steps before `at` are caught up as
  `catch_up` says. A segment or score that triggers the rule stays as the case has it. Where `event`
  is not written and the timeline brings the triggering event, change or (after `history`) silence,
  nothing happens at `at`. A workflow's case starts a run with `input` and `event`, a ladder's opens a
  case, a program's plays what earns where `event` is written; a segment or score is only evaluated.
- **After it:** the timeline's entries in the order of time, each counted from `at`, each with what is
  given anew and then an event; schedules come round. `ask_answered` (`choice`, `by`) answers what a
  run asked; `case_acknowledged` and whatever else people do with cases is about the open one, and
  `message_*` about the last message sent, where they do not say. At last the cases of rules and
  workflows are played on, with schedules standing still, until no run and no `without` waits any
  more, for 400 days at most.

Everything arrives, except what `fails` names: that is refused for good, as by the other side.

Expected are `nothing` (no decision fired and no run started; nothing done; no change), or: `run`
and `with` (of the runs started, part of the input), `decision` and `reason` (among all decisions
and runs), `times` (fired), `did` (actions executed, in this order, others may come between),
`never`, `sent` (exactly these messages, in this order, or nothing), `skipped` (reasons, in order),
`held_until` (local time), `ends` (status or reason of a run, or of a ladder's case, which may be
`exhausted`), `entered` and `left` (segments, or nothing), `score` (to the decimals written) and
`band`, `stage` (of a lifecycle), `tier` and `points`, `told` (exactly these people, in this order),
`warned` and `breached` (exactly these clocks of cases, or nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from engine.authoring import causes
from engine.authoring.expectations import Mismatch, Path, Seen, compare
from engine.authoring.staging import Staging
from engine.authoring.supposed import customer_for, instant, newcomer, past, plain, suppose
from engine.errors import HoldfastError, ValueSyntaxError
from engine.model.actions import SHIPPED, ActionSpec
from engine.model.facts import Subject
from engine.model.rule import DoNow, StartRun
from engine.model.testcase import TestCase, TimelineEntry
from engine.model.workflow import Workflow
from engine.model.workspace import Workspace
from engine.runs.cases import ACTS
from engine.timeline.ruleset import Ruleset, compile_ruleset

Progress = Callable[[int, int], None]

ANSWERED = "ask_answered"
ABOUT_CASES = frozenset(ACTS)

BOOKS: Mapping[str, str] = {
    "rule": "rules",
    "workflow": "workflows",
    "segment": "segments",
    "score": "scores",
    "program": "programs",
    "ladder": "ladders",
    "calendar": "calendars",
    "goal": "goals",
    "lifecycle": "lifecycles",
}


class Failure(msgspec.Struct, frozen=True):
    """One expectation that is not so, at its place in its file."""

    file: str
    line: int
    test: str
    expected: str
    got: str


class CaseReport(msgspec.Struct, frozen=True):
    """One case: `error` tells that it could not be played."""

    file: str
    line: int
    test: str
    failures: tuple[Failure, ...] = ()
    error: bool = False


class TestReport(msgspec.Struct, frozen=True):
    """All cases, in the order of files' kinds and ids; `errors` counts those that could not be played."""

    __test__ = False
    cases: tuple[CaseReport, ...]

    @property
    def passed(self) -> int:
        """How many cases are as expected."""
        return sum(not case.failures for case in self.cases)

    @property
    def failed(self) -> int:
        """How many are not."""
        return sum(bool(case.failures) and not case.error for case in self.cases)

    @property
    def errors(self) -> int:
        """How many could not be played."""
        return sum(case.error for case in self.cases)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that is not as expected."""
        return tuple(failure for case in self.cases for failure in case.failures)


def run_tests(
    workspace: Workspace,
    match: str | None = None,
    progress: Progress | None = None,
    actions: Mapping[str, ActionSpec] = SHIPPED,
) -> TestReport:
    """Run the cases of a checked workspace whose name (`rule usage-drop: says ...`) contains `match`.

    `progress` is told after each case how many of how many are done; `actions` are those that a
    workflow may name.
    """
    chosen = [
        (kind, id, index, case)
        for kind, id, index, case in _cases(workspace)
        if match is None or match.lower() in _name(kind, id, case).lower()
    ]
    rulesets: dict[tuple[str, str], Ruleset] = {}
    reports = []
    for number, (kind, id, index, case) in enumerate(chosen, 1):
        ruleset = rulesets.get((kind, id))
        if ruleset is None:
            ruleset = rulesets[kind, id] = ruleset_for(workspace, kind, id, actions)
        reports.append(_report(workspace, ruleset, kind, id, index, case))
        if progress is not None:
            progress(number, len(chosen))
    return TestReport(tuple(reports))


def run_case(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    """Play one case of a thing on the ruleset made for it, and give what is not as expected.

    Raises ValueSyntaxError where the case cannot be played; the message says why.
    """
    case_of = {
        "rule": _rule,
        "workflow": _workflow,
        "segment": _evaluated,
        "score": _evaluated,
        "lifecycle": _evaluated,
        "program": _program,
        "ladder": _ladder,
    }.get(kind)
    if case_of is None:
        raise ValueSyntaxError(f"a {kind} does nothing by itself; test what uses it")
    return case_of(ruleset, kind, id, case)


def ruleset_for(
    workspace: Workspace, kind: str, id: str, actions: Mapping[str, ActionSpec] = SHIPPED
) -> Ruleset:
    """Compile a workspace in which, of the rules, only the one under test decides; a draft is tried out."""
    rules = {id: workspace.rules[id]} if kind == "rule" else {}
    workflows = dict(workspace.workflows)
    if kind == "rule":
        rules[id] = msgspec.structs.replace(rules[id], status="live")
    elif kind == "workflow":
        workflows[id] = msgspec.structs.replace(workflows[id], status="live")
    return compile_ruleset(msgspec.structs.replace(workspace, rules=rules, workflows=workflows), actions)


def _cases(workspace: Workspace) -> Iterator[tuple[str, str, int, TestCase]]:
    for kind, book in BOOKS.items():
        things: Mapping[str, Any] = getattr(workspace, book)
        for id, thing in sorted(things.items()):
            for index, case in enumerate(thing.tests):
                yield kind, id, index, case


def _name(kind: str, id: str, case: TestCase) -> str:
    return f"{kind} {id}: {case.it}"


def _report(
    workspace: Workspace, ruleset: Ruleset, kind: str, id: str, index: int, case: TestCase
) -> CaseReport:
    file = workspace.origins.get((kind, id), "")
    name = _name(kind, id, case)
    places = workspace.places.get(file, {})
    line = _line(places, ("tests", index))
    try:
        mismatches = run_case(ruleset, kind, id, case)
    except HoldfastError as error:
        return CaseReport(
            file, line, name, (Failure(file, line, name, "a test that can be played", str(error)),), True
        )
    except Exception as error:  # one case must not keep the others from being played
        broken = f"{type(error).__name__}: {error}"
        return CaseReport(file, line, name, (Failure(file, line, name, "a decision", broken),), True)
    failures = tuple(
        Failure(file, _line(places, ("tests", index, *one.path)), name, one.expected, one.got)
        for one in mismatches
    )
    return CaseReport(file, line, name, failures)


def _line(places: Mapping[tuple[Any, ...], tuple[int, int]], path: Path) -> int:
    while path not in places and path:
        path = path[:-1]
    return places.get(path, (1, 1))[0]


def _rule(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    rule = ruleset.rule(id)
    if rule is None:
        raise ValueSyntaxError(f"there is no rule {id}")
    cause = causes.cause_of(rule, case)
    own = {action.do for action in rule.rule.then if isinstance(action, DoNow)}
    if not own.isdisjoint(_fails(case)):
        raise ValueSyntaxError("what a rule does itself cannot fail; write fails: in a test of its workflow")
    workflows = [
        ruleset.workspace.workflows[action.run] for action in rule.rule.then if isinstance(action, StartRun)
    ]
    subject = causes.subject_of(rule.rule, cause)
    segments, scores = causes.fixed_by(rule.rule)
    staging = _staging(ruleset, case, subject, workflows, segments=segments, scores=scores)
    implied = causes.prepare(staging, rule, cause, case)
    _suppose(ruleset, staging, subject, msgspec.structs.replace(case, given={**case.given, **implied}))
    staging.arrive(staging.at)
    causes.happen(staging, rule, cause, case)
    return _onwards(staging, Seen(kind, id, staging), case)


def _workflow(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    workflow = ruleset.workspace.workflows[id]
    staging = _staging(ruleset, case, workflow.on, [workflow])
    _suppose(ruleset, staging, workflow.on, case)
    staging.arrive(staging.at)
    run = causes.begin(staging, workflow, case)
    return _onwards(staging, Seen(kind, id, staging, run), case)


def _evaluated(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    thing = getattr(ruleset.workspace, BOOKS[kind])[id]
    if case.event is not None:
        raise ValueSyntaxError(f"no event makes a {kind}; write it under history or timeline")
    staging = _staging(ruleset, case, thing.on, [])
    _suppose(ruleset, staging, thing.on, case)
    return _onwards(staging, Seen(kind, id, staging), case)


def _program(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    program = ruleset.workspace.programs[id]
    staging = _staging(ruleset, case, program.on, [])
    _suppose(ruleset, staging, program.on, case)
    staging.arrive(staging.at)
    if case.event is not None:
        staging.feed(program.earn[0].when, case.event)
    return _onwards(staging, Seen(kind, id, staging), case)


def _ladder(ruleset: Ruleset, kind: str, id: str, case: TestCase) -> list[Mismatch]:
    staging = _staging(ruleset, case, "person", [])
    _suppose(ruleset, staging, "person", case)
    staging.arrive(staging.at)
    causes.open_case(staging, id, case)
    return _onwards(staging, Seen(kind, id, staging), case)


def _staging(
    ruleset: Ruleset,
    case: TestCase,
    subject: Subject,
    workflows: list[Workflow],
    *,
    segments: list[str] | None = None,
    scores: list[str] | None = None,
) -> Staging:
    at = instant(ruleset.zone, case.at)
    return Staging(
        ruleset,
        customer_for(ruleset.workspace.policy, workflows, case, at),
        subject,
        at,
        fails=_fails(case),
        segments=segments or (),
        scores=scores or (),
    )


def _fails(case: TestCase) -> tuple[str, ...]:
    return (case.fails,) if isinstance(case.fails, str) else case.fails or ()


def _suppose(ruleset: Ruleset, staging: Staging, subject: Subject, case: TestCase) -> None:
    staging.learn(past(case, staging.zone, staging.at))
    staging.suppose(newcomer(ruleset, subject, case))


def _onwards(staging: Staging, seen: Seen, case: TestCase) -> list[Mismatch]:
    """Play the timeline and what follows it; give every expectation that is not so."""
    staging.advance(staging.at)
    staging.schedules(True)
    found: list[Mismatch] = []
    entries = enumerate(case.timeline)
    for index, entry in sorted(entries, key=lambda one: staging.after(one[1].after)):
        path: Path = ("timeline", index)
        staging.arrive(staging.after(entry.after))
        if entry.given or not entry.event:
            staging.suppose(suppose(staging.still, staging.member.kind, entry.given))
        if entry.event is not None:
            unplayed = _play(staging, entry)
            found += [Mismatch((*path, "event"), *unplayed)] if unplayed else []
        staging.advance(staging.now)
        if entry.expect is not None:
            found += compare(seen, entry.expect, (*path, "expect"))
    if seen.kind in ("rule", "workflow"):
        staging.play_out()
    return found + compare(seen, case.expect, ("expect",))


def _play(staging: Staging, entry: TimelineEntry) -> tuple[str, str] | None:
    """Play an entry's event; where there is nothing it can be about, say what was expected and found."""
    name, said = str(entry.event), dict(entry.properties)
    if name == ANSWERED:
        return _answer(staging, {key: plain(key, value) for key, value in said.items()})
    if name in ABOUT_CASES and "case" not in said:
        open_ = list(staging.member.standing.cases)
        if name == "case_reopened":
            open_ = [case.id for case in staging.changes.cases.values() if not case.open]
        if not open_:
            closed = name == "case_reopened"
            return ("a closed case", "no case is closed") if closed else ("an open case", "no case is open")
        said["case"] = open_[-1]
    if name.startswith("message_"):
        sent = [event for event in staging.changes.events if event.name == "message_sent"]
        said = {**(sent[-1].properties if sent else {}), **said}
    staging.feed(name, said)
    return None


def _answer(staging: Staging, said: Mapping[str, Any]) -> tuple[str, str] | None:
    choice = str(said.get("choice"))
    asks = [
        ask
        for ask in staging.changes.asks
        if (run := staging.member.runs.get(ask.run)) is not None and run.wait and run.wait.token == ask.id
    ]
    if not asks:
        return "an open question", "nobody is asked"
    if choice not in asks[-1].choices:
        return f"one of {', '.join(asks[-1].choices)}", choice
    staging.answer(asks[-1].run, choice, str(said.get("by") or asks[-1].who))
    return None
