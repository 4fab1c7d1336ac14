"""E1: buckets, holdouts and arms are the same for ever."""

from collections import Counter
from decimal import Decimal

import pytest

from engine.experiments.assignment import (
    BUCKETS,
    GLOBAL_SALT,
    Design,
    arm,
    bucket,
    design_of,
    expose,
    expose_to_split,
    held_out,
    split_design,
)
from engine.model.policy import ContactPolicy
from engine.model.values import Percent, Reentry
from engine.model.workflow import MessageClass, Workflow

TEN, TWENTY = Percent(Decimal("0.10")), Percent(Decimal("0.20"))
CUSTOMERS = [f"cust-{number}" for number in range(200_000)]


@pytest.fixture(scope="module")
def buckets() -> list[int]:
    return [bucket("winback-2026", customer) for customer in CUSTOMERS]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [("cust-0", 4137), ("cust-1", 348), ("cust-2", 9196), ("cust-3", 2367), ("cust-4", 5632)],
)
def test_e1_buckets(customer: str, expected: int) -> None:
    assert bucket("winback-2026", customer) == expected


def test_e1_ten_percent_of_many_is_ten_percent(buckets: list[int]) -> None:
    share = sum(1 for place in buckets if place < 1000) / len(buckets)
    assert round(share * 100, 1) == 10.0
    assert [held_out("winback-2026", customer, TEN) for customer in CUSTOMERS[:5000]] == [
        place < 1000 for place in buckets[:5000]
    ]


def test_e1_two_salts_overlap_as_chance_would_have_it(buckets: list[int]) -> None:
    control = [customer for customer, place in zip(CUSTOMERS, buckets, strict=True) if place < 1000]
    both = sum(1 for customer in control if held_out("cart-2026", customer, TEN))
    assert 0.09 <= both / len(control) <= 0.11


def test_e1_growing_the_share_moves_nobody_out_of_control() -> None:
    for customer in CUSTOMERS[:20_000]:
        if held_out("winback-2026", customer, TEN):
            assert held_out("winback-2026", customer, TWENTY)


def test_arms_take_their_shares_and_keep_their_customers() -> None:
    arms = {
        "plain": Percent(Decimal("0.5")),
        "offer": Percent(Decimal("0.3")),
        "call": Percent(Decimal("0.2")),
    }
    taken = Counter(arm("news", "offer-test", customer, arms) for customer in CUSTOMERS[:20_000])
    assert {name: round(count / 20_000, 1) for name, count in taken.items()} == {
        "plain": 0.5, "offer": 0.3, "call": 0.2,
    }  # fmt: skip
    # and the buckets under news/offer-test of these three are 479, 7398 and 9762
    assert [
        arm("news", "offer-test", customer, arms) for customer in ("cust-7", "cust-12", "cust-3")
    ] == list(arms)


def workflow(class_: MessageClass = "marketing", salt: str | None = None) -> Workflow:
    holdout = TEN if class_ == "marketing" else None
    return Workflow(
        id="win-back", class_=class_, salt=salt, holdout=holdout, reentry=Reentry("never"), steps=()
    )


def test_a_run_is_exposed_under_the_salt_of_its_workflow() -> None:
    # given cust-1, whose bucket under winback-2026 is 348
    exposure = expose(workflow(salt="winback-2026"), ContactPolicy(), "run-1", "cust-1", 7)
    assert (exposure.arm, exposure.bucket, exposure.salt, exposure.at) == ("held_out", 348, "winback-2026", 7)
    # and cust-0 with 4137
    assert expose(workflow(salt="winback-2026"), ContactPolicy(), "run-2", "cust-0", 7).arm == "treated"


def test_the_salt_is_by_default_the_id() -> None:
    exposure = expose(workflow(), ContactPolicy(), "run-1", "cust-1", 0)
    assert (exposure.salt, exposure.bucket) == ("win-back", bucket("win-back", "cust-1"))


def test_the_global_group_goes_before_a_workflows_own() -> None:
    policy = ContactPolicy(global_holdout=Percent(Decimal(1)))
    exposure = expose(workflow(), policy, "run-1", "cust-1", 0)
    assert (exposure.arm, exposure.salt) == ("held_out", GLOBAL_SALT)


@pytest.mark.parametrize("class_", ["service", "transactional"])
def test_only_marketing_is_held_out(class_: MessageClass) -> None:
    policy = ContactPolicy(global_holdout=Percent(Decimal(1)))
    assert expose(workflow(class_), policy, "run-1", "cust-1", 0).arm == "treated"


def test_a_design_says_how_many_buckets_each_arm_has() -> None:
    policy = ContactPolicy(global_holdout=Percent(Decimal("0.015")))
    exposure = expose(workflow(salt="winback-2026"), policy, "run-1", "cust-0", 7)
    assert design_of(exposure.design) == Design(
        salt="winback-2026", arms={"treated": 9000, "held_out": 1000}, global_=150
    )
    assert design_of("") is None


@pytest.mark.parametrize(
    "shares", [("50", "50"), ("33.33", "33.33", "33.34"), ("0.005", "99.995"), ("100", "0")]
)
def test_the_design_of_a_split_counts_the_very_buckets_that_its_arms_take(shares: tuple[str, ...]) -> None:
    arms = {f"arm-{place}": Percent(Decimal(share) / 100) for place, share in enumerate(shares)}
    design = split_design("news", "offer-test", arms)
    assert sum(design.arms.values()) == BUCKETS
    # every bucket, by the arm that a customer in it takes
    taken = Counter(arm("news", "offer-test", name, arms) for name in CUSTOMERS[:20_000])
    for name, number in design.arms.items():
        assert abs(taken[name] - 2 * number) < 6 * max(1, 2 * number) ** 0.5


def test_who_comes_to_a_split_is_exposed_to_it() -> None:
    arms = {"plain": Percent(Decimal("0.5")), "offer": Percent(Decimal("0.5"))}
    exposure = expose_to_split("news", "offer-test", arms, "run-1", "cust-7", 9)
    assert (exposure.split, exposure.at, exposure.run) == ("offer-test", 9, "run-1")
    assert exposure.arm == arm("news", "offer-test", "cust-7", arms)
    assert exposure.bucket == bucket("news/offer-test", "cust-7")
