"""E1: who is held out is a matter of a hash, the same for ever and on every machine."""

import pytest

from engine.experiments.assignment import bucket
from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

SALT = "winback-2026"
BUCKETS = {"cust-0": 4137, "cust-1": 348, "cust-2": 9196, "cust-3": 2367, "cust-4": 5632}
BASE = 200_000

RULE = """
rule: gone
when: {event: gone}
then:
  - run: win-back
"""
WIN_BACK = """
workflow: win-back
class: marketing
reentry: always
holdout: SHARE%
salt: winback-2026
steps:
  - do: email.send
    with: {message: reminder}
"""
POLICY = """
policy:
  consent: {email: marketing_email}
"""


def arms(share: int, customers: list[str]) -> dict[str, str]:
    engine = VirtualEngine(CONSENT, RULE, WIN_BACK.replace("SHARE", str(share)), POLICY)
    for customer in customers:
        engine.identify("2026-03-02 10:00", customer, **OPT_IN)
        engine.receive("2026-03-02 11:00", "gone", customer)
    exposures = engine.simulation.changes.exposures
    assert {one.customer: one.bucket for one in exposures} == {name: bucket(SALT, name) for name in customers}
    return {one.customer: one.arm for one in exposures}


@pytest.mark.parametrize(("customer", "expected"), BUCKETS.items())
def test_e1_a_bucket_is_the_hash_of_salt_and_customer(customer: str, expected: int) -> None:
    assert bucket(SALT, customer) == expected


def test_e1_a_tenth_is_held_out() -> None:
    held = sum(bucket(SALT, f"cust-{number}") < 1000 for number in range(BASE))
    assert f"{held / BASE:.1%}" == "10.0%"


def test_e1_two_salts_overlap_as_chance_would_have_it() -> None:
    one = {number for number in range(BASE) if bucket(SALT, f"cust-{number}") < 1000}
    both = sum(bucket("cart-2026", f"cust-{number}") < 1000 for number in one)
    assert 0.09 <= both / len(one) <= 0.11


def test_e1_a_greater_share_takes_nobody_out_of_the_control_group() -> None:
    customers = [f"cust-{number}" for number in range(100)]
    tenth, fifth = arms(10, customers), arms(20, customers)
    before = {name for name, arm in tenth.items() if arm == "held_out"}
    after = {name for name, arm in fifth.items() if arm == "held_out"}
    assert before < after
    assert before == {name for name in customers if bucket(SALT, name) < 1000}
