import os
import subprocess
import sys
from collections import Counter

import msgspec
import pytest

from engine.authoring.demo import TRIGGERS, Demo, generate

from .conftest import SEED

PRINT_DIGEST = (
    "import hashlib, msgspec; from engine.authoring.demo import generate; "
    "print(hashlib.sha256(msgspec.json.encode(generate(3, 300))).hexdigest())"
)


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed, zone in (("1", "UTC"), ("2", "Pacific/Apia"))
    }
    assert len(digests) == 1


def test_another_seed_gives_another_base() -> None:
    assert msgspec.json.encode(generate(1, 200).events) != msgspec.json.encode(generate(2, 200).events)


def test_the_base_is_as_large_as_asked(demo: Demo) -> None:
    ids = {
        body["customer"] for delivery in demo.events if "first_name" in (body := delivery.body)["properties"]
    }
    accounts = {delivery.body["account"] for delivery in demo.events if delivery.body["event"] == "group"}
    assert len(ids) + len(accounts) == demo.customers == 2000
    assert demo.days == 120
    assert 90_000 <= len(demo.events) <= 150_000


@pytest.mark.parametrize(
    "trigger",
    [
        "usage_drop_50",
        "usage_drop_10",
        "usage_drop_2",
        "low_csat",
        "cart_abandonment",
        "renewal",
        "churn",
        "quiet",
    ],
)
def test_every_trigger_is_planted_often(demo: Demo, trigger: str) -> None:
    assert sum(case.trigger == trigger and case.expect == "fire" for case in demo.planted) >= 40


@pytest.mark.parametrize("trigger", ["usage_drop_50", "low_csat", "cart_abandonment", "renewal", "churn"])
def test_where_false_alarms_are_bounded_there_are_many_innocents(demo: Demo, trigger: str) -> None:
    assert sum(case.trigger == trigger and case.expect == "innocent" for case in demo.planted) >= 200


def test_every_case_lies_within_the_demo_and_is_planted_once(demo: Demo) -> None:
    assert all(demo.start <= case.at <= case.within <= demo.end for case in demo.planted)
    assert max(Counter(demo.planted).values()) == 1


def test_no_case_and_innocent_of_a_rule_overlap(demo: Demo) -> None:
    fires = {(case.rule, case.customer): case for case in demo.planted if case.expect == "fire"}
    for innocent in demo.planted:
        case = fires.get((innocent.rule, innocent.customer))
        if innocent.expect == "innocent" and case is not None:
            assert innocent.within < case.at or case.at < innocent.at


def test_a_small_base_has_every_trigger_too() -> None:
    small = generate(SEED, customers=150)
    assert {case.trigger for case in small.planted} == set(TRIGGERS)


def test_a_base_too_small_for_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        generate(SEED, customers=20)
