"""Context: what whoever opens a case has to know of the customer, as it is when it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.customers.kinds import sent_form
from engine.customers.zones import moment_of
from engine.model.ladder import Ladder
from engine.runs.run import Run
from engine.runs.stage import Member, Plans, Stage

OWNED = ("plan", "mrr", "active_subscriptions", "service_ends", "end_reason")
"""Facts that say what a customer has, where they are declared; tiers and points come besides."""

VALUED = ("value", "lifetime_value", "ltv", "clv", "spend", "rfm_r", "rfm_f", "rfm_m")
"""Facts that say what a customer is worth, where they are declared."""

RECENT = 5
"""So many of the latest happenings come along."""


def opening(stage: Stage, ladder: Ladder, run: Run | None) -> dict[str, Any]:
    """Give the context of a case that is opened now: why, what was done lately, and how things stand."""
    return {
        "because": sent_form(_because(stage, run)),
        "recent": sent_form(_recent(stage.member)),
        **standing(stage.member, stage.plans, stage.view(), ladder),
    }


def standing(member: Member, plans: Plans, facts: Mapping[str, Any], ladder: Ladder | None) -> dict[str, Any]:
    """Give how things stand with a customer: what they own, what they are worth, their scores.

    `owns`, `value` and `more` (the ladder's `show`) are facts by name; a score's parts are 0 to 100.
    """
    known = plans.catalog.customer(member.kind)
    own = [name for name in (*OWNED, *_clubs(plans)) if name in known]
    valued = [name for name in VALUED if name in known]
    more = [name for name in (ladder.show if ladder else ()) if name in known]
    return {
        "owns": sent_form({name: facts[name] for name in own}),
        "value": sent_form({name: facts[name] for name in valued}),
        "more": sent_form({name: facts[name] for name in more}),
        "segments": list(member.standing.segments),
        "health": {
            name: {
                "value": state.value,
                "band": state.band,
                "coverage": state.coverage,
                "parts": {part: 100 * last.value for part, last in state.parts.items()},
            }
            for name, state in sorted(member.standing.scores.items())
        },
    }


def _clubs(plans: Plans) -> list[str]:
    programs = list(plans.workspace.programs)
    if len(programs) == 1:
        return ["tier", "points"]
    return [f"{name}_{what}" for name in programs for what in ("tier", "points")]


def _because(stage: Stage, run: Run | None) -> dict[str, Any]:
    if run is None:
        return dict(stage.because)
    found = {"workflow": run.workflow, "run": run.id, "rule": run.rule, "decision": run.decision}
    return {**{name: value for name, value in found.items() if value is not None}, "event": run.event}


def _recent(member: Member) -> list[dict[str, Any]]:
    """List what was sent to a customer and decided about them last, the newest first."""
    standing = member.standing
    found = [
        *((sent.at, f"message by {sent.workflow} on {sent.channel}") for sent in standing.contact.sends),
        *((at, f"rule {rule} fired") for rule, fired in standing.fired.items() for at in fired),
        *((at, f"workflow {name.partition('/')[0]} started") for name, at in standing.starts.items()),
        *(
            (one.since, f"{'entered' if one.inside else 'left'} segment {name}")
            for name, one in standing.memberships.items()
            if one.since is not None
        ),
    ]
    latest = sorted(found, key=lambda one: (-one[0], one[1]))[:RECENT]
    return [{"at": moment_of(at), "what": what} for at, what in latest]


def short(context: Mapping[str, Any]) -> list[str]:
    """Give a context in a few lines of text, for a message to whoever is told."""
    return list(_lines(context))


def _lines(context: Mapping[str, Any]) -> Iterator[str]:
    because = context.get("because") or {}
    named = [f"{name} {because[name]}" for name in ("rule", "workflow") if because.get(name)]
    event = {name: value for name, value in (because.get("event") or {}).items() if value is not None}
    if named or event:
        yield "Because: " + ", ".join([*named, *(f"{name} {_text(value)}" for name, value in event.items())])
    for title, key in (("Owns", "owns"), ("Value", "value"), ("Also", "more")):
        facts = {name: value for name, value in (context.get(key) or {}).items() if value is not None}
        if facts:
            yield f"{title}: " + ", ".join(f"{name} {_text(value)}" for name, value in facts.items())
    for score, held in (context.get("health") or {}).items():
        parts = ", ".join(f"{part} {_rounded(value)}" for part, value in held["parts"].items())
        value = "" if held["value"] is None else f" {_rounded(held['value'])}"
        yield f"Score {score}:{value} {held['band']}" + (f" ({parts})" if parts else "")
    for entry in context.get("recent") or ():
        yield f"{_text(entry['at'])}: {entry['what']}"


def _rounded(value: Any) -> str:
    return f"{value:.1f}"


def _text(value: Any) -> str:
    return str(value) if not isinstance(value, (dict, list)) else "..."
