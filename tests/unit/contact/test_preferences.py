"""What the customer asks for: a channel, and how often."""

import pytest

from engine.contact.log import Sent
from engine.contact.preferences import cadence, preferred_channel, read_cadence, wanted_again
from engine.customers.zones import zone
from engine.model.policy import ContactPolicy, Preferences
from engine.model.values import DAY, HOUR, AtMost
from tests.virtual_engine import instant

POLICY = ContactPolicy(preferences=Preferences(channel="likes", at_most="how_often"))


@pytest.mark.parametrize(
    ("told", "times", "days"),
    [("1 per week", 1, 7), ("2 per month", 2, 30), ("1 PER DAY", 1, 1), (" 3 per 14d ", 3, 14),
     ("1 per 400d", 1, 31)],
)  # fmt: skip
def test_a_cadence_is_read_as_people_write_it(told: str, times: int, days: int) -> None:
    asked = cadence(POLICY, {"how_often": told})
    assert asked is not None
    assert (asked.times, asked.per.micros) == (times, days * DAY)


@pytest.mark.parametrize("told", ["weekly", "", "0 per week", "-1 per week", "1 per", None, 7])
def test_what_is_no_cadence_says_nothing(told: object) -> None:
    assert cadence(POLICY, {"how_often": told}) is None


def test_nobody_asks_where_the_policy_names_no_fact() -> None:
    facts = {"likes": "sms", "how_often": "1 per week"}
    assert cadence(ContactPolicy(), facts) is None
    assert preferred_channel(ContactPolicy(), facts) is None


@pytest.mark.parametrize(("told", "channel"), [("SMS ", "sms"), ("email", "email"), ("", None), (None, None)])
def test_a_channel_is_preferred_however_it_is_written(told: object, channel: str | None) -> None:
    assert preferred_channel(POLICY, {"likes": told}) == channel


def weekly() -> AtMost:
    asked = read_cadence("1 per week")
    assert asked is not None
    return asked


@pytest.mark.parametrize(
    ("place", "sent", "free"),
    [
        ("Europe/Amsterdam", "2026-03-25 22:30", "2026-03-31 22:00"),  # over the night the clocks go forward
        ("America/New_York", "2026-10-28 03:30", "2026-11-03 05:00"),  # and back: the 27th, until the 3rd
        ("Pacific/Apia", "2026-03-25 22:30", "2026-04-01 11:00"),
    ],
)
def test_a_week_is_seven_days_of_the_customers_zone(place: str, sent: str, free: str) -> None:
    log = [Sent(instant(sent), "marketing", "email", "news", 0, "k")]
    now = instant(sent) + HOUR
    assert wanted_again(weekly(), log, zone(place), now) == instant(free)
    assert wanted_again(weekly(), log, zone(place), instant(free)) is None


def test_service_messages_do_not_count() -> None:
    log = [Sent(0, "service", "email", "order", 0, "k")]
    assert wanted_again(weekly(), log, zone("UTC"), HOUR) is None
