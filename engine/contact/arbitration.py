"""Who speaks when several want to: ranks, and groups of which one run at a time is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.contact.log import Sent
from engine.model.policy import ContactPolicy
from engine.model.values import Micros
from engine.model.workflow import Workflow


class Rival(msgspec.Struct, frozen=True):
    """Another message of this customer that is due or planned; rank 0 is the highest."""

    workflow: str
    rank: int
    due: Micros


def rank_of(policy: ContactPolicy, workflow: Workflow) -> int:
    """Give a workflow's place in the policy's order, 0 the highest; without one it comes last."""
    return policy.order.index(workflow.rank) if workflow.rank in policy.order else len(policy.order)


def group_of(policy: ContactPolicy, workflow: str) -> str | None:
    """Give the exclusivity group that a workflow is in, the first where it is in several."""
    return next((name for name, members in policy.groups.items() if workflow in members), None)


def outranked_by(
    policy: ContactPolicy,
    workflow: str,
    rank: int,
    sends: Iterable[Sent],
    rivals: Iterable[Rival],
    now: Micros,
) -> str | None:
    """Give the workflow to which a due marketing message loses, None where it may go.

    It loses to a higher rank (the smaller workflow id inside one) that was sent within
    `arbitrate_within` before `now` or is due within it after. A workflow never loses to itself.
    """
    if policy.arbitrate_within is None:
        return None
    near = policy.arbitrate_within.micros
    higher = [
        (sent.rank, sent.workflow)
        for sent in sends
        if now - near <= sent.at and (sent.rank, sent.workflow) < (rank, workflow)
    ]
    higher += [
        (rival.rank, rival.workflow)
        for rival in rivals
        if rival.due <= now + near and (rival.rank, rival.workflow) < (rank, workflow)
    ]
    return min(higher)[1] if higher else None


def refused_by(rank: int, open_runs: Sequence[tuple[str, int]]) -> str | None:
    """Give the open run (by workflow) that refuses a new one of the group: at least its rank.

    `open_runs` are (workflow, rank) of the open runs of the same group and customer.
    """
    return next((workflow for workflow, other in open_runs if other <= rank), None)


def stopped_by(rank: int, open_runs: Sequence[tuple[str, int]]) -> str | None:
    """Give the open run (by workflow) that stops a running one of the group at its next `do`."""
    return next((workflow for workflow, other in open_runs if other < rank), None)
