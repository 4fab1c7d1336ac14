"""Rendered messages: values are escaped for where they land."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt

from engine.errors import DeliveryError
from engine.model.message import Message
from engine.runtime.actions import Letter, rendering
from engine.runtime.actions.rendering import render, variant


def letter(
    body: str, /, subject: str = "Hello", channel: str = "email", url: str | None = None, **names: object
):  # type: ignore[no-untyped-def]
    message = Message(id="hello", subject=subject, channel=channel, body=body)  # type: ignore[arg-type]
    return render(message, names, unsubscribe_url=url)


def test_a_message_becomes_text_and_html() -> None:
    # given Markdown with a name in it
    made = letter("Dear **{{ customer.name }}**,\n\nyou have {{ n }} points.", customer={"name": "Ann"}, n=3)

    # then the text is as written and the HTML is marked up
    assert made.text == "Dear **Ann**,\n\nyou have 3 points.\n"
    assert "<p>Dear <strong>Ann</strong>,</p>" in (made.html or "")


def test_a_value_cannot_open_markup() -> None:
    evil = "<script>alert(1)</script> [click](http://evil.example) **bold**"
    html = letter("Hi {{ name }}", name=evil).html or ""
    assert "<script" not in html
    assert "<a " not in html
    assert "<strong>" not in html


def test_a_value_cannot_end_a_header_line() -> None:
    made = letter("x", subject="Hi {{ name }}", name="Ann\r\nBcc: all@example.com")
    assert made.subject == "Hi Ann Bcc: all@example.com"


def test_an_unknown_name_is_an_error_that_is_not_tried_again() -> None:
    with pytest.raises(DeliveryError, match="undefined") as caught:
        letter("Hi {{ nobody }}")
    assert caught.value.retryable is False


def test_a_fact_that_is_unknown_can_be_replaced() -> None:
    assert letter("Hi {{ customer.name or 'there' }}{{ customer.name }}", customer={"name": None}).text == (
        "Hi there\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
    ],
)
def test_a_template_cannot_run_for_ever(body: str) -> None:
    with pytest.raises(DeliveryError):
        letter(body)


def test_the_unsubscribe_link_works_bare_and_in_markdown() -> None:
    url = "https://shop.example/u/a_b-c"
    html = letter("{{ unsubscribe_url }}\n\n[Stop]({{ unsubscribe_url }})", url=url).html or ""
    assert html.count(f'href="{url}"') == 2


def test_a_text_message_has_no_html() -> None:
    made = letter("Your code: {{ code }}", channel="sms", code="A*B")
    assert made.html is None
    assert made.text == "Your code: A*B\n"


def test_exact_numbers_show_as_numbers() -> None:
    assert letter("{{ a }} {{ b }}", a=Decimal("12.5"), b=[1, Decimal(2)]).text == "12.5 1, 2\n"


def test_a_message_speaks_the_customers_language_where_it_can() -> None:
    messages = {name: Message(id=name) for name in ("news", "news.de", "news.de-at")}
    chosen = [variant(messages, "news", locale) for locale in (None, "fr", "de-CH", "de_AT")]
    assert [message and message.id for message in chosen] == ["news", "news", "news.de", "news.de-at"]


def slow_to_begin() -> MarkdownIt:
    """Make a renderer that has not been asked yet, whose many rules take a while to be made ready."""
    made = MarkdownIt("commonmark", {"html": False})
    for number in range(2000):
        made.core.ruler.before("normalize", f"nothing-{number}", lambda state: None)
    return made


def test_the_first_letters_may_be_rendered_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a process that has rendered nothing yet, whose senders take turns at every step
    body = "Dear **{{ name }}**, [come](https://a.example)."
    message = Message(id="m", channel="email", subject="Hello", body=body)
    expected = render(message, {"name": "Ann"}, unsubscribe_url=None)
    monkeypatch.setattr(rendering, "_MARKDOWN", slow_to_begin())
    begin, usual = threading.Barrier(8), sys.getswitchinterval()

    def send(_: int) -> Letter:
        begin.wait(timeout=30)
        return render(message, {"name": "Ann"}, unsubscribe_url=None)

    # when they all begin at once
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as senders:
            sent = list(senders.map(send, range(8)))
    finally:
        sys.setswitchinterval(usual)

    # then each letter is whole
    assert sent == [expected] * 8
