"""Adjustments: points that a person gives or takes by hand, above a limit with a second person."""

from __future__ import annotations

from typing import Literal

from engine.errors import ConflictError, ForbiddenError, NotFoundError
from engine.loyalty.ledger import Adjustment, Book, Ledger, Posting, grant, spend
from engine.model.values import Micros


def propose(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    points: int,
    reason: str,
    by: str,
    now: Micros,
    *,
    waits_until: Micros | None = None,
    expires_at: Micros | None = None,
) -> Posting | None:
    """Give points, or take some where `points` is below zero; with `waits_until` another person decides.

    None where it waits, or where the same adjustment was made before. Raises ConflictError with the code
    `key_reused` where the key was used for another one, and `insufficient_points`.
    """
    book = ledger.book(program)
    known = book.adjustments.get(key)
    if known is not None:
        if (known.points, known.reason) != (points, reason):
            raise ConflictError(f"adjustment {key} was made before and is another one", code="key_reused")
        return None
    state: Literal["pending", "applied"] = "pending" if waits_until is not None else "applied"
    made = Adjustment(points, reason, by, now, state, waits_until)
    posting = None
    if waits_until is None:
        posting = _apply(ledger, program, customer, key, made, by, now, expires_at)
    book.adjustments = {**book.adjustments, key: made}
    return posting


def approve(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    by: str,
    now: Micros,
    *,
    expires_at: Micros | None = None,
) -> Posting | None:
    """Let a pending adjustment happen; None where this person did before.

    Raises NotFoundError, ForbiddenError with the code `same_person` for who proposed it, ConflictError
    with the code `adjustment_decided` where it was refused or is void, and `insufficient_points`.
    """
    made = _decidable(ledger.book(program), key, by, "applied")
    if made.state == "applied":
        return None
    posting = _apply(ledger, program, customer, key, made, by, now, expires_at)
    made.state, made.until, made.decided_by, made.decided_at = "applied", None, by, now
    return posting


def refuse(ledger: Ledger, program: str, key: str, by: str, now: Micros) -> bool:
    """Turn a pending adjustment down; False where this was done before. Raises as `approve` does."""
    made = _decidable(ledger.book(program), key, by, "refused")
    if made.state == "refused":
        return False
    made.state, made.until, made.decided_by, made.decided_at = "refused", None, by, now
    return True


def lapse(book: Book, now: Micros) -> list[str]:
    """Make the pending adjustments void whose time is up; give their keys."""
    lapsed = [
        key
        for key, made in book.adjustments.items()
        if made.state == "pending" and made.until is not None and made.until <= now
    ]
    for key in lapsed:
        made = book.adjustments[key]
        made.state, made.until, made.decided_at = "void", None, now
    return lapsed


def _decidable(book: Book, key: str, by: str, wanted: Literal["applied", "refused"]) -> Adjustment:
    made = book.adjustments.get(key)
    if made is None:
        raise NotFoundError(f"there is no adjustment {key}")
    if made.by == by:
        raise ForbiddenError("another person has to decide this adjustment", code="same_person")
    if made.state != "pending" and (made.state != wanted or made.decided_by != by):
        raise ConflictError(f"adjustment {key} is {made.state} already", code="adjustment_decided")
    return made


def _apply(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    made: Adjustment,
    by: str,
    now: Micros,
    expires_at: Micros | None,
) -> Posting | None:
    if made.points > 0:
        return grant(
            ledger, program, customer, key, made.points, now,
            expires_at=expires_at, reason=made.reason, kind="adjusted", by=by,
        )  # fmt: skip
    entries, _ = spend(ledger.book(program), -made.points, "reversed")
    return Posting(
        key=key, program=program, customer=customer, kind="adjusted", at=now, entries=tuple(entries),
        reason=made.reason, by=by,
    )  # fmt: skip
