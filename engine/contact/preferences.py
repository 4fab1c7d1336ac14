"""What the customer asks for: a channel, and how often. It goes before the workspace's own policy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from engine.contact.caps import free_at
from engine.contact.log import LONGEST_CADENCE, Sent
from engine.customers.zones import Zone
from engine.errors import ValueSyntaxError
from engine.model.policy import Cap, ContactPolicy
from engine.model.values import AtMost, Duration, Micros

_WORDS = {"day": "1d", "week": "1w", "month": "30d"}


def preferred_channel(policy: ContactPolicy, facts: Mapping[str, Any]) -> str | None:
    """Give the channel that the customer prefers, None where that is unknown or nobody asks."""
    name = policy.preferences.channel
    value = facts.get(name) if name is not None else None
    return value.strip().lower() if isinstance(value, str) and value.strip() else None


def cadence(policy: ContactPolicy, facts: Mapping[str, Any]) -> AtMost | None:
    """Give how often the customer wants marketing at most; what cannot be read says nothing.

    Written `1 per week`, with `day`, `week` and `month` (30 days), or as caps are: `2 per 7d`. A span over
    31 days counts as 31.
    """
    name = policy.preferences.at_most
    value = facts.get(name) if name is not None else None
    return read_cadence(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def read_cadence(text: str) -> AtMost | None:
    """Read a cadence; None for what is none."""
    plain = re.sub(r"(?<= per )(day|week|month)$", lambda found: _WORDS[found[0]], text.strip().lower())
    try:
        asked = AtMost.parse(plain)
    except (ValueSyntaxError, ArithmeticError):
        return None
    return asked if asked.per.micros <= LONGEST_CADENCE else AtMost(asked.times, Duration(31, "d"))


def wanted_again(asked: AtMost, sends: Sequence[Sent], zone: Zone, now: Micros) -> Micros | None:
    """Give from when the customer wants marketing again, None where they do now.

    All channels count together, in whole days of the customer's zone; in hours it is the elapsed time.
    It is one more cap beside those of the policy, so that it makes them tighter and never looser.
    """
    return free_at(Cap(class_="marketing", at_most=asked, window="calendar"), sends, zone, now)
