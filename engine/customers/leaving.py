"""Why customers leave: what people and billing systems write, read as one of a closed list."""

from __future__ import annotations

from collections.abc import Mapping

from engine.customers.contracts import INVOLUNTARY
from engine.customers.normalise import snake
from engine.model.reasons import ChurnReason

_NO_WORDS: Mapping[str, str] = {}

WORDS: Mapping[str, ChurnReason] = {
    "price": ChurnReason.PRICE_BUDGET,
    "pricing": ChurnReason.PRICE_BUDGET,
    "budget": ChurnReason.PRICE_BUDGET,
    "too_expensive": ChurnReason.PRICE_BUDGET,
    "cost": ChurnReason.PRICE_BUDGET,
    "competition": ChurnReason.COMPETITION_MARKET,
    "competitor": ChurnReason.COMPETITION_MARKET,
    "switched_service": ChurnReason.COMPETITION_MARKET,
    "support": ChurnReason.POOR_SERVICE,
    "service": ChurnReason.POOR_SERVICE,
    "customer_service": ChurnReason.POOR_SERVICE,
    "complaint": ChurnReason.POOR_SERVICE,
    "bugs": ChurnReason.QUALITY,
    "features": ChurnReason.QUALITY,
    "missing_features": ChurnReason.QUALITY,
    "low_quality": ChurnReason.QUALITY,
    "unused": ChurnReason.LOW_ENGAGEMENT,
    "not_using": ChurnReason.LOW_ENGAGEMENT,
    "low_usage": ChurnReason.LOW_ENGAGEMENT,
    "too_complex": ChurnReason.UX_FRICTION,
    "hard_to_use": ChurnReason.UX_FRICTION,
    "too_many_messages": ChurnReason.INEFFECTIVE_MARKETING,
    "reorganisation": ChurnReason.ORG_CHANGE,
    "onboarding": ChurnReason.ONBOARDING_GAP,
    "champion_left": ChurnReason.RELATIONSHIP_LOSS,
}
"""Words that billing systems and exit surveys use, in snake case."""

_NO_REASON = frozenset(("deceased", "fraud", "involuntary"))
"""Involuntary, and yet no payment failed."""


def churn_reason(told: str | None, words: Mapping[str, str] = _NO_WORDS) -> ChurnReason | None:
    """Give the reason of the closed list that somebody meant, None where it is none of them.

    `words` are the workspace's own, by what is written in snake case.
    """
    if told is None:
        return None
    word = snake(told)
    if word in words:
        return ChurnReason(words[word])
    if word in WORDS:
        return WORDS[word]
    if word in INVOLUNTARY and word not in _NO_REASON:
        return ChurnReason.PAYMENT_FAILURE
    return next((reason for reason in ChurnReason if reason.value == word), None)


def is_voluntary(told: str | None) -> bool:
    """Tell whether a customer wanted to leave, as far as the reason says."""
    return told is None or snake(told) not in INVOLUNTARY
