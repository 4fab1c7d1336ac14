"""Points as people see and move them: what members have, and what is done about it, each in one turn."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.authoring.wording import either, known_or, with_article
from engine.decisions.decision import identity
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.loyalty import figures
from engine.loyalty.ledger import (
    Adjustment,
    Balance,
    Book,
    Posting,
    Redemption,
    balance,
)
from engine.loyalty.statement import Statement, statement
from engine.loyalty.tiers import Progress, progress
from engine.model.program import Program
from engine.model.values import Micros
from engine.runtime.people.recording import caused, keep
from engine.runtime.reports.reading import looking, names_of
from engine.runtime.shell import Shell
from engine.runtime.tick import open_turn
from engine.timeline import play


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of acting on points: under which key, of whom, and the balance after it."""

    customer: str
    program: str
    key: str
    redemption: Redemption | None = None
    adjustment: Adjustment | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has in a program; `postings` are in the order of booking."""

    customer: str
    program: str
    at: Micros
    balance: Balance
    progress: Progress
    book: Book
    postings: list[Posting]


def act(shell: Shell, customer: str, name: str, asked: Mapping[str, Any], by: str) -> Done:
    """Do what a person asks about a customer's points; the same key again gives the same answer.

    It is an event of the customer. Raises NotFoundError, RequestError, ForbiddenError, and ConflictError
    where there are too few points or the key was used for something else.
    """
    program = program_named(shell, asked.get("program"))
    key = str(asked.get("key") or secrets.token_hex(12))
    with open_turn(shell) as turn:
        id = turn.customer(customer)
        turn.come_after()
        member = turn.cast.find(id)
        if member is None:
            raise NotFoundError(f"there is no customer {customer}; send an id that its events came with")
        if member.kind != program.on:
            raise RequestError(
                f"{program.id} is about {with_article(program.on)}, and {customer} is"
                f" {with_article(member.kind)}; send {with_article(program.on)}"
            )
        booked = turn.writer.posting(program.id, key)
        if booked is not None and turn.writer.resolve([booked.customer])[booked.customer] != id:
            raise ConflictError(
                f"the key {key} was used for another customer; send another key", code="key_reused"
            )
        said = {**asked, "program": program.id, "key": key, "by": by}
        event = caused(turn, id, name, identity(name, program.id, id, key), said)
        kept = keep(turn, event)
        done = play.act_on_points(turn.world, turn.cast, turn.changes, kept or event, again=kept is None)
        shown = msgspec.structs.replace(done)
        turn.result = answer = Done(
            customer=id,
            program=program.id,
            key=key,
            redemption=shown if isinstance(shown, Redemption) else None,
            adjustment=shown if isinstance(shown, Adjustment) else None,
        )
        return answer


def held(shell: Shell, customer: str, program: str | None, now: Micros) -> Held:
    """Give what a customer has in a program; raises `NotFoundError`."""
    found = program_named(shell, program)
    with looking(shell, now) as (reader, _, cast):
        names = names_of(reader, customer)
        member = cast.get(names[0])
        book = member.standing.ledger.books.get(found.id) or Book()
        return Held(
            customer=member.id,
            program=found.id,
            at=now,
            balance=balance(member.standing.ledger, found.id),
            progress=progress(found, book),
            book=book,
            postings=reader.postings(names, program=found.id),
        )


def stated(shell: Shell, customer: str, program: str | None, start: Micros, end: Micros) -> Statement:
    """Give a member's statement of [start, end); raises `NotFoundError`."""
    found = program_named(shell, program)
    with shell.store.reader() as reader:
        return statement(reader.postings(names_of(reader, customer), program=found.id), start, end)


def liability(shell: Shell, program: str) -> figures.Liability:
    """Give what a program owes its members, with everything that it is made of; raises `NotFoundError`."""
    found = program_named(shell, program)
    cost = found.liability
    with shell.store.reader() as reader:
        return figures.liability(
            reader.points_of(found.id),
            reader.points_of(found.id, closed=True),
            None if cost is None else cost.cost_per_point.amount,
            None if cost is None else cost.cost_per_point.currency,
            None if cost is None or cost.redemption_rate is None else cost.redemption_rate.share,
        )


def program_named(shell: Shell, name: object) -> Program:
    """Give a program by its name, the only one without; raises `NotFoundError` or `RequestError`."""
    programs = shell.ruleset.workspace.programs
    if name is not None:
        if str(name) not in programs:
            raise NotFoundError(f"there is no program {name}; {known_or(str(name), programs)}")
        return programs[str(name)]
    if not programs:
        raise NotFoundError("there is no program of points; write one in a file under rules/")
    if len(programs) > 1:
        raise RequestError(
            f"there are several programs; name {either(sorted(programs))}", code="invalid_parameter"
        )
    return next(iter(programs.values()))
