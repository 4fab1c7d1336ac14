"""Erasing a customer, and giving out everything that is known of one."""

from __future__ import annotations

from asyncio import wrap_future

from litestar import delete
from litestar.params import FromPath

from api.answers.personal import ErasedAnswer, erased_answer
from api.auth import OPERATE
from api.doors import Call, aside, door, engine_of
from api.repeats import acting


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
