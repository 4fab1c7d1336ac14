"""Churn as facts: when it was asked for, when service ended, why, who says so, and who came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from engine.customers.event import IDENTIFY, Event
from engine.customers.leaving import churn_reason, is_voluntary
from engine.metrics.lives import Life
from engine.model.metric import ChurnTerms, SourceKind
from engine.model.reasons import ChurnReason
from engine.model.values import DAY, Micros

BELONGS: Micros = 60 * DAY
"""A report that occurred so long before or after an end is about it."""


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a customer left.

    `requested` is when the end was asked for, `churned` when service ended. `told` is the reason as
    it was written, `reason` what it means in the closed list, `source` where it is from: billing for
    the contract's own. `reactivated` is when the customer paid again.
    """

    requested: Micros | None
    churned: Micros
    voluntary: bool
    reason: ChurnReason | None = None
    told: str | None = None
    source: SourceKind | None = None
    reactivated: Micros | None = None


class Report(msgspec.Struct, frozen=True):
    """Somebody says that a customer left: who, when, and with which reason."""

    name: str
    at: Micros
    kind: SourceKind
    told: str | None = None


def reports_of(events: Iterable[Event], terms: ChurnTerms) -> list[Report]:
    """Give what the declared sources say of a customer, in the order of time."""
    found: list[Report] = []
    latest: dict[str, Event] = {}
    for event in sorted(events, key=lambda one: (one.occurred_at, one.seq)):
        for name, source in terms.sources.items():
            if source.event is not None and event.name == source.event:
                told = event.properties.get(source.reason) if source.reason else None
                found.append(
                    Report(name, event.occurred_at, source.kind, told if isinstance(told, str) else None)
                )
            elif source.trait is not None and event.name == IDENTIFY and source.trait in event.properties:
                latest[name] = event
    for name, event in latest.items():
        source = terms.sources[name]
        if _is_yes(event.properties[source.trait or ""]):
            found.append(Report(name, event.occurred_at, source.kind))
    return sorted(found, key=lambda one: (one.at, one.name))


def _is_yes(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes", "1"))


def churns_of(life: Life, reports: Sequence[Report], terms: ChurnTerms) -> list[Churn]:
    """Give each time that a customer left, in order.

    The reason is the contract's; where that has none of the closed list, the nearest report's that has.
    """
    found: list[Churn] = []
    for number, step in enumerate(life):
        if step.cents:
            continue
        told, source, reason = step.reason, None, churn_reason(step.reason, terms.reasons)
        kind: SourceKind | None = "billing" if step.reason is not None else None
        if reason is None:
            near = [one for one in reports if abs(one.at - step.at) <= BELONGS and one.told is not None]
            source = min(
                (one for one in near if churn_reason(one.told, terms.reasons)),
                key=lambda one: (abs(one.at - step.at), one.name),
                default=None,
            )
        if source is not None:
            told, kind, reason = source.told, source.kind, churn_reason(source.told, terms.reasons)
        found.append(
            Churn(
                requested=step.requested,
                churned=step.at,
                voluntary=is_voluntary(told) and reason is not ChurnReason.PAYMENT_FAILURE,
                reason=reason,
                told=told,
                source=kind,
                reactivated=life[number + 1].at if number + 1 < len(life) else None,
            )
        )
    return found


CONTRACTS = "contracts"
"""How the contracts themselves are named among those who say who left."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two sources and whom they name: both of them, and one without the other."""

    one: str
    other: str
    both: int
    only_one: int
    only_other: int

    @property
    def disagree(self) -> int:
        """Give for how many customers they do not say the same."""
        return self.only_one + self.only_other


def compared(
    sources: Sequence[str], names: Mapping[frozenset[str], int]
) -> tuple[dict[str, int], list[Pair]]:
    """Give how many customers each source says have left, and each pair of sources held against each other.

    `names` counts customers by the set of sources that say so of them.
    """
    total = {source: sum(number for who, number in names.items() if source in who) for source in sources}
    pairs = []
    for one, other in combinations(sources, 2):
        both = sum(number for who, number in names.items() if one in who and other in who)
        pairs.append(
            Pair(
                one=one, other=other, both=both,
                only_one=total[one] - both, only_other=total[other] - both,
            )
        )  # fmt: skip
    return total, pairs
