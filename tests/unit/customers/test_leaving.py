"""Reasons for which customers leave, as people and billing systems write them."""

import pytest

from engine.customers.leaving import WORDS, churn_reason, is_voluntary
from engine.model.reasons import ChurnReason


@pytest.mark.parametrize("reason", ChurnReason)
def test_a_reason_of_the_list_means_itself(reason: ChurnReason) -> None:
    assert churn_reason(reason.value) is reason


@pytest.mark.parametrize("word", WORDS)
def test_words_are_read_in_snake_case(word: str) -> None:
    assert churn_reason(word.replace("_", " ").title()) is WORDS[word]


def test_the_workspace_has_words_of_its_own() -> None:
    assert churn_reason("Sunset", {"sunset": "quality"}) is ChurnReason.QUALITY
    assert churn_reason("sunset") is None
    assert churn_reason(None) is None


@pytest.mark.parametrize(
    ("told", "reason", "voluntary"),
    [
        ("card_expired", ChurnReason.PAYMENT_FAILURE, False),
        ("deceased", None, False),
        ("fraud", None, False),
        ("price", ChurnReason.PRICE_BUDGET, True),
        (None, None, True),
    ],
)
def test_who_did_not_want_to_leave(told: str | None, reason: ChurnReason | None, voluntary: bool) -> None:
    assert (churn_reason(told), is_voluntary(told)) == (reason, voluntary)
