"""Webhooks: maps that can name a customer, and whose samples come out as they say."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.authoring.draft import Draft
from engine.authoring.hooks.mapping import CHANGES, PLACE, events_of, places
from engine.authoring.hooks.messages import json_messages, notifications
from engine.authoring.wording import either, quoted
from engine.errors import RequestError
from engine.model.hook import HookEvent, HookMap, HookSample
from engine.model.workspace import Hook

MOST_SECRETS = 2

_encode = msgspec.json.Encoder(decimal_format="number").encode


def check(draft: Draft) -> None:
    """Check the maps, and the hooks of holdfast.yaml that use them."""
    for map in draft.workspace.hooks.values():
        if not map.events:
            draft.say(map, "events", code="missing-key", message="no event comes of it", hint="add one")
        for event in map.events:
            _event(draft, event)
        for sample in map.samples:
            _sample(draft, map, sample)
    for hook in draft.workspace.settings.hooks.values():
        _hook(draft, hook)


def _event(draft: Draft, event: HookEvent) -> None:
    if event.customer is None and event.anonymous_id is None:
        draft.say(
            event,
            code="missing-key",
            message="this event is about nobody",
            hint="say under customer or anonymous_id where the customer's id stands",
        )
    for key in ("id", "customer", "anonymous_id", "account", "at"):
        written = getattr(event, key)
        if written is not None:
            _written(draft, event, key, written=written)
    for name in event.when:
        _written(draft, event, "when", name, written=name)
    for name, written in event.properties.items():
        _written(draft, event, "properties", name, written=written)
        if "{" in name:
            _written(draft, event, "properties", name, written=name)


def _written(draft: Draft, event: HookEvent, *keys: str, written: str) -> None:
    for place in places(written):
        found = PLACE.fullmatch(place)
        if found is None:
            draft.say(
                event,
                *keys,
                code="bad-place",
                message=f"{quoted(place)} is no place in a message",
                hint="write order.total, or a text with places in braces: order:{id}",
            )
        elif found["change"] is not None and found["change"] not in CHANGES:
            draft.say(
                event,
                *keys,
                code="bad-place",
                message=f"nothing is made {quoted(found['change'])}",
                hint=f"write as {either(CHANGES)}",
            )


def _sample(draft: Draft, map: HookMap, sample: HookSample) -> None:
    headers = {name.lower(): value for name, value in sample.headers.items()}
    read = _salesforce if map.vendor == "salesforce" else json_messages
    try:
        messages = read(sample.body.encode())
    except (RequestError, msgspec.MsgspecError) as error:
        draft.say(
            sample,
            "body",
            code="bad-sample",
            message=f"the sample cannot be read: {error}",
            hint="write a message as the vendor sends it",
        )
        return
    lines = [line.encode() for line in (sample.expect or "").splitlines() if line.strip()]
    try:
        expected = [event for line in lines for event in json_messages(line)]
    except msgspec.MsgspecError as error:
        draft.say(
            sample,
            "expect",
            code="bad-sample",
            message=f"this is not JSON: {error}",
            hint='write an event a line: {"event": "payment_failed", "id": "1"}',
        )
        return
    got = [event for each in messages if isinstance(each, dict) for event in events_of(map, each, headers)]
    if got != expected:
        shown = "\n".join(_encode(each).decode() for each in got) or "nothing"
        draft.say(
            sample,
            "expect",
            code="sample-differs",
            message=f"{quoted(sample.it)} gives something else",
            hint=f"write {shown}, or mend the map",
        )


def _salesforce(body: bytes) -> list[Any]:
    return list(notifications(body).messages)


def _hook(draft: Draft, hook: Hook) -> None:
    draft.refer(hook, "map", kind="hook", name=hook.map)
    if not 1 <= len(hook.secrets) <= MOST_SECRETS:
        draft.say(
            hook,
            "secrets",
            code="out-of-range",
            message="a hook has one secret, or two while they change",
            hint="write secrets: [{env: NAME}]",
        )
    map = draft.workspace.hooks.get(hook.map)
    if map is None or (map.vendor == "salesforce") == (hook.organization is not None):
        return
    if hook.organization is None:
        code, message = "missing-key", "Salesforce signs nothing: its organization is checked"
        hint = "write organization: and the 18 characters of its id"
    else:
        code, message, hint = "unused", "only Salesforce has an organization", "take it out"
    draft.say(hook, "organization", code=code, message=message, hint=hint)
