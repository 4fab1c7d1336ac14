"""The maps for vendors' exports, on invented samples in the documented formats, sound and damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.cli.places import DATABASE
from engine.authoring.importing.maps import load_map
from engine.authoring.importing.shipped import EXPORTS as MAPS
from tests.command_line import Holdfast

EXPORTS = Path(__file__).resolve().parents[2] / "examples" / "exports"
TAKEN = {
    "hubspot-contacts": 3,
    "hubspot-deals": 5,
    "hubspot-tickets": 5,
    "salesforce-accounts": 2,
    "salesforce-cases": 5,
    "salesforce-contacts": 3,
    "salesforce-opportunities": 5,
    "shopify-customers": 3,
    "shopify-orders": 5,
    "stripe-payments": 4,
    "stripe-subscriptions": 8,
    "zendesk-satisfaction": 2,
    "zendesk-tickets": 7,
}
"""Events that come of each sample."""


@pytest.fixture
def starter(tmp_path: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace as `holdfast init` lays it out."""
    folder = tmp_path / "mine"
    monkeypatch.delenv(DATABASE, raising=False)
    assert holdfast("init", str(folder)).code == 0
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_an_export_arrives_as_the_policys_own_events(starter: Path, holdfast: Holdfast, name: str) -> None:
    vendor = name.partition("-")[0]
    shutil.copy(EXPORTS / f"{name}.csv", "export.csv")

    answer = holdfast("import", "export.csv", "--map", vendor, "--history", "--json").answer

    counts = (answer["accepted"], answer["duplicates"], answer["conflicts"], answer["quarantined"])
    assert counts == (TAKEN[name], 0, 0, 0)
    assert holdfast("doctor", "--json").answer["balanced"]


def test_a_fitting_export_is_recognised(starter: Path, holdfast: Holdfast) -> None:
    shutil.copy(EXPORTS / "shopify-orders.csv", "orders_export_1.csv")

    said = holdfast("import", "orders_export_1.csv", "--json")

    assert (said.code, said.answer["proposal"]["name"]) == (3, "shopify-orders")


DAMAGE: dict[str, dict[str, int]] = {
    "hubspot-contacts": {"no_customer": 1},
    "hubspot-deals": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "hubspot-tickets": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "salesforce-accounts": {"no_customer": 1},
    "salesforce-cases": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "salesforce-contacts": {"no_customer": 1, "wrong_type": 1},
    "salesforce-opportunities": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "shopify-customers": {"no_customer": 1},
    "shopify-orders": {"no_customer": 1, "bad_time": 1, "conflict": 1, "missing_property": 1},
    "stripe-payments": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "stripe-subscriptions": {"no_customer": 2, "bad_time": 1, "conflict": 1},
    "zendesk-satisfaction": {"no_customer": 1, "bad_time": 1, "conflict": 1},
    "zendesk-tickets": {"no_customer": 1, "bad_time": 1, "conflict": 1},
}
"""What is wrong with each damaged export, besides a torn quote and a row that is not UTF-8."""


@pytest.mark.parametrize("name", sorted(DAMAGE))
def test_a_damaged_export_is_told_and_the_rest_goes_in(starter: Path, holdfast: Holdfast, name: str) -> None:
    # given an export with every kind of damage, each in a row of its own
    shutil.copy(EXPORTS / "damaged" / f"{name}.csv", "export.csv")
    shown = holdfast("import", "export.csv", "--map", name, "--preview", "--json").answer

    # when it is imported
    answer = holdfast(
        "import", "export.csv", "--map", name, "--history", "--json", "--refused", "refused.csv"
    ).answer

    # then everything wrong is counted, beforehand and after, and the sound rows are in
    wrong = {"not_an_object": 1, "bad_value": 1, **DAMAGE[name]}
    assert {one["code"]: one["count"] for one in shown["refused"]} == wrong
    assert answer["conflicts"] == wrong.get("conflict", 0)
    assert answer["conflicts"] + answer["quarantined"] == sum(wrong.values()) == answer["refused"]
    assert answer["accepted"] >= TAKEN[name]
    assert answer["accepted"] + answer["duplicates"] == shown["sound"]
    assert holdfast("doctor", "--json").answer["balanced"]


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_an_export_without_a_column_says_which(starter: Path, holdfast: Holdfast, name: str) -> None:
    # given an export in which the last column that the map needs goes by another name
    column = load_map(MAPS / f"{name}.yaml").map.needs[-1]
    head, rest = (EXPORTS / f"{name}.csv").read_text().split("\n", 1)
    named = ["Something" if one == column else one for one in head.split(",")]
    Path("export.csv").write_text(",".join(named) + "\n" + rest)

    # when it is imported
    said = holdfast("import", "export.csv", "--map", name, "--history")

    # then the column is named, and nothing has gone in
    assert said.code == 1
    assert f"export.csv has no column {column}, which the map {name} needs" in said.err
    assert not Path("holdfast.db").exists()
