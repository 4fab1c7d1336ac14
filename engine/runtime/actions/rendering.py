"""Messages, from a template of Markdown to what a channel carries."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from markdown_it import MarkdownIt
from minijinja import Environment, TemplateError

from engine.errors import DeliveryError
from engine.model.message import Message
from engine.runtime.actions import Letter

FUEL = 200_000
"""Steps that one rendering may take: some milliseconds."""

LONGEST = 256 * 1024
"""Characters that a rendered message may have."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_TURN = threading.Lock()
"""It makes its rules ready when it is first asked, and is not made for several threads at that time."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!<>&|~])")
_ENDS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")

_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 40em">
{body}</body></html>
"""


def variant(messages: Mapping[str, Message], name: str, locale: str | None) -> Message | None:
    """Give the message in the customer's language: `news.de-at`, else `news.de`, else `news`."""
    tag = (locale or "").lower().replace("_", "-")
    for candidate in (f"{name}.{tag}", f"{name}.{tag.partition('-')[0]}", name):
        if candidate in messages:
            return messages[candidate]
    return None


def render(
    message: Message, names: Mapping[str, Any], *, unsubscribe_url: str | None, listed: bool = True
) -> Letter:
    """Render a message with the names that its template may use.

    A value is escaped for where it lands: it can end no header line and open no markup. Unknown
    names raise; a fact that is unknown is empty, so that `{{ customer.name or "there" }}` works.
    Where it is `listed`, mail programs are told of the link too.
    Raises `DeliveryError` (not to be tried again) when the template fails.
    """
    values = dict(names)
    if unsubscribe_url is not None:
        values["unsubscribe_url"] = unsubscribe_url

    def in_markdown(value: object) -> str:
        # Our own address stands in angle brackets: alone it is a link, and `[x](<...>)` is one too.
        shown = _one_line(value)
        return f"<{shown}>" if shown and shown == unsubscribe_url else _SPECIAL.sub(r"\\\1", shown)

    text = _run(message.id, message.body, values, _one_line)
    html = None
    if message.channel == "email":
        marked = _run(message.id, message.body, values, in_markdown)
        with _TURN:
            html = _PAGE.format(body=_MARKDOWN.render(marked))
    return Letter(
        channel=message.channel,
        subject=in_one_line(_run(message.id, message.subject or "", values, _one_line)),
        text=text.strip() + "\n",
        html=html,
        unsubscribe_url=unsubscribe_url if listed else None,
    )


def in_one_line(text: str) -> str:
    """Give the text without anything that ends a line, as a header needs it."""
    return _ENDS.sub(" ", text).strip()


def _one_line(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(_one_line(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return in_one_line(str(value))


def _run(name: str, template: str, values: Mapping[str, Any], escape: Callable[[object], str]) -> str:
    environment = Environment(
        undefined_behavior="strict",
        fuel=FUEL,
        debug=False,
        finalizer=escape,
        auto_escape_callback=lambda _: False,
    )
    try:
        rendered = environment.render_str(template, name, **values)
    except TemplateError as error:
        raise DeliveryError(f"message {name}: {error.message}", retryable=False) from error
    if len(rendered) > LONGEST:
        raise DeliveryError(f"message {name}: over {LONGEST} characters when rendered", retryable=False)
    return rendered
