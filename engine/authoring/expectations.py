"""Expectations: what came about in a test case, held against what it expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from engine.authoring.staging import Staging
from engine.authoring.supposed import instant, shown
from engine.authoring.wording import either
from engine.decisions.decision import Decision
from engine.errors import ValueSyntaxError
from engine.expressions import Kind, plain
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.model.rule import DoNow
from engine.runs.cases import TELL
from engine.runs.run import Run
from engine.scores.band import UNKNOWN

NOTHING = "nothing"
Path = tuple[str | int, ...]


class Mismatch(msgspec.Struct, frozen=True):
    """What a case expected and what came about; `path` leads to the expectation inside the case."""

    path: Path
    expected: str
    got: str


class Seen(msgspec.Struct, frozen=True):
    """What is looked at: a thing of some kind under test; `run` is the one a workflow's case began."""

    kind: str
    id: str
    staging: Staging
    run: str | None = None

    @property
    def fired(self) -> list[Decision]:
        """The decisions that fired."""
        return [one for one in self.staging.changes.decisions if one.outcome is DecisionOutcome.FIRED]

    @property
    def decisions(self) -> list[Decision]:
        """All decisions: those looked at, and the steps of dates that were passed over."""
        looks = self.staging.looks
        known = {one.id for one in looks}
        return [*looks, *(one for one in self.staging.changes.decisions if one.id not in known)]

    @property
    def runs(self) -> list[Run]:
        """The runs that came about, refused ones too; in a workflow's case without its own."""
        return [run for run in self.staging.changes.runs.values() if run.id != self.run]

    @property
    def started(self) -> list[Run]:
        """The runs that started."""
        return [run for run in self.runs if run.status is not RunStatus.REFUSED]

    @property
    def own(self) -> list[Run]:
        """The runs whose end counts: the one that a workflow's case began, else all."""
        return [run for run in self.staging.changes.runs.values() if self.run in (None, run.id)]

    @property
    def done(self) -> list[str]:
        """The actions executed, in order: by runs, and by the rule itself."""
        rule = self.staging.still.rule(self.id) if self.kind == "rule" else None
        actions = rule.rule.then if rule is not None else ()
        found: list[tuple[int, str]] = []
        for decision in self.fired:
            failed = {start.workflow for start in decision.starts if start.status == "failed"}
            found += [
                (decision.at, action.do)
                for action in actions
                if isinstance(action, DoNow) and action.do not in failed
            ]
        found += [
            (attempt.at, str(attempt.detail.get("action")))
            for attempt in self.staging.changes.attempts
            if attempt.verb == "do" and attempt.outcome is StepOutcome.EXECUTED
        ]
        return [name for _, name in sorted(found, key=lambda one: one[0])]

    @property
    def sent(self) -> list[str]:
        """The messages that left, in order."""
        return [
            str(event.properties.get("message"))
            for event in self.staging.changes.events
            if event.name == "message_sent"
        ]

    def crossed(self, *, inside: bool) -> list[str]:
        """The segments that were entered, or left; in a segment's case that one alone."""
        return [
            change.segment
            for change in self.staging.changes.memberships
            if change.inside is inside and "." not in change.segment
            if self.kind != "segment" or change.segment == self.id
        ]

    @property
    def stage(self) -> str | None:
        """The stage that a lifecycle's customer is in."""
        state = self.staging.member.standing.stages.get(self.id)
        return None if state is None else state.stage

    @property
    def told(self) -> list[str]:
        """The people told of cases, in order."""
        return [
            str(effect.arguments["to"]) for effect in self.staging.changes.effects if effect.action == TELL
        ]


def compare(seen: Seen, expect: Any, path: Path) -> list[Mismatch]:
    """Give every expectation that is not so."""
    if expect == NOTHING:
        happened = _happened(seen)
        return [Mismatch(path, NOTHING, _listed(happened))] if happened else []
    found = []
    for name, wanted in expect.items():
        check = CHECKS.get(name)
        if check is None:
            found.append(Mismatch((*path, name), name, f"a key that is not known; write {either(CHECKS)}"))
            continue
        got = check(seen, wanted, expect)
        if got is not None:
            found.append(Mismatch((*path, name), f"{name} {_shown(wanted)}", got))
    return found


def _happened(seen: Seen) -> list[str]:
    """List what came about, by the kind of what is under test."""
    if seen.kind == "rule":
        fired = [f"{seen.id} fired"] if seen.fired else []
        return [*fired, *(f"run {run.workflow}" for run in seen.started)]
    if seen.kind == "segment":
        return [
            f"{word} {seen.id}"
            for word, way in (("entered", True), ("left", False))
            if seen.crossed(inside=way)
        ]
    if seen.kind == "score":
        band = seen.staging.member.standing.scores[seen.id].band
        return [] if band == UNKNOWN else [f"band {band}"]
    if seen.kind == "lifecycle":
        return [] if seen.stage is None else [f"stage {seen.stage}"]
    if seen.kind == "program":
        return [f"{one.kind} {abs(one.entries[0].points)} points" for one in seen.staging.changes.postings]
    if seen.kind == "ladder":
        return [f"told {who}" for who in seen.told]
    return [*seen.done, *(f"run {run.workflow}" for run in seen.started)]


def _run(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    started = [run.workflow for run in seen.started]
    if all(name in started for name in _names(wanted)):
        return None
    refused = [
        f"{run.workflow} refused ({run.reason})" for run in seen.runs if run.status is RunStatus.REFUSED
    ]
    return _listed([*started, *refused]) if started or refused else f"no run{_why(seen)}"


def _with(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    names = _names(expect.get("run"))
    runs = [run for run in seen.started if not names or run.workflow in names]
    if any(all(_is_input(seen, run, name, value) for name, value in wanted.items()) for run in runs):
        return None
    inputs = [_shown({name: run.input.get(name) for name in wanted}) for run in runs]
    return " and ".join(inputs) or f"no run{_why(seen)}"


def _is_input(seen: Seen, run: Run, name: str, wanted: Any) -> bool:
    workflow = seen.staging.still.workspace.workflows[run.workflow]
    kind = workflow.needs.get(name)
    try:
        typed = shown(name, Kind(kind.value) if kind else Kind.ANY, wanted, seen.staging.zone)
    except ValueSyntaxError:
        typed = wanted
    return name in run.input and plain(run.input[name]) == plain(typed)


def _decision(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    outcomes = [one.outcome.value for one in seen.decisions]
    return None if wanted in outcomes else (_listed(outcomes) or "no decision") + _why(seen)


def _reason(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    outcome = expect.get("decision")
    decided = [one for one in seen.decisions if outcome in (None, one.outcome.value)]
    reasons = [one.reason for one in decided if one.reason]
    if outcome is None:
        reasons += [run.reason for run in seen.staging.changes.runs.values() if run.reason]
    return None if wanted in reasons else _listed(reasons) or "no reason"


def _times(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    times = len([run for run in seen.own if run.status is not RunStatus.REFUSED] if seen.run else seen.fired)
    return None if times == wanted else f"{times} times{_why(seen) if not times else ''}"


def _did(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    done = seen.done
    if _in_order(_names(wanted), done):
        return None
    others = [
        _attempted(seen, outcome) for outcome in (StepOutcome.SKIPPED, StepOutcome.HELD, StepOutcome.FAILED)
    ]
    return "; ".join(filter(None, [_listed(done) or NOTHING, *others])) + ("" if done else _why(seen))


def _never(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    return _listed(seen.done) if set(_names(wanted)) & set(seen.done) else None


def _sent(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    messages = [] if wanted == NOTHING else _names(wanted)
    return None if messages == seen.sent else _listed(seen.sent) or NOTHING


def _skipped(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    attempts = [one for one in seen.staging.changes.attempts if one.outcome is StepOutcome.SKIPPED]
    if _in_order(_names(wanted), [str(one.reason) for one in attempts]):
        return None
    return _attempted(seen, StepOutcome.SKIPPED) or "nothing skipped"


def _held_until(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    held = [one.until for one in seen.staging.changes.attempts if one.outcome is StepOutcome.HELD]
    if instant(seen.staging.zone, str(wanted)) in held:
        return None
    return _listed(_local(seen, until) for until in held if until is not None) or "nothing held"


def _ends(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    if seen.kind == "ladder":
        states = ["exhausted" if one.exhausted else one.status for one in seen.staging.changes.cases.values()]
        return None if wanted in states else _listed(states) or "no case"
    if any(wanted in (run.status.value, run.reason) for run in seen.own):
        return None
    ends = [f"{run.status.value} ({run.reason})" if run.reason else run.status.value for run in seen.own]
    return _listed(ends) or f"no run{_why(seen)}"


def _entered(inside: bool) -> Callable[[Seen, Any, Mapping[str, Any]], str | None]:
    def check(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
        crossed = seen.crossed(inside=inside)
        right = not crossed if wanted == NOTHING else set(_names(wanted)) <= set(crossed)
        return None if right else _listed(crossed) or NOTHING

    return check


def _score(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    if seen.kind != "score":
        return "no score; only a score's own tests have one"
    value = seen.staging.member.standing.scores[seen.id].value
    if value is None or wanted is None:
        return None if value is wanted else _shown(value)
    exponent = Decimal(wanted).as_tuple().exponent
    rounded = round(value, max(-exponent, 0)) if isinstance(exponent, int) else value
    return None if rounded == wanted else _shown(round(value, 4).normalize())


def _band(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    if seen.kind != "score":
        return "no band; only a score's own tests have one"
    band = seen.staging.member.standing.scores[seen.id].band
    return None if band == (wanted or UNKNOWN) else band


def _stage(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    if seen.kind != "lifecycle":
        return "no stage; only a lifecycle's own tests have one"
    stage = seen.stage
    return None if stage == wanted else stage or NOTHING


def _of_program(name: str) -> Callable[[Seen, Any, Mapping[str, Any]], str | None]:
    def check(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
        several = len(seen.staging.still.workspace.programs) > 1 and seen.kind == "program"
        fact = f"{seen.id.replace('-', '_')}_{name}" if several else name
        got = seen.staging.moment().extra().get(fact)
        return None if got == wanted else _shown(got)

    return check


def _told(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
    people = [] if wanted == NOTHING else _names(wanted)
    return None if people == seen.told else _listed(seen.told) or "nobody"


def _clocks(what: str) -> Callable[[Seen, Any, Mapping[str, Any]], str | None]:
    """Compare the clocks of cases that were told of, in the order in which they were."""

    def check(seen: Seen, wanted: Any, expect: Mapping[str, Any]) -> str | None:
        told = [
            str(each.value).partition(".")[0]
            for case in seen.staging.changes.cases.values()
            for each in case.history
            if each.what == what
        ]
        names = [] if wanted == NOTHING else _names(wanted)
        return None if told == names else _listed(told) or NOTHING

    return check


CHECKS: Mapping[str, Callable[[Seen, Any, Mapping[str, Any]], str | None]] = {
    "run": _run,
    "with": _with,
    "decision": _decision,
    "reason": _reason,
    "times": _times,
    "did": _did,
    "never": _never,
    "sent": _sent,
    "skipped": _skipped,
    "held_until": _held_until,
    "ends": _ends,
    "entered": _entered(True),
    "left": _entered(False),
    "score": _score,
    "band": _band,
    "stage": _stage,
    "tier": _of_program("tier"),
    "points": _of_program("points"),
    "told": _told,
    "warned": _clocks("breach_near"),
    "breached": _clocks("breached"),
}
"""Each gives None where what is expected is so, else what is."""


def _names(written: Any) -> list[str]:
    if written is None:
        return []
    return [str(name) for name in written] if isinstance(written, (list, tuple)) else [str(written)]


def _in_order(wanted: Sequence[str], found: Iterable[str]) -> bool:
    rest = iter(found)
    return all(name in rest for name in wanted)


def _attempted(seen: Seen, outcome: StepOutcome) -> str:
    found = [
        f"{one.detail.get('action')} {outcome.value}" + (f" ({one.reason})" if one.reason else "")
        for one in seen.staging.changes.attempts
        if one.verb == "do" and one.outcome is outcome
    ]
    return _listed(found)


def _why(seen: Seen) -> str:
    """Tell of the last time that a rule looked and did not fire, and what it saw."""
    looks = [one for one in seen.staging.looks if one.outcome is not DecisionOutcome.FIRED]
    if seen.kind != "rule" or seen.fired:
        return ""
    if not looks:
        return "; the rule had no cause to look"
    last = looks[-1]
    lines = [
        f"`{line.text}` was {line.outcome.replace('_', ' ')} with {_shown(line.values)}"
        for line in last.lines
        if line.outcome != "met"
    ]
    return f"; {last.outcome.value}: {_listed(lines) or last.reason}"


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return _listed(f"{name}: {_shown(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return _listed(map(_shown, value))
    value = plain(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _local(seen: Seen, at: int) -> str:
    return f"{seen.staging.zone.local(at):%Y-%m-%d %H:%M}"
