"""The reasons for a score: its heaviest parts, in their own words."""

from decimal import Decimal
from typing import Literal

from engine.model.score import Band, Part, Score
from engine.model.values import Formula
from engine.scores.reasons import reasons
from engine.scores.score import LastPart


def score(high_is: Literal["good", "bad"], **weights: int) -> Score:
    return Score(
        id="risk",
        parts={
            name: Part(
                weight=Decimal(weight),
                is_=Formula("1"),
                reason="Nothing was bought for long" if name == "quiet" else None,
            )
            for name, weight in weights.items()
        },
        bands={"low": Band(from_=Decimal(0))},
        high_is=high_is,
    )


def parts(**values: str) -> dict[str, LastPart]:
    return {name: LastPart(Decimal(value), 0) for name, value in values.items()}


def test_of_a_risk_the_parts_that_add_most_come_first() -> None:
    # 40 x 0.5 = 20, 30 x 1 = 30, 20 x 0.2 = 4, 10 x 1 = 10
    found = reasons(
        score("bad", quiet=40, open_tickets=30, csat=20, plan=10),
        parts(quiet="0.5", open_tickets="1", csat="0.2", plan="1"),
    )
    assert found == ["open tickets", "Nothing was bought for long", "plan"]


def test_of_a_health_the_parts_that_cost_most_come_first() -> None:
    found = reasons(score("good", quiet=40, support=30), parts(quiet="0.9", support="0.5"))
    assert found == ["support", "Nothing was bought for long"]


def test_what_adds_nothing_or_is_missing_is_no_reason() -> None:
    assert reasons(score("bad", quiet=40, support=30, csat=30), parts(quiet="0", support="1")) == ["support"]
    assert reasons(score("good", quiet=40, support=30), parts(quiet="1")) == []
