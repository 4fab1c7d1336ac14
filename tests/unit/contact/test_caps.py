"""Frequency caps: rolling and calendar windows, and the day's ceiling."""

import pytest

from engine.contact.caps import capped, free_at, over_ceiling
from engine.contact.log import Sent
from engine.customers.zones import zone
from engine.model.policy import Cap, ContactPolicy
from engine.model.values import DAY, HOUR, AtMost, Ceiling, Micros

UTC = zone("UTC")
WEEKLY = Cap(class_="marketing", at_most=AtMost.parse("2 per 7d"))


def sent(at: Micros, class_: str = "marketing", channel: str = "email") -> Sent:
    return Sent(at, class_, channel, "news", 0, f"run-{at}:0:0")  # type: ignore[arg-type]


def test_the_third_in_seven_days_has_to_wait_for_the_first_to_fall_out() -> None:
    sends = [sent(10 * DAY), sent(12 * DAY)]
    assert free_at(WEEKLY, sends, UTC, 13 * DAY) == 17 * DAY
    assert free_at(WEEKLY, sends, UTC, 17 * DAY - 1) == 17 * DAY
    assert free_at(WEEKLY, sends, UTC, 17 * DAY) is None


def test_with_more_than_the_cap_it_waits_until_enough_have_fallen_out() -> None:
    sends = [sent(10 * DAY), sent(11 * DAY), sent(12 * DAY)]
    assert free_at(WEEKLY, sends, UTC, 13 * DAY) == 18 * DAY


def test_a_calendar_window_is_whole_days_of_the_zone() -> None:
    # given one a day, and a message at 23:00 of day 10 in Tokyo (14:00 UTC)
    daily = Cap(class_="marketing", at_most=AtMost.parse("1 per 1d"), window="calendar")
    tokyo = zone("Asia/Tokyo")
    evening = 10 * DAY + 14 * HOUR
    # then the next may go at midnight in Tokyo (15:00 UTC), an hour later
    assert free_at(daily, [sent(evening)], tokyo, evening + 1) == evening + HOUR
    assert free_at(daily, [sent(evening)], tokyo, evening + HOUR) is None
    # and a rolling day waits 24 hours
    rolling = Cap(class_="marketing", at_most=AtMost.parse("1 per 1d"))
    assert free_at(rolling, [sent(evening)], tokyo, evening + HOUR) == evening + DAY


@pytest.mark.parametrize(("class_", "channel"), [("service", "email"), ("marketing", "email")])
def test_a_cap_counts_its_own_class_and_channel(class_: str, channel: str) -> None:
    cap = Cap(class_="marketing", channel="sms", at_most=AtMost.parse("1 per 7d"))
    assert free_at(cap, [sent(0, class_, channel)], UTC, 1) is None
    assert free_at(cap, [sent(0, "marketing", "sms")], UTC, 1) == 7 * DAY


def test_of_several_caps_the_stricter_decides() -> None:
    skip = Cap(class_="marketing", at_most=AtMost.parse("1 per 7d"))
    hold = Cap(class_="marketing", at_most=AtMost.parse("1 per 1d"), on_capped="hold")
    service = Cap(class_="service", at_most=AtMost.parse("1 per 7d"), on_capped="stop")
    policy = ContactPolicy(caps=(hold, skip, service))
    assert capped(policy, "marketing", "email", [sent(0)], UTC, HOUR) == (skip, 7 * DAY)
    assert capped(policy, "marketing", "email", [sent(0)], UTC, 7 * DAY) is None


def test_the_ceiling_counts_every_message_of_the_day() -> None:
    policy = ContactPolicy(ceiling=Ceiling(2))
    sends = [sent(DAY - 1), sent(DAY), sent(DAY + HOUR, "transactional", "sms")]
    assert over_ceiling(policy, sends, UTC, DAY + 2 * HOUR)
    assert not over_ceiling(policy, sends, UTC, 2 * DAY)
    assert not over_ceiling(ContactPolicy(), sends, UTC, DAY + 2 * HOUR)
