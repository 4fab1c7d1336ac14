"""The maps for vendors' exports, on invented samples in the documented formats, sound and damaged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

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


def look(holdfast: Holdfast, text: str, name: str) -> list[dict[str, Any]]:
    """Give the events that an export of these contents would arrive as."""
    export = Path("export.csv")
    export.write_text(text)
    os.utime(export, (CHANGED, CHANGED))
    shown = holdfast("import", "export.csv", "--map", name, "--preview", "--json").answer
    assert shown["refused"] == []
    return [{**row, **row["properties"]} for row in shown["preview"]]


CHANGED = 1_767_225_600
"""When an export was made, for the traits in it."""


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_capital_and_small_letters_in_the_names_of_columns_make_no_difference(
    starter: Path, holdfast: Holdfast, name: str
) -> None:
    head, rest = (EXPORTS / f"{name}.csv").read_text().split("\n", 1)
    as_documented = look(holdfast, f"{head}\n{rest}", name)

    assert look(holdfast, f"{head.upper()}\n{rest}", name) == as_documented
    assert look(holdfast, f"{head.lower()}\n{rest}", name) == as_documented


VARIANTS: dict[str, list[dict[str, Any]]] = {
    "hubspot-tickets/record-id": [
        {"event": "ticket_opened", "ticket_id": "5001", "at": "2026-01-10T09:30:00Z"},
        {"event": "ticket_opened", "ticket_id": "5002", "at": "2026-01-10T09:30:00Z"},
        {"event": "ticket_solved", "ticket_id": "5001", "at": "2026-01-11T12:00:00Z"},
    ],
    "salesforce-opportunities/weekly": [
        {"event": "deal_created", "deal_id": "006P1", "at": "2026-01-10T09:30:00Z"},
        {"event": "deal_created", "deal_id": "006P2", "at": "2026-01-12T10:00:00Z"},
        {"event": "deal_created", "deal_id": "006P3", "at": "2026-01-10T09:30:00Z"},
        {"event": "order_completed", "order_id": "006P1", "total": 5000, "at": "2026-02-10T00:00:00Z"},
        {"event": "deal_lost", "deal_id": "006P2", "amount": 5000, "at": "2026-02-10T00:00:00Z"},
    ],
    "shopify-customers/accepts-marketing": [
        {"customer": "ada.byrne@example.com", "marketing_email": True, "phone": "+4915550101"},
        {"customer": "ben.okoro@example.com", "marketing_email": False, "shopify_orders": 0},
    ],
    "shopify-customers/address": [
        {"customer": "ada.byrne@example.com", "marketing_email": True, "marketing_sms": False},
        {"customer": "ben.okoro@example.com", "marketing_email": False, "marketing_sms": True},
    ],
    "stripe-payments/created": [
        {"event": "payment_succeeded", "payment_id": "ch_1", "at": "2026-03-10T09:30:00Z"},
        {"event": "payment_succeeded", "payment_id": "ch_2", "at": "2026-03-11T09:30:00Z"},
        {"event": "payment_refunded", "payment_id": "ch_2", "amount": 20, "at": "2026-03-11T09:30:00Z"},
    ],
    "stripe-subscriptions/plan-price-id": [
        {"event": "subscription_updated", "plan": "price_team", "mrr": 98, "at": "2026-01-10T09:30:00Z"},
        {"event": "identify", "renewal_date": "2026-04-10"},
    ],
}
"""Exports of the same kind that name their columns otherwise, or write their cells otherwise."""


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_another_spelling_of_an_export_arrives_as_well(
    starter: Path, holdfast: Holdfast, variant: str
) -> None:
    vendor = variant.partition("-")[0]

    events = look(holdfast, (EXPORTS / "variants" / f"{variant}.csv").read_text(), vendor)

    expected = VARIANTS[variant]
    told = [{key: row[key] for key in one} for row, one in zip(events, expected, strict=True)]
    assert told == expected


def test_every_variant_has_its_test() -> None:
    kept = (path.relative_to(EXPORTS / "variants") for path in (EXPORTS / "variants").glob("*/*.csv"))

    assert sorted(str(path.with_suffix("")) for path in kept) == sorted(VARIANTS)


def test_a_ticket_without_an_id_is_refused(starter: Path, holdfast: Holdfast) -> None:
    # given tickets exported without either of the two columns that tell their id
    head, rest = (EXPORTS / "hubspot-tickets.csv").read_text().split("\n", 1)
    Path("export.csv").write_text(head.replace("Ticket ID", "Number") + "\n" + rest)

    # when they are imported
    answer = holdfast("import", "export.csv", "--map", "hubspot", "--history", "--json").answer

    # then none of them counts
    assert (answer["accepted"], answer["quarantined"]) == (0, TAKEN["hubspot-tickets"])


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
