"""Conditions: one expression, a list that must all hold, or `any:` of which one must."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import msgspec

from engine.model.values import Formula


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines of which one must hold."""

    MARKS: ClassVar[tuple[tuple[str, ...], ...]] = (("any",),)
    any: tuple[Formula, ...]


ConditionEntry: TypeAlias = Formula | AnyOf
Condition: TypeAlias = Formula | AnyOf | tuple[ConditionEntry, ...]
