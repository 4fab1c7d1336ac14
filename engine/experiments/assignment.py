"""Deterministic assignment: the same customer gets the same arm for ever, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from engine.model.policy import ContactPolicy
from engine.model.values import Micros, Percent
from engine.model.workflow import Workflow

Side: TypeAlias = Literal["treated", "held_out"]

BUCKETS = 10_000
GLOBAL_SALT = "policy.global_holdout"
"""The salt of the policy's `global_holdout`."""


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who reached a workflow's start, and the arm, fixed for ever: what an analysis counts.

    The global group is told by its `salt`, `GLOBAL_SALT`.
    """

    workflow: str
    customer: str
    run: str
    salt: str
    bucket: int
    arm: Side
    at: Micros


def bucket(salt: str, customer: str) -> int:
    """Give a customer's bucket, 0 to 9999: the first 8 bytes, big end first, of SHA-256(salt:customer)."""
    digest = hashlib.sha256(f"{salt}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def held_out(salt: str, customer: str, share: Percent) -> bool:
    """Tell whether a customer is in the control group; growing the share only adds to it."""
    return bucket(salt, customer) < share.share * BUCKETS


def arm(workflow: str, split: str, customer: str, arms: Mapping[str, Percent]) -> str:
    """Give the arm of a split that a customer takes; arms take buckets in the order written.

    Shares add up to 100%; what rounding or an error leaves over goes to the last arm.
    """
    place = bucket(f"{workflow}/{split}", customer)
    reached = Decimal(0)
    for name, share in arms.items():
        reached += share.share * BUCKETS
        if place < reached:
            return name
    return list(arms)[-1]


def expose(workflow: Workflow, policy: ContactPolicy, run: str, customer: str, at: Micros) -> Exposure:
    """Assign a run at its start. Only class marketing is held out, by the global group first.

    The salt is the workflow's `salt:`, by default its id; it must stay what it was when the first
    customer was assigned.
    """
    marketing = workflow.class_ == "marketing"
    salt, share = workflow.salt or workflow.id, workflow.holdout
    if marketing and held_out(GLOBAL_SALT, customer, policy.global_holdout):
        salt, share = GLOBAL_SALT, policy.global_holdout
    out = marketing and share is not None and held_out(salt, customer, share)
    return Exposure(
        workflow=workflow.id,
        customer=customer,
        run=run,
        salt=salt,
        bucket=bucket(salt, customer),
        arm="held_out" if out else "treated",
        at=at,
    )
