"""Deterministic assignment: the same customer gets the same arm for ever, on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from engine.model.policy import ContactPolicy
from engine.model.values import Micros, Percent
from engine.model.workflow import Workflow

BUCKETS = 10_000
GLOBAL_SALT = "policy.global_holdout"
"""The salt of the policy's `global_holdout`."""


TREATED, HELD_OUT = "treated", "held_out"
"""The arms of a holdout."""


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """How arms were drawn: by which salt, how many of the 10,000 buckets each arm has.

    `global_` are the buckets of the policy's `global_holdout`, which has a salt of its own. Who was
    drawn under another design is not compared: the arms would differ by when people came.
    """

    salt: str
    arms: dict[str, int]
    global_: int = msgspec.field(name="global", default=0)


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who reached a workflow's start or a split, and the arm: what an analysis counts.

    It is fixed for ever. The global group is told by its `salt`, `GLOBAL_SALT`. `split` is empty for
    the holdout at the start. `design` is the JSON of a `Design`, empty for what is older than it.
    """

    workflow: str
    customer: str
    run: str
    salt: str
    bucket: int
    arm: str
    at: Micros
    split: str = ""
    design: str = ""


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
    design = holdout_design(workflow, policy)
    if marketing and held_out(GLOBAL_SALT, customer, policy.global_holdout):
        salt, share = GLOBAL_SALT, policy.global_holdout
    out = marketing and share is not None and held_out(salt, customer, share)
    return Exposure(
        workflow=workflow.id,
        customer=customer,
        run=run,
        salt=salt,
        bucket=bucket(salt, customer),
        arm=HELD_OUT if out else TREATED,
        at=at,
        design=written(design),
    )


def expose_to_split(
    workflow: str, split: str, arms: Mapping[str, Percent], run: str, customer: str, at: Micros
) -> Exposure:
    """Assign a run that has reached a split."""
    salt = f"{workflow}/{split}"
    return Exposure(
        workflow=workflow,
        customer=customer,
        run=run,
        salt=salt,
        bucket=bucket(salt, customer),
        arm=arm(workflow, split, customer, arms),
        at=at,
        split=split,
        design=written(split_design(workflow, split, arms)),
    )


def holdout_design(workflow: Workflow, policy: ContactPolicy) -> Design:
    """Give how a workflow draws who is held out."""
    out = _buckets(workflow.holdout.share) if workflow.holdout is not None else 0
    return Design(
        salt=workflow.salt or workflow.id,
        arms={TREATED: BUCKETS - out, HELD_OUT: out},
        global_=_buckets(policy.global_holdout.share),
    )


def split_design(workflow: str, split: str, arms: Mapping[str, Percent]) -> Design:
    """Give how a split draws its arms; buckets go to arms in the order written, as `arm` gives them."""
    reached, before = Decimal(0), 0
    drawn: dict[str, int] = {}
    for name, share in arms.items():
        reached += share.share
        upto = min(BUCKETS, _buckets(reached))
        drawn[name], before = upto - before, upto
    last = list(arms)[-1]
    drawn[last] += BUCKETS - before
    return Design(salt=f"{workflow}/{split}", arms=drawn)


def _buckets(share: Decimal) -> int:
    """Give how many buckets lie under a share."""
    return math.ceil(share * BUCKETS)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Design)


def written(design: Design) -> str:
    """Give a design as an exposure keeps it."""
    return _encoder.encode(design).decode()


def design_of(text: str) -> Design | None:
    """Read a design, None where an exposure is older than designs are."""
    return _decoder.decode(text) if text else None
