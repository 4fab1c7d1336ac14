"""C1: quiet hours in the customer's zone, over changes of the clocks, and where the zone is unknown."""

from datetime import UTC, datetime

import pytest

from engine.contact.quiet import customer_zone, open_minutes_in_all, quiet_hold, zones_of
from engine.customers.zones import instant_of, zone
from engine.model.policy import ContactPolicy, QuietHours
from engine.model.values import DAY, Hours, Micros

NIGHT = Hours.parse("21:00-08:00")
POLICY = ContactPolicy(quiet_hours=QuietHours(marketing=NIGHT))
NEW_YORK = (zone("America/New_York"),)


def at(text: str) -> Micros:
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("due", "goes"),
    [
        ("2026-03-08T03:30", "2026-03-08T12:00"),  # the night in which the clocks go forward
        ("2026-11-01T02:30", "2026-11-01T13:00"),  # and back
        ("2026-06-01T01:00", "2026-06-01T12:00"),  # 21:00 is quiet already
        ("2026-06-01T11:59", "2026-06-01T12:00"),
    ],
)
def test_c1_a_message_waits_for_the_morning(due: str, goes: str) -> None:
    assert quiet_hold(POLICY, "marketing", NEW_YORK, at(due)) == at(goes)


@pytest.mark.parametrize("due", ["2026-06-01T12:00", "2026-06-02T00:59:59"])
def test_in_open_hours_nothing_waits(due: str) -> None:
    assert quiet_hold(POLICY, "marketing", NEW_YORK, at(due)) is None


def test_a_class_without_quiet_hours_never_waits() -> None:
    assert quiet_hold(POLICY, "service", NEW_YORK, at("2026-06-01T03:00")) is None
    assert quiet_hold(ContactPolicy(), "marketing", NEW_YORK, at("2026-06-01T03:00")) is None


def test_quiet_hours_may_lie_inside_a_day_or_end_it() -> None:
    siesta = ContactPolicy(quiet_hours=QuietHours(marketing=Hours.parse("12:00-15:00")))
    assert quiet_hold(siesta, "marketing", (zone("UTC"),), at("2026-06-01T13:00")) == at("2026-06-01T15:00")
    evening = ContactPolicy(quiet_hours=QuietHours(marketing=Hours.parse("20:00-24:00")))
    assert quiet_hold(evening, "marketing", (zone("UTC"),), at("2026-06-01T23:30")) == at("2026-06-02T00:00")


def test_an_end_that_the_clocks_skip_is_the_next_time_that_exists() -> None:
    # given quiet hours to 02:30, in the night in which New York has no 02:30
    policy = ContactPolicy(quiet_hours=QuietHours(marketing=Hours.parse("21:00-02:30")))
    # then they end at 03:00, which is 07:00 UTC
    assert quiet_hold(policy, "marketing", NEW_YORK, at("2026-03-08T05:00")) == at("2026-03-08T07:00")


def test_an_hour_that_passes_twice_is_quiet_twice() -> None:
    # given quiet hours to 01:30, and 01:10 for the second time
    policy = ContactPolicy(quiet_hours=QuietHours(marketing=Hours.parse("21:00-01:30")))
    assert quiet_hold(policy, "marketing", NEW_YORK, at("2026-11-01T06:10:30")) == at("2026-11-01T06:30")


def test_several_zones_wait_until_it_is_open_in_all() -> None:
    # given a customer in New York or London, at 06:00 UTC in winter
    zones = (zone("America/New_York"), zone("Europe/London"))
    assert quiet_hold(POLICY, "marketing", zones, at("2026-01-10T06:00")) == at("2026-01-10T13:00")
    # and at 22:00, when London has gone quiet: the next day
    assert quiet_hold(POLICY, "marketing", zones, at("2026-01-10T22:00")) == at("2026-01-11T13:00")


def test_zones_that_share_no_hour_wait_for_ever() -> None:
    zones = (zone("America/New_York"), zone("Europe/London"), zone("Asia/Tokyo"))
    until = quiet_hold(POLICY, "marketing", zones, at("2026-01-10T06:00"))
    assert until is not None
    assert until > at("2026-01-10T06:00") + 14 * DAY


def test_c1_the_hours_that_zones_share() -> None:
    both = ["America/New_York", "Europe/London"]
    assert open_minutes_in_all(both, NIGHT) == 8 * 60
    assert open_minutes_in_all([*both, "Asia/Tokyo"], NIGHT) == 0
    assert open_minutes_in_all(["UTC"], NIGHT) == 13 * 60


def test_the_zones_of_a_customer() -> None:
    workspace = zone("Europe/Berlin")
    listed = ContactPolicy(quiet_hours=POLICY.quiet_hours, zone_unknown=("Europe/London", "Europe/Paris"))
    own = {"timezone": "America/New_York"}
    # the customer's own goes first, then what the policy says of unknown ones
    assert zones_of(listed, workspace, own) == (zone("America/New_York"),)
    assert zones_of(listed, workspace, {}) == (zone("Europe/London"), zone("Europe/Paris"))
    assert zones_of(POLICY, workspace, {}) == (workspace,)
    # and workspace time asks nobody
    office = ContactPolicy(quiet_hours=QuietHours(marketing=NIGHT, in_="workspace time"))
    assert zones_of(office, workspace, own) == (workspace,)


@pytest.mark.parametrize("value", [None, 5, "", "Nowhere/Atlantis", "../etc/passwd"])
def test_a_zone_that_is_none_is_unknown(value: object) -> None:
    assert customer_zone({"timezone": value}) is None
