import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from engine.authoring.demo import Demo, generate
from engine.authoring.loader import load_folder, require

from .conftest import SEED

REPOSITORY = Path(__file__).resolve().parents[4]

PRINT_DIGEST = (
    "import hashlib, msgspec; from engine.authoring.demo import generate; "
    "print(hashlib.sha256(msgspec.json.encode(generate(3, 300), order='deterministic')).hexdigest())"
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
    assert msgspec.json.encode(generate(1, 300).events) != msgspec.json.encode(generate(2, 300).events)


def test_the_base_is_as_large_as_asked(demo: Demo) -> None:
    ids = {
        body["customer"] for delivery in demo.events if "first_name" in (body := delivery.body)["properties"]
    }
    accounts = {delivery.body["account"] for delivery in demo.events if delivery.body["event"] == "group"}
    assert len(ids) + len(accounts) == demo.customers == 2000
    assert demo.days == 365
    assert 100_000 <= len(demo.events) <= 200_000


def test_every_rule_has_cases_and_those_that_can_be_spared_have_innocents(demo: Demo) -> None:
    rules = require(load_folder(REPOSITORY)).rules
    fires = Counter(case.rule for case in demo.planted if case.expect == "fire")
    innocents = Counter(case.rule for case in demo.planted if case.expect == "innocent")
    assert set(fires) == set(innocents) == set(rules)
    assert min(number for rule, number in fires.items() if rule != "usage-outage") >= 12


def test_every_case_lies_within_the_demo_and_is_planted_once(demo: Demo) -> None:
    assert all(demo.start <= case.at <= case.within <= demo.end for case in demo.planted)
    assert max(Counter(demo.planted).values()) == 1


def test_no_case_and_innocent_of_a_rule_overlap(demo: Demo) -> None:
    fires: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for case in demo.planted:
        if case.expect == "fire":
            fires.setdefault((case.rule, case.customer), []).append((case.at, case.within))
    for innocent in demo.planted:
        if innocent.expect == "innocent":
            for at, within in fires.get((innocent.rule, innocent.customer), ()):
                assert innocent.within < at or within < innocent.at, (innocent, at, within)


def test_fewer_days_are_the_beginning_of_the_same_year() -> None:
    year, weeks = generate(SEED, 300), generate(SEED, 300, 60)
    assert weeks.events == tuple(one for one in year.events if one.received_at < weeks.end)


def test_a_base_too_small_for_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        generate(SEED, customers=20)
