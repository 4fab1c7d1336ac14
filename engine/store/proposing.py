"""What the store keeps of changes before and while they are live: plans, proposals, and the record of all.

`ProposalReader` and `ProposalWriter` are the parts of `Reader` and `Writer` that concern them.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from engine.model.values import Micros

State = Literal["open", "accepted", "rejected", "replaced"]
"""What has become of a proposal; an accepted one is live, or was, once there is a release of its number."""


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, by its token: the files as they would be by path and SHA-256, planned against a release.

    `texts` are those of the files that the release does not have; `report` is what the plan found, as JSON.
    """

    token: str
    at: Micros
    by: str
    base: int
    files: dict[str, str]
    texts: dict[str, str]
    report: bytes


class ProposalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that somebody proposes to make live. `token` is the hash of its content and of its base.

    Proposals and releases are numbered in one row, so that a release has the number of its proposal.
    `author` is the human, `key` the key they used.
    """

    number: int
    state: State
    at: Micros
    token: str
    base: int
    author: str
    key: str
    note: str | None
    files: dict[str, str]
    report: bytes


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the record of changes: what was done to which release, by which human with which key.

    `hash` is over the content that it was done to. Lines are added and never changed; `id` is given by
    the store, 0 before it is stored.
    """

    id: int = 0
    at: Micros
    kind: str
    release: int
    by: str
    key: str
    hash: str
    note: str | None = None


class ProposalReader(Protocol):
    """What is asked about plans, proposals and the record of changes."""

    def plan(self, token: str) -> PlanRow | None:
        """Give a plan."""
        ...

    def proposal(self, number: int) -> ProposalRow | None:
        """Give a proposal."""
        ...

    def proposals(self) -> list[ProposalRow]:
        """Give every proposal, the first one first."""
        ...

    def changes(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        release: int | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[ChangeRow]:
        """Give the record of changes in its order."""
        ...

    def count_changes(self, *, start: Micros | None = None, end: Micros | None = None) -> int:
        """Count the lines of the record."""
        ...

    def customer_ids(self) -> list[str]:
        """Give every customer's id, in order."""
        ...

    def open_runs(self) -> dict[str, int]:
        """Count the open runs of each workflow that has some."""
        ...

    def event_names(self) -> set[str]:
        """Give the names of all events that were ever accepted."""
        ...


class ProposalWriter(Protocol):
    """What is written of them."""

    def save_plan(self, plan: PlanRow) -> None:
        """Keep a plan; the same one planned anew takes the place of the one before."""
        ...

    def drop_plans(self, before: Micros) -> int:
        """Forget plans made before an instant; give how many."""
        ...

    def save_proposal(self, proposal: ProposalRow) -> None:
        """Keep a proposal, or what has become of it."""
        ...

    def add_change(self, change: ChangeRow) -> None:
        """Add a line to the record of changes."""
        ...

    def approve_emergency(self, number: int, approver: str) -> None:
        """Say of a release that it is approved after it went live."""
        ...
