"""Erasing a customer, and giving out everything that is known of one."""

from __future__ import annotations

from asyncio import wrap_future

import msgspec
from litestar import delete
from litestar.params import FromPath

from api.auth import OPERATE
from api.doors import Call, aside, door, engine_of
from api.repeats import acting
from engine.runtime.people.erasing import Erased


class ErasedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an erasure.

    `customer` is the pseudonym under which skeletons stay, null where all was erased before; `rows`
    counts by table what was taken away or reduced.
    """

    customer: str | None
    already: bool
    rows: dict[str, int]


def erased_answer(done: Erased) -> ErasedAnswer:
    """Give what became of an erasure as it is answered with."""
    return ErasedAnswer(customer=done.pseudonym, already=done.already, rows=done.rows)


@delete("/v1/customers/{id:str}", status_code=200, opt=door(OPERATE, repeatable=True))
async def delete_customer(request: Call, id: FromPath[str]) -> ErasedAnswer:
    """Erase a customer for good, under all their names.

    What others count stays as skeletons under a pseudonym. Nothing can bring the rest back.
    """
    # The id must not outlive the customer in the address of a kept answer.
    hidden = await aside(engine_of(request).mark_of, id)
    engine = await acting(request, erased_answer, path=f"/v1/customers/{hidden}")
    return erased_answer(await wrap_future(engine.erase_customer(id, request.user.owner)))


HANDLERS = [delete_customer]
