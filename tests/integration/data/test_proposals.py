"""What is proposed for files that others publish: who, what and when, and how many rows would be taken."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.authoring.importing import read_rows
from engine.authoring.importing.maps import bind_map
from engine.authoring.importing.propose import propose
from engine.authoring.importing.survey import Survey, survey
from engine.customers.catalog import Catalog
from engine.customers.zones import instant_of

NOW = instant_of(datetime(2100, 1, 1, tzinfo=UTC))
OPEN = Catalog(person={}, account={}, properties={}, protected=frozenset())


def surveyed(path: Path) -> Survey:
    """Give what would become of a file by the map that is proposed for it."""
    map = bind_map("proposed.yaml", propose([path]).text.encode())
    return survey(read_rows([path], map).rows, OPEN, map.map.id, NOW)


@pytest.mark.parametrize(
    ("name", "customer", "events"),
    [
        ("telco_churn.csv.gz", "customerID", {"identify": 7043}),
        ("cdnow_master.txt.gz", "customer_id", {"master": 69659}),
        ("cdnow_sample_rfm_summary.csv.gz", "ID", {"identify": 2357}),
        ("completejourney_baskets.csv.gz", "household_id", {"order_completed": 155848}),
        ("completejourney_campaigns.csv.gz", "household_id", {"identify": 6589}),
        ("completejourney_coupon_redemptions.csv.gz", "household_id", {"coupon_redemption": 2102}),
        ("completejourney_demographics.csv.gz", "household_id", {"identify": 801}),
        ("otto_sample_20sessions.jsonl.gz", "session", {"clicks": 800, "carts": 52, "orders": 10}),
        ("ravenstack_accounts.csv.gz", "account_id", {"identify": 500}),
        ("ravenstack_subscriptions.csv.gz", "account_id", {"subscription_updated": 5000}),
        ("ravenstack_feature_usage.csv.gz", "subscription_id", {"feature_usage": 24979}),
        (
            "ravenstack_support_tickets.csv.gz",
            "account_id",
            {"ticket_opened": 2000, "ticket_solved": 2000, "survey_answered": 1175},
        ),
        ("ravenstack_churn_events.csv.gz", "account_id", {"churn": 600}),
    ],
)
def test_a_published_file_gets_a_sensible_map(
    public_data: Callable[[str], Path], name: str, customer: str, events: dict[str, int]
) -> None:
    path = public_data(name)

    assert propose([path]).choices[0].column == customer
    assert surveyed(path).events == events


def test_clicks_are_named_by_their_column(public_data: Callable[[str], Path]) -> None:
    found = surveyed(public_data("ecom_events.csv.gz"))

    assert (found.sound, found.customers, found.refused) == (31106, 600, [])
    assert found.events["product_view"] == 6851


def test_lines_of_a_shop_become_its_orders(public_data: Callable[[str], Path]) -> None:
    # given half a million lines, with credit notes and without some customers
    path = public_data("onlineretail.csv.gz")

    # when a map is proposed
    found = surveyed(path)

    # then the orders are those that independent programs count
    assert (found.events, found.customers) == ({"order_completed": 18532}, 4338)
    assert {one.code: one.count for one in found.refused} == {"no_customer": 1428}
    notes = propose([path]).notes
    assert "10,624 rows have a Quantity below 0 (cancelled, or corrected); they are left out" in notes


def test_ids_that_stand_for_two_things_are_told(public_data: Callable[[str], Path]) -> None:
    [wrong] = surveyed(public_data("ravenstack_feature_usage.csv.gz")).refused

    assert (wrong.code, wrong.count) == ("conflict", 21)
