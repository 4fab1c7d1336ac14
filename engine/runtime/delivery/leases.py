"""Leases: how long an effect belongs to the process that has claimed it."""

from __future__ import annotations

import os

from engine.errors import ValueSyntaxError
from engine.model.values import SECOND, Duration, Micros

SETTING = "HOLDFAST_LEASE"
DEFAULT: Micros = 60 * SECOND


def lease() -> Micros:
    """Give the length of a lease: a minute, or what HOLDFAST_LEASE says, written as `30s` or `2m`.

    An effect whose lease has run out is taken up by whoever looks first; it is extended while an answer
    is waited for. After a crash it is how long what was on its way waits. Raises `ValueSyntaxError`.
    """
    text = os.environ.get(SETTING)
    if not text:
        return DEFAULT
    try:
        return Duration.parse(text).micros
    except ValueSyntaxError as error:
        raise ValueSyntaxError(f"{SETTING}: {error}") from error
