"""Deterministic assignment: the same customer gets the same arm for ever, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from engine.model.policy import ContactPolicy
from engine.model.values import Micros, Percent
from engine.model.workflow import Workflow

BUCKETS = 10_000
TREATED: Literal["treated"] = "treated"
HELD_OUT: Literal["held_out"] = "held_out"
GLOBAL_SALT = "global"
"""The salt of the policy's `global_holdout`; a workflow's own is its `salt:`, by default its id."""
NOBODY = Percent(Decimal(0))


class Exposure(msgspec.Struct, frozen=True):
    """That a run reached its decision point, and on which side: what an analysis counts.

    `arm` is treated or held_out, `scope` whether the workflow's own holdout or the global one decided.
    `share` is the share held out when it was assigned, `bucket` the customer's, from 0 to 9999.
    """

    workflow: str
    run: str
    customer: str
    at: Micros
    arm: Literal["treated", "held_out"]
    scope: Literal["workflow", "global"]
    salt: str
    share: Percent
    bucket: int


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

    `workflow.salt` must be what it was when the workflow's first customer was assigned.
    """
    salt = workflow.salt or workflow.id
    own = workflow.holdout if workflow.holdout is not None and workflow.class_ == "marketing" else NOBODY
    if workflow.class_ == "marketing" and held_out(GLOBAL_SALT, customer, policy.global_holdout):
        return Exposure(
            workflow.id, run, customer, at, HELD_OUT, "global",
            GLOBAL_SALT, policy.global_holdout, bucket(GLOBAL_SALT, customer),
        )  # fmt: skip
    place = bucket(salt, customer)
    side = HELD_OUT if place < own.share * BUCKETS else TREATED
    return Exposure(workflow.id, run, customer, at, side, "workflow", salt, own, place)
