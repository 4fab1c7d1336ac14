"""The contact log: reservations, what was sent, and what may be forgotten."""

import msgspec

from engine.contact.log import ContactLog, Sent, prune, release, reserve, settle, suppress
from engine.model.policy import Cap, ContactPolicy
from engine.model.values import DAY, AtMost, Micros


def sent(key: str, at: Micros = 0) -> Sent:
    return Sent(at, "marketing", "email", "news", 0, key)


def test_a_reservation_is_taken_once_for_an_effect() -> None:
    log = ContactLog()
    reserve(log, sent("run-1:0:0", 5))
    reserve(log, sent("run-1:0:0", 9))
    assert [(one.effect_key, one.at, one.reserved) for one in log.sends] == [("run-1:0:0", 9, True)]


def test_what_was_refused_gives_its_place_back() -> None:
    log = ContactLog()
    reserve(log, sent("a"))
    reserve(log, sent("b"))
    release(log, "a")
    assert [one.effect_key for one in log.sends] == ["b"]


def test_what_was_sent_is_not_given_back() -> None:
    log = ContactLog()
    reserve(log, sent("a", 5))
    settle(log, "a", 8)
    release(log, "a")
    assert log.sends == [sent("a", 8)]


def test_a_reservation_is_no_obstacle_to_itself() -> None:
    log = ContactLog()
    reserve(log, sent("a"))
    reserve(log, sent("b"))
    assert [one.effect_key for one in log.others("a")] == ["b"]


def test_only_what_nothing_counts_any_more_is_forgotten() -> None:
    policy = ContactPolicy(caps=(Cap(class_="marketing", at_most=AtMost.parse("2 per 7d")),))
    log = ContactLog(sends=[sent("old", 0), sent("counted", 14 * DAY)])
    reserve(log, sent("reserved", 0))
    prune(policy, log, 20 * DAY)
    assert [one.effect_key for one in log.sends] == ["counted", "reserved"]


def test_a_log_survives_its_bytes() -> None:
    log = ContactLog()
    reserve(log, sent("a"))
    suppress(log, None, "complained")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(log), type=ContactLog) == log
