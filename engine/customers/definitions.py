"""Facts as they are read: each kind of fact with what it reads from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from engine.customers.series import Series
from engine.customers.windows import Window
from engine.expressions import Expression, Kind


class TraitFact(msgspec.Struct, frozen=True):
    """A trait that is sent; `default` as expressions see it."""

    name: str
    kind: Kind
    default: Any


class Drop(msgspec.Struct, frozen=True):
    """The settings of a `drop`: complete weeks, the least weekly volume, and how it is judged."""

    recent: int
    baseline: int
    at_least: Decimal | None
    robust: int | None
    against_fleet: bool


class ComputedFact(msgspec.Struct, frozen=True):
    """A fact computed from a series over a window; `kind` is that of the property it reads."""

    name: str
    function: str
    series: Series
    window: Window
    kind: Kind
    drop: Drop | None = None


class NamedFact(msgspec.Struct, frozen=True):
    """A fact that is an expression; `reads` are the facts that it names."""

    name: str
    expression: Expression
    reads: tuple[str, ...]


class RfmFact(msgspec.Struct, frozen=True):
    """One of rfm_r, rfm_f and rfm_m."""

    name: str
    series: Series
    window: Window


class ContractFact(msgspec.Struct, frozen=True):
    """One of the names of `engine.customers.catalog.CONTRACTS`."""

    name: str


Definition: TypeAlias = TraitFact | ComputedFact | NamedFact | RfmFact | ContractFact
