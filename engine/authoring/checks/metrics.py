"""`metrics:` in holdfast.yaml: events by their names, scales with two ends, reasons of the closed list."""

from __future__ import annotations

from engine.authoring.draft import Draft
from engine.model.metric import ChurnTerms, Metrics, Survey
from engine.model.reasons import ChurnReason


def check(draft: Draft) -> None:
    """Check what the metrics read, where it was written."""
    terms = draft.workspace.settings.metrics
    if draft.origins.page(terms) is None:
        return
    _events(draft, terms)
    for survey in (terms.surveys.csat, terms.surveys.nps):
        if draft.origins.page(survey) is not None:
            _survey(draft, survey)
    if terms.tickets.calendar is not None:
        draft.refer(terms.tickets, "calendar", kind="calendar", name=terms.tickets.calendar)
    if terms.active.by == "contracts" and draft.workspace.facts.subscriptions is None:
        draft.say(
            terms.active,
            "by",
            code="missing-key",
            message="nothing says what a contract is",
            hint="declare subscriptions in a facts file, or write by: events",
        )
    _churn(draft, terms.churn)


def _events(draft: Draft, terms: Metrics) -> None:
    if draft.origins.page(terms.orders) is not None:
        draft.event(terms.orders, "event", name=terms.orders.event)
    if draft.origins.page(terms.tickets) is not None:
        for key in ("opened", "answered", "solved", "reopened", "paused", "resumed", "contacted"):
            if draft.origins.node(terms.tickets, key) is not None:
                draft.event(terms.tickets, key, name=getattr(terms.tickets, key))
    if draft.origins.page(terms.active) is not None:
        for position, name in enumerate(terms.active.events):
            draft.event(terms.active, "events", position, name=name)


def _survey(draft: Draft, survey: Survey) -> None:
    draft.event(survey, "event", name=survey.event)
    low, high = survey.scale
    if low >= high:
        draft.say(
            survey,
            "scale",
            code="out-of-range",
            message="the scale's second end is not above its first",
            hint="write the lowest score first, as [1, 5]",
        )
    elif not low < survey.good_from <= high:
        draft.say(
            survey,
            "good_from",
            code="out-of-range",
            message="no answer, or every one, would be good",
            hint=f"write {low + 1} to {high}",
        )


def _churn(draft: Draft, churn: ChurnTerms) -> None:
    for source in churn.sources.values():
        if (source.event is None) == (source.trait is None):
            draft.say(
                source,
                code="missing-key",
                message="a source is an event or a trait",
                hint="write {event: left, reason: why}, or {trait: churned}",
            )
        elif source.event is not None:
            draft.event(source, "event", name=source.event)
    known = [reason.value for reason in ChurnReason]
    for word, reason in churn.reasons.items():
        if reason not in known:
            draft.unknown(churn, "reasons", word, noun="reason", name=reason, known=known)
