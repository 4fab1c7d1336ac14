"""SQL of the outbox: external effects, claimed under a lease and a fence."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, func, or_, select, update

from engine.store.letters import LetterFilter, step_in_key
from engine.store.statements import Insert, among
from engine.store.tables import CONNECTOR, OUTBOX

_SETTLING = ("state", "claimable_at", "lease_until", "settled_at", "outcome", "reason", "dead")


_BY_CLAIM = (
    OUTBOX.c.key == bindparam("b_key"),
    OUTBOX.c.fence == bindparam("b_fence"),
    OUTBOX.c.state == "leased",
)
"""The effect of a claim, while it still holds."""


@cache
def put_effect(insert: Insert) -> Executable:
    """An effect to deliver; one that is there already is ready again, unless it has settled."""
    put = insert(OUTBOX)
    again = ("state", "due", "claimable_at", "lease_until", "unsure", "document")
    return put.on_conflict_do_update(
        index_elements=[OUTBOX.c.key],
        set_={name: put.excluded[name] for name in again},
        where=OUTBOX.c.state != "settled",
    )


@cache
def settled_among() -> Executable:
    """Which of `keys` have settled."""
    return select(OUTBOX.c.key).where(among(OUTBOX.c.key, "keys"), OUTBOX.c.state == "settled")


@cache
def claimable(sharded: bool) -> Executable:
    """The keys and customers of `limit` effects that may be claimed at `now`."""
    found = (
        select(OUTBOX.c.key, OUTBOX.c.customer)
        .where(OUTBOX.c.claimable_at <= bindparam("now"))
        .order_by(OUTBOX.c.claimable_at, OUTBOX.c.key)
        .limit(bindparam("limit"))
    )
    return found.where(OUTBOX.c.shard == bindparam("shard")) if sharded else found


@cache
def claimable_among() -> Executable:
    """Those of `keys` that may be claimed at `now`; what another claims right now is passed over."""
    return (
        select(OUTBOX)
        .where(among(OUTBOX.c.key, "keys"), OUTBOX.c.claimable_at <= bindparam("now"))
        .order_by(OUTBOX.c.claimable_at, OUTBOX.c.key)
        .with_for_update(skip_locked=True)
    )


@cache
def claim_effect() -> Executable:
    """An effect, leased until `lease_until`."""
    return (
        update(OUTBOX)
        .where(OUTBOX.c.key == bindparam("b_key"))
        .values(
            state="leased",
            attempts=OUTBOX.c.attempts + 1,
            fence=OUTBOX.c.fence + 1,
            unsure=or_(OUTBOX.c.unsure, OUTBOX.c.state == "leased"),
            lease_until=bindparam("lease_until"),
            claimable_at=bindparam("lease_until"),
        )
    )


@cache
def extend_effect() -> Executable:
    """A claim with `b_fence`, leased until `lease_until`."""
    return (
        update(OUTBOX)
        .where(*_BY_CLAIM)
        .values(lease_until=bindparam("lease_until"), claimable_at=bindparam("lease_until"))
    )


@cache
def held_effect() -> Executable:
    """Whether the claim with `fence` still holds; it does so until the transaction ends."""
    held = select(OUTBOX.c.key).where(
        OUTBOX.c.key == bindparam("key"), OUTBOX.c.fence == bindparam("fence"), OUTBOX.c.state == "leased"
    )
    return held.with_for_update()


@cache
def release_effect() -> Executable:
    """A claim given back, to be claimed again at `due`."""
    return (
        update(OUTBOX)
        .where(*_BY_CLAIM)
        .values(state="ready", due=bindparam("due"), claimable_at=bindparam("due"), lease_until=None)
    )


@cache
def settle_effect() -> Executable:
    """An effect, settled, unless it was before."""
    return (
        update(OUTBOX)
        .where(OUTBOX.c.key == bindparam("b_key"), OUTBOX.c.state != "settled")
        .values({name: bindparam(name) for name in _SETTLING})
    )


@cache
def call_off_effect() -> Executable:
    """An effect that waits and has surely not been taken, settled."""
    return (
        update(OUTBOX)
        .where(OUTBOX.c.key == bindparam("b_key"), OUTBOX.c.state == "ready", ~OUTBOX.c.unsure)
        .values({name: bindparam(name) for name in _SETTLING})
    )


@cache
def settle_claim() -> Executable:
    """A claim with `b_fence`, settled."""
    return update(OUTBOX).where(*_BY_CLAIM).values({name: bindparam(name) for name in _SETTLING})


@cache
def ready_effects_of() -> Executable:
    """The effects of the runs `ids` that wait and have surely not been taken."""
    return (
        select(OUTBOX.c.key)
        .where(among(OUTBOX.c.run, "ids"), OUTBOX.c.state == "ready", ~OUTBOX.c.unsure)
        .order_by(OUTBOX.c.key)
    )


@cache
def revive_effect() -> Executable:
    """A dead letter, to be claimed at `due` as if for the first time."""
    return (
        update(OUTBOX)
        .where(OUTBOX.c.dead == bindparam("b_key"))
        .values(
            state="ready",
            due=bindparam("due"),
            claimable_at=bindparam("due"),
            attempts=0,
            settled_at=None,
            outcome=None,
            reason=None,
            dead=None,
        )
    )


@cache
def close_dead_letter() -> Executable:
    """A dead letter, settled."""
    return (
        update(OUTBOX)
        .where(OUTBOX.c.dead == bindparam("b_key"))
        .values({name: bindparam(name) for name in _SETTLING})
    )


@cache
def effect_by_key() -> Executable:
    """One effect."""
    return select(OUTBOX).where(OUTBOX.c.key == bindparam("key"))


@cache
def effects_of() -> Executable:
    """The effects of `run`."""
    return select(OUTBOX).where(OUTBOX.c.run == bindparam("run")).order_by(OUTBOX.c.created_at, OUTBOX.c.key)


@cache
def earliest_claimable() -> Executable:
    """When the next effect may be claimed."""
    return select(func.min(OUTBOX.c.claimable_at)).where(OUTBOX.c.claimable_at.is_not(None))


def dead_letters(wanted: LetterFilter, after: str, limit: int) -> Executable:
    """`limit` dead letters after the key `after`, of those that are wanted."""
    page = select(OUTBOX).where(OUTBOX.c.dead > after)
    if wanted.workflow is not None:
        page = page.where(OUTBOX.c.workflow == wanted.workflow)
    if wanted.step is not None:
        page = page.where(OUTBOX.c.key.contains(step_in_key(wanted.step), autoescape=True))
    if wanted.customers is not None:
        page = page.where(OUTBOX.c.customer.in_(wanted.customers))
    if wanted.outcome is not None:
        page = page.where(OUTBOX.c.outcome == wanted.outcome)
    if wanted.reason is not None:
        page = page.where(OUTBOX.c.reason == wanted.reason)
    if wanted.start is not None:
        page = page.where(OUTBOX.c.settled_at >= wanted.start)
    if wanted.end is not None:
        page = page.where(OUTBOX.c.settled_at < wanted.end)
    return page.order_by(OUTBOX.c.dead).limit(limit)


@cache
def count_dead() -> Executable:
    """How many dead letters there are."""
    return select(func.count()).select_from(OUTBOX).where(OUTBOX.c.dead.is_not(None))


@cache
def count_uncertain() -> Executable:
    """How many dead letters nobody knows the fate of."""
    return (
        select(func.count())
        .select_from(OUTBOX)
        .where(OUTBOX.c.dead.is_not(None), OUTBOX.c.outcome == "uncertain")
    )


@cache
def count_waiting() -> Executable:
    """How many effects have not settled."""
    return select(func.count()).select_from(OUTBOX).where(OUTBOX.c.claimable_at.is_not(None))


@cache
def connectors() -> Executable:
    """All connectors of which anything is known."""
    return select(CONNECTOR)


@cache
def begin_connector(insert: Insert) -> Executable:
    """A connector, unless it is there."""
    return insert(CONNECTOR).on_conflict_do_nothing(index_elements=[CONNECTOR.c.name])


@cache
def held_connectors() -> Executable:
    """The connectors `names`, kept until the transaction ends."""
    return (
        select(CONNECTOR).where(among(CONNECTOR.c.name, "names")).order_by(CONNECTOR.c.name).with_for_update()
    )


@cache
def save_connector() -> Executable:
    """A connector, as it is now."""
    return (
        update(CONNECTOR)
        .where(CONNECTOR.c.name == bindparam("b_name"))
        .values({name: bindparam(name) for name in ("failures", "open_until", "tat")})
    )
