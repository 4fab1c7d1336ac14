"""What a provider reports of messages: matched to what was sent, and told as the engine's own events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from api.decoding import events_from
from engine.model.actions import BuiltInEvent
from engine.model.workspace import Settings
from engine.runs.cases import TELL
from engine.runs.run import Effect
from engine.runtime.actions.email import key_of
from engine.runtime.delivery.connectors import connector_of
from engine.store.interface import Reader
from engine.store.remains import PREFIX

Type: TypeAlias = Literal["delivered", "bounced", "complained", "clicked", "unsubscribed"]
EVENTS: dict[Type, BuiltInEvent] = {
    "delivered": BuiltInEvent.MESSAGE_DELIVERED,
    "bounced": BuiltInEvent.MESSAGE_BOUNCED,
    "complained": BuiltInEvent.MESSAGE_COMPLAINED,
    "clicked": BuiltInEvent.MESSAGE_CLICKED,
    "unsubscribed": BuiltInEvent.UNSUBSCRIBED,
}
"""What each type of report is to rules and workflows."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message: `key` is the effect's, `message_id` an e-mail's Message-ID; one is enough.

    `bounce` is hard unless it says soft. `address` is where it went, `id` the provider's own name of the
    report, and `channel` that of the message where it left by a webhook.
    """

    type: Type
    key: str | None = None
    message_id: str | None = None
    id: str | None = None
    at: str | None = None
    bounce: Literal["hard", "soft"] = "hard"
    address: str | None = None
    link: str | None = None
    channel: Literal["email", "sms"] | None = None


class Unmatched(msgspec.Struct, frozen=True):
    """A report that changes nothing, by its place in the request, and why."""

    index: int
    code: str
    detail: str


class Matched(msgspec.Struct, frozen=True):
    """The events that reports are, and the reports that are none."""

    raws: list[object]
    unmatched: list[Unmatched]


def reports_in(body: bytes, most: int) -> list[object]:
    """Read a body: one report, or a list of at most `most`; raises `RequestError`."""
    return events_from(body, "", most)


def match(reader: Reader, settings: Settings, name: str, request: str, reports: Sequence[object]) -> Matched:
    """Match reports of a connector to what was sent by it; `request` is the signed id they came with."""
    raws: list[object] = []
    unmatched: list[Unmatched] = []
    for index, raw in enumerate(reports):
        try:
            report = msgspec.convert(raw, Report)
        except msgspec.ValidationError as error:
            unmatched.append(Unmatched(index, "not_a_report", f"{error}; send it as docs/webhooks.md has it"))
            continue
        found = _effect(reader, settings, name, report)
        if isinstance(found, str):
            unmatched.append(Unmatched(index, *_WHY[found]))
            continue
        channel = name if name in ("email", "sms") else report.channel
        if channel is None and report.type != "clicked" and report.type != "delivered":
            unmatched.append(Unmatched(index, *_WHY["no_channel"]))
            continue
        raws.append(_event(report, found, channel, report.id or f"{request}:{index}"))
    return Matched(raws, unmatched)


_WHY: dict[str, tuple[str, str]] = {
    "unknown": (
        "unknown_message",
        "nothing was sent by this connector under that key or Message-ID; send the one that it left with",
    ),
    "internal": ("not_to_a_customer", "this went to somebody of your own people; there is nothing to note"),
    "erased": ("erased", "whom this went to was erased; there is nothing to note"),
    "no_channel": ("no_channel", "the message left by a webhook; send its channel, email or sms"),
}


def _effect(reader: Reader, settings: Settings, name: str, report: Report) -> Effect | str:
    key = report.key or (None if report.message_id is None else key_of(report.message_id))
    row = None if key is None else reader.effect(key)
    connector = None if row is None else connector_of(settings, row.effect)
    if row is None or connector is None or connector.name != name:
        return "unknown"
    effect = row.effect
    if effect.action == TELL or effect.arguments.get("to") in settings.people:
        return "internal"
    return "erased" if effect.customer.startswith(PREFIX) else effect


def _event(report: Report, effect: Effect, channel: str | None, id: str) -> dict[str, Any]:
    to = effect.arguments.get("to")
    told = {
        "channel": channel,
        "address": report.address or (to if isinstance(to, str) else None),
        "type": report.bounce if report.type == "bounced" else None,
        "link": report.link,
        "message": effect.arguments.get("message"),
        "workflow": effect.workflow,
        "run": effect.run,
        "step": effect.path,
    }
    event = {
        "customer": effect.customer,
        "event": EVENTS[report.type].value,
        "id": id,
        "properties": {name: value for name, value in told.items() if value is not None},
    }
    return event if report.at is None else {**event, "at": report.at}
