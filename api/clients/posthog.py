"""Calls of PostHog's capture API as events.

Names that begin with `$` are PostHog's own: those that say something of the customer are understood,
properties that tell of the library and the machine it runs on are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Raw = dict[str, Any]

KEY = "api_key"
"""The field of a batch that has the key: these clients send no header."""


def from_posthog(call: Raw, sent: object) -> object:
    """Give the event that a call means; `sent` is when its batch was sent."""
    given = call.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    told = {
        "id": call.get("uuid"),
        "customer": call.get("distinct_id"),
        "at": call.get("timestamp"),
        "sent_at": sent,
    }
    raw: Raw = {name: value for name, value in told.items() if value is not None}
    name = call.get("event")
    translate = _KINDS.get(name) if isinstance(name, str) else None
    if translate is not None:
        translate(raw, call, properties)
        return raw
    if name is not None:
        raw["event"] = name
    raw["properties"] = {key: value for key, value in properties.items() if not key.startswith("$")}
    groups = properties.get("$groups")
    if isinstance(groups, Mapping) and len(groups) == 1:
        [raw["account"]] = groups.values()
    return raw


def _identify(raw: Raw, call: Raw, properties: Mapping[str, Any]) -> None:
    traits = call.get("$set") or properties.get("$set")
    raw |= {"event": "identify", "traits": {} if traits is None else traits}
    if (anonymous := properties.get("$anon_distinct_id")) is not None:
        raw["anonymous_id"] = anonymous


def _alias(raw: Raw, call: Raw, properties: Mapping[str, Any]) -> None:
    # The call is made under the id of before.
    raw |= {
        "event": "alias",
        "customer": properties.get("alias"),
        "properties": {"previous_id": properties.get("distinct_id", call.get("distinct_id"))},
    }


def _group(raw: Raw, call: Raw, properties: Mapping[str, Any]) -> None:
    # Who calls is often made up for the call: it is about the account alone.
    raw.pop("customer", None)
    raw |= {
        "event": "group",
        "account": properties.get("$group_key"),
        "traits": properties.get("$group_set") or {},
    }


def _viewed(name: str, told: str) -> Callable[[Raw, Raw, Mapping[str, Any]], None]:
    def translate(raw: Raw, call: Raw, properties: Mapping[str, Any]) -> None:
        own = {key: value for key, value in properties.items() if not key.startswith("$")}
        if told in properties:
            own["name"] = properties[told]
        raw |= {"event": name, "properties": own}

    return translate


_KINDS: Mapping[str, Callable[[Raw, Raw, Mapping[str, Any]], None]] = {
    "$identify": _identify,
    "$set": _identify,
    "$create_alias": _alias,
    "$groupidentify": _group,
    "$pageview": _viewed("page_viewed", "$current_url"),
    "$screen": _viewed("screen_viewed", "$screen_name"),
}
