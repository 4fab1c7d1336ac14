"""Hook maps and hooks: every mistake is found where it was made, and the maps that ship have none."""

from __future__ import annotations

import pytest

from engine.authoring.hooks.shipped import shipped_hooks
from engine.authoring.loader import load, require
from tests.examples.broken_files import workspace

MAP = """hook: shop
vendor: shopify
events:
  - event: order_completed
    id: "{id}"
    customer: email
samples:
  - it: takes an order
    body: |
      {"id": 1, "email": "ann"}
    expect: |
      {"event": "order_completed", "id": "1", "customer": "ann", "properties": {}}
"""
SETTINGS = "\nhooks:\n  till: {map: shop, secrets: [{env: SHOP_SECRET}]}\n"


def found(map: str = MAP, settings: str = SETTINGS) -> list[tuple[int, str]]:
    """Gives line and code of what is found in a map and the hook that uses it."""
    files = dict(workspace())
    files["hooks/shop.yaml"] = map.encode()
    files["holdfast.yaml"] += settings.encode()
    return [(finding.line, finding.code) for finding in load(files).findings]


def test_a_map_and_its_hook_are_clean() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("    customer: email\n", "", (4, "missing-key")),
        ('"{id}"', '"{id of it}"', (5, "bad-place")),
        ("customer: email", "customer: e mail", (6, "bad-place")),
        ("customer: email", "customer: email as upper", (6, "bad-place")),
        ('{"id": 1, "email": "ann"}', "{", (9, "bad-sample")),
        ('"customer": "ann"', '"customer": "bob"', (11, "sample-differs")),
        ('      {"event"', "      {event", (11, "bad-sample")),
        ("vendor: shopify", "vendor: acme", (2, "bad-value")),
    ],
)
def test_a_mistake_in_a_map_is_found_at_its_place(before: str, after: str, expected: tuple[int, str]) -> None:
    assert before in MAP
    [(line, code)] = found(MAP.replace(before, after))[:1]
    assert line == expected[0]
    assert code == expected[1] or expected[1] == "bad-value"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("\nhooks:\n  till: {map: shap, secrets: [{env: A}]}\n", "unknown-hook"),
        ("\nhooks:\n  till: {map: shop, secrets: []}\n", "out-of-range"),
        ("\nhooks:\n  till: {map: shop, secrets: [{env: A}, {env: B}, {env: C}]}\n", "out-of-range"),
        ("\nhooks:\n  till: {map: shop, secrets: [{env: A}], organization: x}\n", "unused"),
    ],
)
def test_a_mistake_in_a_hook_is_found(settings: str, code: str) -> None:
    assert [each for _, each in found(settings=settings)] == [code]


def test_salesforce_needs_its_organization() -> None:
    map = MAP.replace("shopify", "salesforce").partition("samples:")[0]
    assert [code for _, code in found(map)] == ["missing-key"]


def test_a_map_elsewhere_is_told_where_it_belongs() -> None:
    files = {**workspace(), "rules/shop.yaml": MAP.encode()}
    assert [finding.code for finding in load(files).findings] == ["wrong-folder"]


def test_the_maps_that_ship_are_clean_and_show_what_they_do() -> None:
    # given the maps of five vendors beside any policy
    loaded = require(load({**workspace(), **shipped_hooks()}))
    # then each has a sample, which loading has held, and is of its vendor
    assert set(loaded.hooks) == {"hubspot", "salesforce", "shopify", "stripe", "zendesk"}
    assert all(map.samples and map.vendor == id for id, map in loaded.hooks.items())
