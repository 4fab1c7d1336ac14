"""C1, who may be reached: consent by purpose, suppressed addresses, what the customer prefers."""

from __future__ import annotations

from engine.authoring.loader import load
from tests.virtual_engine import OPT_IN, VirtualEngine, files

FACTS = """
facts:
  marketing_email: {type: boolean}
  product_email: {type: boolean}
  marketing_sms: {type: boolean}
  likes: {type: text}
  how_often: {type: text}
"""
PURPOSES = """
policy:
  consent: {email: {marketing: marketing_email, product: product_email}}
"""


def rule(name: str) -> str:
    return f"rule: {name}-due\nwhen: {{event: {name}}}\nthen: [{{run: {name}}}]\n"


def flow(name: str, purpose: str = "", action: str = "email.send") -> str:
    purpose = f"purpose: {purpose}\n" if purpose else ""
    return f"""
workflow: {name}
class: marketing
{purpose}reentry: always
holdout: 0%
steps:
  - do: {action}
    with: {{message: {name}}}
"""


def outcomes(engine: VirtualEngine, workflow: str) -> list[str | None]:
    return [
        run.reason or next((reason for _, _, reason in engine.outcomes(run)), None)
        for run in engine.runs(workflow)
    ]


def test_consent_to_one_purpose_is_none_to_another() -> None:
    engine = VirtualEngine(
        FACTS, PURPOSES, rule("news"), flow("news", "marketing"), rule("tips"), flow("tips", "product")
    )
    engine.identify("2026-03-02 09:00", email="ana@example.com", marketing_email=False, product_email=True)
    engine.receive("2026-03-02 10:00", "news")
    engine.receive("2026-03-02 10:00", "tips")
    assert engine.sent() == [("2026-03-02 10:00", "tips")]
    assert outcomes(engine, "news") == ["consent"]


def test_leaving_one_purpose_is_heeded_at_once_and_leaves_the_other() -> None:
    engine = VirtualEngine(
        FACTS, PURPOSES, rule("news"), flow("news", "marketing"), rule("tips"), flow("tips", "product")
    )
    engine.identify("2026-03-02 09:00", email="ana@example.com", marketing_email=True, product_email=True)
    engine.receive("2026-03-02 10:00", "unsubscribed", channel="email", purpose="marketing")
    engine.receive("2026-03-02 10:00", "news")
    engine.receive("2026-03-02 10:00", "tips")
    assert engine.sent() == [("2026-03-02 10:00", "tips")]
    assert outcomes(engine, "news") == ["suppressed"]


def test_marketing_without_a_purpose_is_refused_where_consent_depends_on_one() -> None:
    found = load(files(FACTS, PURPOSES, rule("news"), flow("news")))
    assert [(one.code, one.message) for one in found.errors] == [
        ("missing-key", "consent to email depends on what a message is for")
    ]
    assert found.errors[0].hint == "write purpose: marketing or product in news"


def test_a_purpose_that_nobody_can_consent_to_is_refused() -> None:
    found = load(files(FACTS, PURPOSES, rule("news"), flow("news", "produkt")))
    assert [(one.code, one.hint) for one in found.errors] == [("unknown-purpose", "did you mean product?")]


PLAIN = """
policy:
  consent: {email: marketing_email, sms: marketing_sms}
"""


def test_a_hard_bounce_is_the_addresss_whoever_has_it() -> None:
    # given two customers with one address, however they write it
    engine = VirtualEngine(FACTS, PLAIN, rule("news"), flow("news"))
    engine.identify("2026-03-02 09:00", "ana", email="Shared@Example.com", marketing_email=True)
    engine.identify("2026-03-02 09:00", "ben", email="shared@example.com ", marketing_email=True)
    engine.receive("2026-03-02 09:30", "message_bounced", "ana", channel="email", type="hard")
    for name in ("ana", "ben"):
        engine.receive("2026-03-02 10:00", "news", name)
    assert engine.sent() == []
    assert outcomes(engine, "news") == ["suppressed", "suppressed"]
    # when one of them has another address, it is no obstacle any more
    engine.identify("2026-03-02 11:00", "ana", email="new@example.com")
    engine.receive("2026-03-02 11:30", "news", "ana")
    assert engine.sent("ana") == [("2026-03-02 11:30", "news")]


def test_a_soft_bounce_is_no_reason() -> None:
    engine = VirtualEngine(FACTS, PLAIN, rule("news"), flow("news"))
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 09:30", "message_bounced", channel="email", type="soft")
    engine.receive("2026-03-02 10:00", "news")
    assert len(engine.sent()) == 1


def test_a_complaint_follows_the_customer_to_another_address() -> None:
    engine = VirtualEngine(FACTS, PLAIN, rule("news"), flow("news"))
    engine.identify("2026-03-02 09:00", **OPT_IN)
    engine.receive("2026-03-02 09:30", "message_complained", channel="email")
    engine.identify("2026-03-02 09:40", email="new@example.com")
    engine.receive("2026-03-02 10:00", "news")
    assert engine.sent() == []


def test_an_address_that_bounces_between_decision_and_send_gets_nothing() -> None:
    # given a message to ben that waits in the outbox
    engine = VirtualEngine(FACTS, PLAIN, rule("news"), flow("news"))
    for name in ("ana", "ben"):
        engine.identify("2026-03-02 09:00", name, **OPT_IN)
    engine.shut_outbox()
    engine.receive("2026-03-02 10:00", "news", "ben")
    # when the address that he shares with ana bounces
    engine.receive("2026-03-02 10:01", "message_bounced", "ana", channel="email", type="hard")
    engine.open_outbox("2026-03-02 10:02")
    assert engine.sent() == []
    assert outcomes(engine, "news") == ["suppressed"]


WISHES = """
policy:
  consent: {email: marketing_email, sms: marketing_sms}
  preferences: {channel: likes, at_most: how_often}
  caps: [{class: marketing, at_most: 3 per 7d, window: calendar}]
"""
LIKES_SMS = {"email": "ana@example.com", "phone": "+31 6 1", "marketing_email": True, "likes": "sms"}


def test_a_cadence_tightens_the_caps() -> None:
    engine = VirtualEngine(FACTS, WISHES, rule("news"), flow("news"))
    engine.identify("2026-03-02 09:00", how_often="1 per week", **OPT_IN)
    for day in range(2, 10):
        engine.receive(f"2026-03-{day:02} 10:00", "news")
    assert [at for at, _ in engine.sent()] == ["2026-03-02 10:00", "2026-03-09 10:00"]
    assert outcomes(engine, "news") == [None, *["cadence"] * 6, None]


def test_a_cadence_never_loosens_them() -> None:
    engine = VirtualEngine(FACTS, WISHES, rule("news"), flow("news"))
    engine.identify("2026-03-02 09:00", how_often="50 per week", **OPT_IN)
    for day in range(2, 7):
        engine.receive(f"2026-03-{day:02} 10:00", "news")
    assert len(engine.sent()) == 3
    assert outcomes(engine, "news")[3:] == ["frequency_cap", "frequency_cap"]


def message(channel: str, variants: str = "") -> str:
    subject = "subject: News\n" if channel == "email" else ""
    head = f"---\n{subject}channel: {channel}\nowner: crm\n{variants}---\n"
    return head + "News. [No more]({{ unsubscribe_url }})\n"


VARIANTS = {
    "workflows/messages/news.md": message("email", "variants: {sms: news-sms}\n"),
    "workflows/messages/news-sms.md": message("sms"),
}


def went(engine: VirtualEngine) -> list[tuple[str, str]]:
    return [(effect.action, str(effect.arguments["message"])) for effect, _ in engine.delivered]


def test_of_a_message_with_variants_the_one_on_the_preferred_channel_goes() -> None:
    engine = VirtualEngine(FACTS, WISHES, rule("news"), flow("news"), beside=VARIANTS)
    engine.identify("2026-03-02 09:00", marketing_sms=True, **LIKES_SMS)
    engine.receive("2026-03-02 10:00", "news")
    assert went(engine) == [("sms.send", "news-sms")]
    assert [sent.channel for sent in engine.member().standing.contact.sends] == ["sms"]


def test_where_the_preferred_channel_is_not_open_the_message_goes_as_it_is_written() -> None:
    engine = VirtualEngine(FACTS, WISHES, rule("news"), flow("news"), beside=VARIANTS)
    engine.identify("2026-03-02 09:00", marketing_sms=False, **LIKES_SMS)
    engine.receive("2026-03-02 10:00", "news")
    assert went(engine) == [("email.send", "news")]


def test_a_message_on_one_channel_only_goes_or_is_left_out_as_the_policy_says() -> None:
    sends = VirtualEngine(FACTS, WISHES, rule("news"), flow("news"))
    skip = WISHES.replace("how_often}", "how_often, on_other: skip}")
    skips = VirtualEngine(FACTS, skip, rule("news"), flow("news"))
    for engine in (sends, skips):
        engine.identify("2026-03-02 09:00", marketing_sms=True, **LIKES_SMS)
        engine.receive("2026-03-02 10:00", "news")
    assert went(sends) == [("email.send", "news")]
    assert (went(skips), outcomes(skips, "news")) == ([], ["preference"])


def test_a_variant_for_its_own_or_another_channel_is_refused() -> None:
    beside = VARIANTS | {"workflows/messages/news-sms.md": message("email")}
    found = load(files(FACTS, WISHES, rule("news"), flow("news"), beside=beside))
    assert [one.message for one in found.errors] == ["news-sms is no variant of news for sms"]


def test_a_preference_stands_on_a_text_and_skipping_needs_one() -> None:
    wrong = PLAIN + "  preferences: {at_most: marketing_sms, on_other: skip}\n"
    found = load(files(FACTS, wrong, rule("news"), flow("news")))
    assert sorted(one.message for one in found.errors) == [
        "nothing says which channel a customer prefers",
        "what a customer prefers is a text, and marketing_sms is not",
    ]
