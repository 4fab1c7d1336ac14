"""Repeating: a request that comes again under its Idempotency-Key gets the answer that it had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from engine.errors import HoldfastError, RequestError
from engine.model.values import DAY, Micros
from engine.runtime.shell import Shell
from engine.store.interface import Reader, Writer
from engine.store.records import Answer, Request

T = TypeVar("T")

KEPT: Micros = 7 * DAY
"""How long an answer is remembered."""


class Once(msgspec.Struct, frozen=True):
    """A request that is to act once: what it is known by, the hash of its body, how it is answered.

    `render` gives the status and the body of the answer from what the work gives.
    """

    request: Request
    body_hash: str
    render: Callable[[Any], tuple[int, bytes]]


class AnsweredBefore(HoldfastError):
    """The request has acted before; `answer` is what it was told then."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("this request was answered before")
        self.answer = answer


def answered(reader: Reader, once: Once) -> None:
    """Raise `AnsweredBefore` for a request that has acted before, `RequestError` for another body."""
    answer = reader.find_answer(once.request)
    if answer is None:
        return
    if answer.body_hash != once.body_hash:
        raise RequestError(
            "this Idempotency-Key came before with another body; send a new key with it",
            code="idempotency_key_reused",
        )
    raise AnsweredBefore(answer)


def keep(writer: Writer, once: Once, result: Any, now: Micros) -> None:
    """Keep the answer to a request, in the transaction of what it did."""
    status, body = once.render(result)
    writer.drop_answers(now - KEPT)
    writer.save_answer(once.request, Answer(body_hash=once.body_hash, status=status, body=body, at=now))


def act_once(shell: Shell, once: Once, work: Callable[[], T]) -> T:
    """Do the work of a request, and keep its answer in the transaction of its effect.

    The work tells its turn, or `Shell.answer`, what it gives. Raises `AnsweredBefore`, or `RequestError`
    where the key came with another body.
    """
    with shell.store.reader() as reader:
        answered(reader, once)

    def keep_with_it(writer: Writer, result: Any) -> None:
        keep(writer, once, result, shell.instants.reached)

    shell.keep_answer = keep_with_it
    try:
        return work()
    finally:
        shell.keep_answer = None
