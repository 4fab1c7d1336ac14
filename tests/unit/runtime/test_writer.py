"""The writer: batches grow with the load, and one refused request costs no other."""

import threading
from collections.abc import Generator, Sequence

import pytest

from engine.errors import StoreError
from engine.runtime.writer import LARGEST_BATCH, IngestAnswer, Writer


class Desk:
    """Commits batches of numbers; refuses those with a negative one; can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def commit(self, numbers: Sequence[int]) -> list[IngestAnswer]:
        self.entered.set()
        self.open.wait(timeout=30)
        if min(numbers) < 0:
            raise StoreError("refused")
        self.batches.append(list(numbers))
        return [IngestAnswer(accepted=number, duplicates=0) for number in numbers]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def writer(desk: Desk) -> Generator[Writer]:
    writer = Writer()
    writer.start()
    yield writer
    desk.open.set()
    writer.close()


def hold_up(desk: Desk, writer: Writer) -> None:
    """Let a first commit begin and not end, so that what comes after it gathers."""
    desk.open.clear()
    writer.join(0, desk.commit, 1)
    assert desk.entered.wait(timeout=30)


def test_what_waits_is_committed_together(desk: Desk, writer: Writer) -> None:
    # given requests that come while a commit is under way
    hold_up(desk, writer)
    futures = [writer.join(number, desk.commit, 1) for number in range(1, 6)]

    # when it ends
    desk.open.set()

    # then the rest is one commit, and everybody has an answer of their own
    assert [future.result(timeout=30).accepted for future in futures] == [1, 2, 3, 4, 5]
    assert desk.batches == [[0], [1, 2, 3, 4, 5]]


def test_a_batch_has_a_largest_size(desk: Desk, writer: Writer) -> None:
    hold_up(desk, writer)
    futures = [writer.join(number, desk.commit, LARGEST_BATCH // 2) for number in range(1, 6)]
    desk.open.set()
    for future in futures:
        future.result(timeout=30)
    assert desk.batches == [[0], [1, 2], [3, 4], [5]]


def test_a_refused_request_costs_no_other(desk: Desk, writer: Writer) -> None:
    hold_up(desk, writer)
    futures = [writer.join(number, desk.commit, 1) for number in (1, 2, -3, 4, 5)]
    desk.open.set()
    with pytest.raises(StoreError):
        futures[2].result(timeout=30)
    assert [futures[place].result(timeout=30).accepted for place in (0, 1, 3, 4)] == [1, 2, 4, 5]
    assert sorted(number for batch in desk.batches for number in batch) == [0, 1, 2, 4, 5]


def test_jobs_and_requests_keep_their_order(desk: Desk, writer: Writer) -> None:
    hold_up(desk, writer)
    writer.join(1, desk.commit, 1)
    seen = writer.call(lambda: list(desk.batches))
    writer.join(2, desk.commit, 1)
    desk.open.set()
    assert seen.result(timeout=30) == [[0], [1]]


def test_requests_of_two_kinds_are_never_one_batch(desk: Desk, writer: Writer) -> None:
    # given calls of another kind between two requests
    called: list[list[str]] = []

    def answer(names: Sequence[str]) -> list[str]:
        called.append(list(names))
        return [name.upper() for name in names]

    hold_up(desk, writer)
    writer.join(1, desk.commit, 1)
    futures = [writer.join(name, answer) for name in ("ann", "bob")]
    last = writer.join(2, desk.commit, 1)

    # when they are committed
    desk.open.set()

    # then those of one kind are together, in the order in which all came
    assert [future.result(timeout=30) for future in futures] == ["ANN", "BOB"]
    assert last.result(timeout=30).accepted == 2
    assert (called, desk.batches) == ([["ann", "bob"]], [[0], [1], [2]])


def test_an_error_among_the_answers_is_raised_to_whom_it_concerns(desk: Desk, writer: Writer) -> None:
    def answer(numbers: Sequence[int]) -> list[int | ValueError]:
        return [number if number else ValueError("nought") for number in numbers]

    hold_up(desk, writer)
    futures = [writer.join(number, answer) for number in (1, 0, 2)]
    desk.open.set()

    with pytest.raises(ValueError, match="nought"):
        futures[1].result(timeout=30)
    assert [futures[place].result(timeout=30) for place in (0, 2)] == [1, 2]


def test_a_request_called_off_while_it_waits_is_not_committed(desk: Desk, writer: Writer) -> None:
    hold_up(desk, writer)
    gone, kept = writer.join(1, desk.commit, 1), writer.join(2, desk.commit, 1)
    assert gone.cancel()
    desk.open.set()
    assert kept.result(timeout=30).accepted == 2
    assert desk.batches == [[0], [2]]


def test_closing_finishes_what_waits_and_refuses_the_rest(desk: Desk, writer: Writer) -> None:
    hold_up(desk, writer)
    waiting = writer.join(1, desk.commit, 1)
    desk.open.set()
    writer.close()
    assert waiting.result(timeout=30).accepted == 1
    with pytest.raises(StoreError, match="closed"):
        writer.join(2, desk.commit, 1)


def test_a_job_that_raises_tells_who_asked(writer: Writer) -> None:
    with pytest.raises(ZeroDivisionError):
        writer.call(lambda: 1 // 0).result(timeout=30)
    assert writer.call(lambda: 7).result(timeout=30) == 7
