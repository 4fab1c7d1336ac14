"""Subjects: what a customer is called where their id may not stand."""

from __future__ import annotations

import secrets

from engine.store.interface import Writer
from engine.store.remains import PREFIX


def pseudonym_of(writer: Writer, customer: str) -> str:
    """Give the pseudonym of a customer who is being erased: nothing leads from it to the id."""
    return f"{PREFIX}{secrets.token_hex(12)}"
