"""What each metric counts of one customer, and what it makes of the counts of all."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Protocol

import msgspec

from engine.metrics.churn import CONTRACTS
from engine.metrics.figure import Quotient, Window, divided, exact_sum, ratio
from engine.metrics.formulas import (
    Movements,
    churn_of_counts,
    clv_margin,
    gross_retention,
    lifespan,
    ltv_revenue,
    net_promoter_score,
    net_retention,
    revenue_growth,
)
from engine.metrics.history import Declared, History, Options
from engine.metrics.lives import before, ends_within, ever_before, starts_within
from engine.metrics.periods import months_in
from engine.metrics.revenue import movements
from engine.metrics.surveys import satisfaction, scores
from engine.metrics.tickets import duration, first_contact, first_response_times, resolution_times
from engine.model.reasons import NoFigure
from engine.model.values import DAY


class Counts(Protocol):
    """What is counted: numbers by name, and times one by one."""

    counts: Counter[object]
    values: list[int]


# Who stays and who leaves


def cohort(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count who was a customer at the start, and of them who still is at the end."""
    if before(one.life, window.start):
        tally.counts["start"] += 1
        tally.counts["stayed"] += before(one.life, window.end) > 0


def retained(
    tally: Counts, window: Window, declared: Declared, options: Options, part: str | None
) -> Quotient:
    """Give the share of the start's customers who stayed."""
    return ratio(tally.counts["stayed"], tally.counts["start"])


def churn(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count who left, by the formula that is asked for, and under which reason, kind and source."""
    formula = options.formula or declared.terms.churn.formula
    there = before(one.life, window.start) > 0
    tally.counts["start"] += there
    ends = ends_within(one.life, window.start, window.end)
    if formula == "standard":
        ends = ends[-1:] if there and not before(one.life, window.end) else []
    if formula == "stripe":
        tally.counts["joined"] += starts_within(one.life, window.start, window.end)
    if formula == "daily":
        _days(tally, one, window, declared)
    tally.counts["left"] += len(ends)
    reasons = {churned.churned: churned for churned in one.churns} if ends else {}
    for end in ends:
        known = reasons[end.at]
        tally.counts[f"reason:{known.reason.value if known.reason else 'unknown'}"] += 1
        tally.counts[f"kind:{'voluntary' if known.voluntary else 'involuntary'}"] += 1
        tally.counts[f"source:{known.source or 'unknown'}"] += 1


def _days(tally: Counts, one: History, window: Window, declared: Declared) -> None:
    zone = declared.zone
    for day in range(zone.day_of(window.start), zone.day_of(window.end - 1) + 1):
        begins = max(zone.start_of_day(day), window.start)
        if before(one.life, begins):
            tally.counts["there", day] += 1
            tally.counts["gone", day] += bool(
                ends_within(one.life, begins, min(zone.start_of_day(day + 1), window.end))
            )


def churned(
    tally: Counts, window: Window, declared: Declared, options: Options, part: str | None
) -> Quotient:
    """Give the churn rate, or the part of it that left for one reason."""
    formula = options.formula or declared.terms.churn.formula
    left = tally.counts[part or "left"]
    if formula == "standard":
        return churn_of_counts(tally.counts["start"], left)
    if formula == "stripe":
        return ratio(left, tally.counts["start"] + tally.counts["joined"])
    there = {
        key[1]: number for key, number in tally.counts.items() if isinstance(key, tuple) and key[0] == "there"
    }
    whole = ratio(sum(tally.counts["gone", day] for day in there), sum(there.values()))
    if not there:
        return whole
    value = exact_sum([divided(tally.counts["gone", day], number) for day, number in there.items()])
    if part is not None:
        value = divided(value * left, tally.counts["left"]) if tally.counts["left"] else value
    return msgspec.structs.replace(whole, value=divided(value, 1), numerator=left)


# Revenue


def revenue(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count what moved, in cents, and who paid at both ends; without contracts there is nothing."""
    moved = movements(one.paying, window.start, window.end)
    for name in moved.__struct_fields__:
        tally.counts[name] += getattr(moved, name)
    tally.counts["payers"] += moved.end > 0
    tally.counts["start_payers"] += moved.start > 0
    tally.counts["seen"] += ever_before(one.paying, window.end)


def moved_in(tally: Counts) -> Movements:
    """Give the movements of everybody who was counted."""
    return Movements(**{name: tally.counts[name] for name in Movements.__struct_fields__})


def recurring(
    tally: Counts, window: Window, declared: Declared, options: Options, part: str | None
) -> Quotient:
    """Give what is paid at the end; no value where nobody has ever had a contract."""
    if not tally.counts["seen"]:
        return Quotient(numerator=0, denominator=0, reason=NoFigure.EMPTY_DENOMINATOR)
    return Quotient(value=moved_in(tally).end, numerator=moved_in(tally).end, of=tally.counts["payers"])


def gross(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give gross revenue retention."""
    return gross_retention(moved_in(tally))


def net(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give net revenue retention."""
    return net_retention(moved_in(tally), include_reactivation=_back(declared, options))


def growth(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give how the revenue of existing customers grew."""
    return revenue_growth(moved_in(tally), include_reactivation=_back(declared, options))


def _back(declared: Declared, options: Options) -> bool:
    asked = options.include_reactivation
    return declared.terms.include_reactivation if asked is None else asked


def arpa(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give revenue per paying customer and month."""
    return ratio(moved_in(tally).end, tally.counts["payers"])


def acv(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give recurring revenue per paying customer and year."""
    return ratio(12 * moved_in(tally).end, tally.counts["payers"])


def worth_of_orders(
    tally: Counts, one: History, window: Window, declared: Declared, options: Options
) -> None:
    """Count orders, what they came to, who bought, and who stayed a customer."""
    cohort(tally, one, window, declared, options)
    inside = [order.cents for order in one.orders if window.start <= order.at < window.end]
    tally.counts["orders"] += len(inside)
    tally.counts["cents"] += sum(inside)
    tally.counts["buyers"] += bool(inside)


def ltv(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give average order x orders per buyer x lifespan, all of the window."""
    counts = tally.counts
    if not counts["buyers"]:
        return ratio(counts["cents"], 0)
    stay = lifespan(_lost(tally), _cap(window, declared))
    purchase = divided(counts["cents"], counts["orders"])
    found = ltv_revenue(purchase, divided(counts["orders"], counts["buyers"]), stay)
    return _to_cents(found, counts["buyers"])


def worth_of_contracts(
    tally: Counts, one: History, window: Window, declared: Declared, options: Options
) -> None:
    """Count who paid at the start, how much, and who stayed."""
    revenue(tally, one, window, declared, options)
    tally.counts["stayed"] += before(one.paying, window.start) > 0 and before(one.paying, window.end) > 0


def clv(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give margin x revenue per customer x lifespan, all of the window."""
    counts, margin = tally.counts, declared.terms.margin
    if not counts["start_payers"]:
        return ratio(counts["start"], 0)
    lost = divided(counts["start_payers"] - counts["stayed"], counts["start_payers"])
    months = months_in(window.start, window.end, declared.zone) or divided(
        12 * (window.end - window.start), 365 * DAY
    )
    a_month = divided(counts["start"], counts["start_payers"])
    found = clv_margin(
        None if margin is None else margin.share, a_month * months, lifespan(lost, _cap(window, declared))
    )
    return _to_cents(found, counts["start_payers"])


def _lost(tally: Counts) -> Decimal | None:
    start = tally.counts["start"]
    return divided(start - tally.counts["stayed"], start) if start else None


def _cap(window: Window, declared: Declared) -> Decimal | None:
    cap = declared.terms.lifespan_cap
    return None if cap is None else divided(cap.micros, window.end - window.start)


def _to_cents(found: Quotient, of: int) -> Quotient:
    if found.value is None:
        return msgspec.structs.replace(found, of=of)
    return msgspec.structs.replace(found, value=round(found.value), of=of)


# Orders


def buyers(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count who bought in the window, and who did so again."""
    inside = [order for order in one.orders if window.start <= order.at < window.end]
    if inside:
        tally.counts["buyers"] += 1
        if options.variant == "repeat_within_period":
            tally.counts["again"] += len(inside) > 1
        else:
            tally.counts["again"] += one.orders[0].at < window.start


def repeated(
    tally: Counts, window: Window, declared: Declared, options: Options, part: str | None
) -> Quotient:
    """Give the share of buyers who bought again."""
    return ratio(tally.counts["again"], tally.counts["buyers"])


# Surveys


def recommendation(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count promoters, passives and detractors."""
    survey = declared.terms.surveys.nps
    if one.subject != "person":
        return
    for score in scores(one.events, survey, window.start, window.end, declared.revises.get(survey.event)):
        tally.counts["promoters" if score >= 9 else "passives" if score >= 7 else "detractors"] += 1


def nps(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give the net promoter score."""
    counts = tally.counts
    return net_promoter_score(counts["promoters"], counts["passives"], counts["detractors"])


def answers(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count answers, and good ones."""
    survey = declared.terms.surveys.csat
    if one.subject != "person":
        return
    for score in scores(one.events, survey, window.start, window.end, declared.revises.get(survey.event)):
        tally.counts["answers"] += 1
        tally.counts["good"] += score >= survey.good_from


def csat(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give the share of good answers with its interval."""
    return satisfaction(tally.counts["good"], tally.counts["answers"])


# Tickets


def first_contacts(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Count tickets that were first resolved, and those of them that were done with."""
    within = declared.terms.tickets.reopened_within.micros
    done, judged = first_contact(one.tickets, window.start, window.end, within, window.as_of)
    tally.counts["done"] += done
    tally.counts["judged"] += judged


def fcr(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give the share of tickets resolved at first contact."""
    return ratio(tally.counts["done"], tally.counts["judged"])


def responses(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Keep the times to the first answer."""
    calendar = declared.calendar if options.clock == "business" else None
    tally.values += first_response_times(one.tickets, window.start, window.end, calendar)


def resolutions(tally: Counts, one: History, window: Window, declared: Declared, options: Options) -> None:
    """Keep the times to the last resolution."""
    calendar = declared.calendar if options.clock == "business" else None
    tally.values += resolution_times(one.tickets, window.start, window.end, calendar)


def times(tally: Counts, window: Window, declared: Declared, options: Options, part: str | None) -> Quotient:
    """Give the statistic of the times that is asked for."""
    return duration(tally.values, options.statistic)


# Who says who left


def who_says(one: History, window: Window, sources: frozenset[str]) -> frozenset[str]:
    """Give which sources say of a customer that they left in the window, the contracts among them."""
    said = {report.name for report in one.reports if window.start <= report.at < window.end}
    if ends_within(one.paying, window.start, window.end):
        said.add(CONTRACTS)
    return frozenset(said) & (sources | {CONTRACTS})
