"""Lifecycle: stages that a customer goes through, in exactly one of which everybody is."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from engine.model.conditions import Condition
from engine.model.facts import Marks, Subject
from engine.model.testcase import TestCase
from engine.model.values import Duration


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a customer is in a stage; without any key everybody is whom no earlier stage takes.

    `quiet` is met when no event `of` that name has come for so long; `p90` is the base's own gap, and
    `until_known` stands in while that is unknown. Besides `if`, both must be met.
    """

    if_: Condition = msgspec.field(name="if", default=())
    quiet: Duration | Literal["p90"] | None = None
    of: str = "any"
    until_known: Duration | None = None

    @property
    def open(self) -> bool:
        """Whether it takes everybody."""
        return self.if_ == () and self.quiet is None


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stages in order: a customer is in the first one whose condition is met; the last takes the rest."""

    MARKS: ClassVar[Marks] = (("lifecycle",),)
    id: str = msgspec.field(name="lifecycle")
    owner: str | None = None
    description: str | None = None
    on: Subject = "person"
    stages: dict[str, Stage]
    tests: tuple[TestCase, ...] = ()
