"""Decisions in words, for people who do not know the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.customers.zones import moment_of
from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome

DECIDED: Mapping[str, str] = {
    DecisionOutcome.FIRED.value: "it fired",
    DecisionOutcome.NOT_MET.value: "it did not fire: a line was not met",
    DecisionOutcome.UNKNOWN.value: "it did not fire: a line reads what is unknown",
    DecisionOutcome.ERROR.value: "it did not fire: a line could not be evaluated",
    DecisionOutcome.AT_MOST.value: "it did not fire: it had fired as often as it may",
    DecisionOutcome.TOO_LATE.value: "it did not fire: the event came too late",
    DecisionOutcome.SHADOW.value: "it was met, and nothing was done: the rule is in shadow",
}
"""What a rule did, by its outcome."""

_LINES: Mapping[str, str] = {
    "met": "was met",
    "not_met": "was not met",
    "unknown": "reads what is unknown",
    "error": "could not be evaluated",
}


def in_words(decision: Decision) -> str:
    """Tell what a rule decided, when, and why: the lines of its condition, each with what it saw."""
    reason = f" ({decision.reason})" if decision.reason else ""
    when = f"{moment_of(decision.at):%Y-%m-%d %H:%M:%S} UTC"
    told = f"The rule {decision.rule} looked at {when}: {DECIDED[decision.outcome.value]}{reason}."
    seen = [
        f"`{line.text}` {_LINES.get(line.outcome, line.outcome)}{_saw(line.values)}"
        for line in decision.lines
    ]
    started = [
        f"it started {start.workflow}" if start.reason is None else f"it could not start {start.workflow}"
        for start in decision.starts
    ]
    return " ".join([told, *(f"{text[0].upper()}{text[1:]}." for text in (*seen, *started))])


def _saw(values: Mapping[str, Any]) -> str:
    seen = ", ".join(f"{name} was {'unknown' if value is None else value}" for name, value in values.items())
    return f", for {seen}" if seen else ""
