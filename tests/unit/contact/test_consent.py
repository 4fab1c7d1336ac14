"""Consent, address and suppression, for a message and for the start of a run."""

import pytest

from engine.contact.consent import address, consents, refusal, scope_of, suppression, unreachable_on
from engine.contact.log import ContactLog, suppress
from engine.model.policy import ContactPolicy
from engine.model.reasons import Refusal, SkipReason

POLICY = ContactPolicy(consent={"email": "marketing_email", "sms": "marketing_sms"})
ADA = {"email": "ada@example.com", "marketing_email": True}


@pytest.mark.parametrize("value", [None, False, "yes", 1])
def test_unknown_consent_is_no_consent(value: object) -> None:
    assert not consents(POLICY, "marketing", "email", {"marketing_email": value})
    assert not consents(POLICY, "marketing", "email", {})


def test_only_marketing_asks_for_consent() -> None:
    assert consents(POLICY, "marketing", "email", ADA)
    assert consents(POLICY, "service", "email", {})
    assert consents(POLICY, "transactional", "sms", {})


def test_a_channel_without_a_fact_of_consent_asks_for_none() -> None:
    assert consents(ContactPolicy(), "marketing", "email", {})


@pytest.mark.parametrize("value", [None, "", "  ", 7])
def test_an_address_is_a_text_that_is_not_empty(value: object) -> None:
    assert address("email", {"email": value}) is None
    assert address("sms", {"phone": "+4930123"}) == "+4930123"


def test_a_suppression_stops_its_channel_or_all() -> None:
    log = ContactLog()
    suppress(log, "email", "hard_bounce")
    assert suppression(log, "transactional", "email") == "hard_bounce"
    assert suppression(log, "marketing", "sms") is None
    suppress(log, None, "deceased")
    assert suppression(log, "service", "sms") == "deceased"


def test_who_unsubscribed_still_gets_what_is_no_marketing() -> None:
    log = ContactLog(suppressed={"email": "unsubscribed"})
    assert suppression(log, "marketing", "email") == "unsubscribed"
    assert suppression(log, "service", "email") is None


def test_the_first_objection_is_given() -> None:
    log = ContactLog(suppressed={"email": "hard_bounce"})
    assert unreachable_on(POLICY, "marketing", "email", log, {}) is SkipReason.CONSENT
    assert unreachable_on(POLICY, "marketing", "email", log, {"marketing_email": True}) is SkipReason.ADDRESS
    assert unreachable_on(POLICY, "marketing", "email", log, ADA) is SkipReason.SUPPRESSED
    assert unreachable_on(POLICY, "marketing", "email", ContactLog(), ADA) is None


def test_a_run_starts_where_one_of_its_channels_reaches_the_customer() -> None:
    log = ContactLog()
    assert refusal(POLICY, "marketing", [("email", None), ("sms", None)], log, ADA) is None
    assert refusal(POLICY, "marketing", [("sms", None)], log, ADA) is Refusal.CONSENT
    assert refusal(POLICY, "service", [("sms", None)], log, ADA) is Refusal.ADDRESS
    assert refusal(POLICY, "marketing", [], log, {}) is None
    suppress(log, None, "complaint")
    assert refusal(POLICY, "marketing", [("email", None)], log, ADA) is Refusal.SUPPRESSED


PURPOSES = ContactPolicy(consent={"email": {"news": "news_email", "product": "product_email"}})


def test_consent_is_asked_for_a_purpose_and_one_does_not_stand_for_another() -> None:
    facts = {"email": "ada@example.com", "news_email": True}
    assert consents(PURPOSES, "marketing", "email", facts, "news")
    assert not consents(PURPOSES, "marketing", "email", facts, "product")
    assert consents(PURPOSES, "service", "email", facts, "product")


@pytest.mark.parametrize("purpose", [None, "something-else"])
def test_a_purpose_that_the_policy_does_not_know_has_no_consent(purpose: str | None) -> None:
    facts = {"news_email": True, "product_email": True}
    assert not consents(PURPOSES, "marketing", "email", facts, purpose)


def test_an_unsubscription_from_one_purpose_leaves_the_others() -> None:
    log = ContactLog()
    suppress(log, scope_of("email", "news"), "unsubscribed")
    assert suppression(log, "marketing", "email", "news") == "unsubscribed"
    assert suppression(log, "marketing", "email", "product") is None
    assert suppression(log, "service", "email", "news") is None


def test_a_suppressed_address_stops_every_class_on_its_channel() -> None:
    def suppressed(channel: str, address: str) -> str | None:
        return "hard_bounce" if (channel, address) == ("email", "ada@example.com") else None

    found = [
        unreachable_on(POLICY, class_, "email", ContactLog(), ADA, None, suppressed)
        for class_ in ("marketing", "service", "transactional")
    ]
    assert found == [SkipReason.SUPPRESSED] * 3
