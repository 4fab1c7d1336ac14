"""Every metric by name: what it says, what it reads, and how it is computed.

A metric looks at one customer at a time and only counts, so that no more than a number or, for
times, one number a ticket is kept however large the base is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from engine.metrics import observing as see
from engine.metrics.curves import Curve
from engine.metrics.figure import Figure, Quotient, Window
from engine.metrics.history import Declared, History, Options
from engine.model.reasons import NoFigure


class Tally:
    """What was counted over customers: numbers by name, and times one by one."""

    __slots__ = ("counts", "values")

    def __init__(self) -> None:
        self.counts: Counter[Any] = Counter()
        self.values: list[int] = []


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric. `version` is that of its formula; its declaration is told apart by the definition's id.

    `grouped_at` says when somebody has to be in a segment to count for it: at the window's start for
    what follows those who were there, else at its end. `options` are what may be asked of it, `parts`
    what it can be taken apart by besides segments.
    """

    name: str
    title: str
    formula: str
    unit: Literal["share", "points", "cents", "seconds"]
    observe: Callable[[Any, History, Window, Declared, Options], None]
    conclude: Callable[[Any, Window, Declared, Options, str | None], Quotient]
    reads: Callable[[Declared], frozenset[str]]
    declares: Callable[[Declared], Any]
    version: int = 1
    grouped_at: Literal["start", "end"] = "end"
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def definition_of(metric: Metric, declared: Declared, options: Options) -> str:
    """Give the id of a definition: metric, formula's version, and a hash of all that it rests on.

    It changes when the declaration, the zone or an option changes, and for nothing else.
    """
    asked = {name: getattr(options, name) for name in metric.options}
    return definition_id(metric.name, metric.version, metric.declares(declared), declared.zone.name, asked)


def definition_id(name: str, version: int, *told: Any) -> str:
    """Give the id of a definition that rests on these declarations."""
    text = msgspec.json.encode(msgspec.to_builtins((name, version, told), str_keys=True), order="sorted")
    return f"{name}-{version}-{hashlib.sha256(text).hexdigest()[:12]}"


def figure_of(
    metric: Metric,
    tally: Tally,
    window: Window,
    declared: Declared,
    options: Options,
    *,
    group: str | None = None,
    part: str | None = None,
) -> Figure:
    """Give the figure of what was counted; a `part` is `reason:price_budget` and the like."""
    if window.start >= window.as_of:
        found = Quotient(reason=NoFigure.INCOMPLETE)
    else:
        found = metric.conclude(tally, window, declared, options, part)
    return Figure(
        metric=metric.name,
        value=found.value,
        unit=metric.unit,
        numerator=found.numerator,
        denominator=found.denominator,
        reason=found.reason,
        start=window.start,
        end=window.end,
        as_of=window.as_of,
        zone=window.zone,
        definition=definition_of(metric, declared, options),
        definition_version=metric.version,
        group=group if part is None else part.partition(":")[2],
        low=found.low,
        high=found.high,
        of=found.of,
        complete=window.end <= window.as_of,
    )


def _lives(declared: Declared) -> frozenset[str]:
    return declared.life_events


def _contracts(declared: Declared) -> frozenset[str]:
    return declared.contract_events


def _churn(declared: Declared) -> frozenset[str]:
    return declared.life_events | declared.churn_events


def _orders(declared: Declared) -> frozenset[str]:
    return frozenset((declared.terms.orders.event,))


def _tickets(declared: Declared) -> frozenset[str]:
    return frozenset(declared.terms.tickets.names)


def _life_terms(declared: Declared) -> Any:
    by = declared.subscriptions if declared.by_contracts else declared.terms.active
    return (by, sorted(declared.life_events))


def _contract_terms(declared: Declared) -> Any:
    return declared.subscriptions


def _churn_terms(declared: Declared) -> Any:
    return (_life_terms(declared), declared.terms.churn)


def _worth_terms(declared: Declared) -> Any:
    terms = declared.terms
    return (
        _life_terms(declared), declared.subscriptions, terms.margin and str(terms.margin),
        terms.lifespan_cap, terms.orders,
    )  # fmt: skip


def _ticket_terms(declared: Declared) -> Any:
    return (declared.terms.tickets, declared.calendar)


def _order_terms(declared: Declared) -> Any:
    return declared.terms.orders


def _csat(declared: Declared) -> Any:
    return (declared.terms.surveys.csat, declared.revises.get(declared.terms.surveys.csat.event))


def _nps(declared: Declared) -> Any:
    return (declared.terms.surveys.nps, declared.revises.get(declared.terms.surveys.nps.event))


_ALL = (
    Metric(
        name="crr",
        title="Customer retention rate",
        formula="customers at the start who are customers at the end / customers at the start",
        unit="share", observe=see.cohort, conclude=see.retained, reads=_lives, declares=_life_terms,
        grouped_at="start",
    ),
    Metric(
        name="logo_churn_rate",
        title="Customer churn rate",
        formula="standard: customers at the start who are none at the end / customers at the start; "
        "stripe: times that anybody left / (customers at the start + times that anybody joined); "
        "daily: the sum over days of those who left / those who were there when the day began",
        unit="share", observe=see.churn, conclude=see.churned, reads=_churn, declares=_churn_terms,
        grouped_at="start", options=("formula",), parts=("reason", "kind", "source"),
    ),
    Metric(
        name="recurring_revenue",
        title="Monthly recurring revenue at the end",
        formula="what is paid a month just before the window's end",
        unit="cents", observe=see.revenue, conclude=see.recurring, reads=_contracts, declares=_contract_terms,
    ),
    Metric(
        name="grr",
        title="Gross revenue retention",
        formula="(start - contraction - churn) / start, of who paid at the start",
        unit="share", observe=see.revenue, conclude=see.gross, reads=_contracts, declares=_contract_terms,
        grouped_at="start",
    ),
    Metric(
        name="nrr",
        title="Net revenue retention",
        formula="(start - contraction - churn + expansion) / start, of who paid at the start",
        unit="share", observe=see.revenue, conclude=see.net, reads=_contracts, declares=_contract_terms,
        grouped_at="start", options=("include_reactivation",),
    ),
    Metric(
        name="revenue_growth",
        title="Revenue growth of existing customers",
        formula="net revenue retention - 1",
        unit="share", observe=see.revenue, conclude=see.growth, reads=_contracts, declares=_contract_terms,
        grouped_at="start", options=("include_reactivation",),
    ),
    Metric(
        name="arpa",
        title="Average revenue per account and month",
        formula="MRR at the end / who pays at the end",
        unit="cents", observe=see.revenue, conclude=see.arpa, reads=_contracts, declares=_contract_terms,
    ),
    Metric(
        name="acv",
        title="Annual contract value",
        formula="12 x MRR at the end / who pays at the end; one-off amounts are in no contract",
        unit="cents", observe=see.revenue, conclude=see.acv, reads=_contracts, declares=_contract_terms,
    ),
    Metric(
        name="ltv_revenue",
        title="Revenue of a customer over life",
        formula="average order x orders per buyer in the window x (1 / churn in the window)",
        unit="cents", observe=see.worth_of_orders, conclude=see.ltv, reads=lambda d: _lives(d) | _orders(d),
        declares=_worth_terms,
    ),
    Metric(
        name="clv_margin",
        title="Margin of a customer over life",
        formula="margin x ARPA at the start x months in the window x (1 / churn in the window)",
        unit="cents", observe=see.worth_of_contracts, conclude=see.clv, reads=_contracts,
        declares=_worth_terms,
    ),
    Metric(
        name="repeat_purchase_ratio",
        title="Repeat purchase ratio",
        formula="returning_in_period: buyers who had bought before / buyers in the window; "
        "repeat_within_period: buyers with two orders or more in the window / buyers in the window",
        unit="share", observe=see.buyers, conclude=see.repeated, reads=_orders, declares=_order_terms,
        options=("variant",),
    ),
    Metric(
        name="nps",
        title="Net promoter score",
        formula="100 x (answers of 9 and 10 - answers of 0 to 6) / answers",
        unit="points", observe=see.recommendation, conclude=see.nps,
        reads=lambda d: frozenset((d.terms.surveys.nps.event,)), declares=_nps,
    ),
    Metric(
        name="csat",
        title="Customer satisfaction",
        formula="good answers / answers, with its 95% interval",
        unit="share", observe=see.answers, conclude=see.csat,
        reads=lambda d: frozenset((d.terms.surveys.csat.event,)), declares=_csat,
    ),
    Metric(
        name="fcr",
        title="First contact resolution",
        formula="tickets first resolved in the window without another contact, which did not come back / "
        "tickets first resolved in the window",
        unit="share", observe=see.first_contacts, conclude=see.fcr, reads=_tickets, declares=_ticket_terms,
    ),
    Metric(
        name="first_response_time",
        title="First response time",
        formula="from opening to the first answer, pauses not counted, of tickets first answered in it",
        unit="seconds", observe=see.responses, conclude=see.times, reads=_tickets, declares=_ticket_terms,
        options=("statistic", "clock"),
    ),
    Metric(
        name="resolution_time",
        title="Resolution time",
        formula="from opening to the last resolution, pauses not counted, of tickets last resolved in it",
        unit="seconds", observe=see.resolutions, conclude=see.times, reads=_tickets, declares=_ticket_terms,
        options=("statistic", "clock"),
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}

RETENTION, MOVEMENTS = "retention", "mrr"
"""What is told in rows of their own: curves of cohorts, and revenue month by month."""


def curve_definition(curve: Curve, declared: Declared) -> str:
    """Give the id of retention curves: they rest on the events that make active."""
    return definition_id(RETENTION, 1, sorted(declared.active_events), declared.zone.name, curve)


def movements_definition(declared: Declared) -> str:
    """Give the id of revenue movements: they rest on what contracts are."""
    return definition_id(MOVEMENTS, 1, _contract_terms(declared), declared.zone.name)
