"""Holdouts, whatever the salt, the share and the customer."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.experiments.assignment import BUCKETS, arm, bucket, held_out, split_design
from engine.model.values import Percent

SHARES = st.decimals(0, 1, places=6)


@given(st.text(), st.text(min_size=1), SHARES, SHARES)
def test_growing_a_share_takes_nobody_out_of_the_control_group(
    salt: str, customer: str, one: Decimal, other: Decimal
) -> None:
    less, more = sorted((one, other))
    if held_out(salt, customer, Percent(less)):
        assert held_out(salt, customer, Percent(more))


@given(st.text(), st.text(min_size=1))
def test_all_or_nobody_is_held_out(salt: str, customer: str) -> None:
    assert held_out(salt, customer, Percent(Decimal(1)))
    assert not held_out(salt, customer, Percent(Decimal(0)))


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=6), st.text(min_size=1))
def test_a_design_agrees_with_the_arm_that_is_taken(parts: list[int], customer: str) -> None:
    # given shares that add up to all, in ten-thousandths, however they fall
    total = sum(parts) or 1
    shares = [Decimal(part * BUCKETS // total) / BUCKETS for part in parts]
    shares[-1] += 1 - sum(shares)
    arms = {f"arm-{place}": Percent(share) for place, share in enumerate(shares)}
    # then the arm is the one in whose buckets the customer lies
    design, place = split_design("flow", "test", arms), bucket("flow/test", customer)
    assert sum(design.arms.values()) == BUCKETS
    reached = 0
    for name, number in design.arms.items():
        reached += number
        if place < reached:
            assert arm("flow", "test", customer, arms) == name
            break
