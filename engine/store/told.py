"""Stored documents in words: what an auditor reads where the audit record commits to bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.store.documents import Shape, unpack
from engine.store.rows import ATTEMPT, DECISION

_SHAPES: dict[str, Shape[Any]] = {"decision": DECISION, "step": ATTEMPT}
"""What documents of a kind of entry are of; those of other kinds are values as they are."""

_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def told_document(kind: str, document: bytes) -> msgspec.Raw:
    """Give a stored document as JSON, in which fields have their names; equal bytes give equal JSON."""
    shape = _SHAPES.get(kind)
    return msgspec.Raw(_encoder.encode(unpack(document) if shape is None else shape.fields(document)))
