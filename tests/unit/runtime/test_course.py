import msgspec

from engine.runtime.course import PORTION, Course, Imported, Refusal, added
from engine.runtime.writer import IngestAnswer
from engine.store.memory.store import MemoryStore


def answer(accepted: int, *refused: int) -> IngestAnswer:
    told = tuple({"index": index, "code": "bad_time", "detail": "no time"} for index in refused)
    return IngestAnswer(accepted=accepted, duplicates=0, conflicts=(), quarantined=told)


def course(store: MemoryStore, refused: list[Refusal] | None = None) -> Course:
    return Course(store, lambda work: work(), "an import", ([] if refused is None else refused).extend)


def begun(store: MemoryStore, rows: list[int]) -> None:
    """Take the first portion in, and end as if the process were killed."""
    first = course(store)
    portion = next(first.portions(rows))
    with store.begin() as writer:
        first.note(writer, answer(len(portion)))


def test_it_goes_on_behind_what_is_in() -> None:
    # given an import that ended behind its first portion
    store, rows = MemoryStore(), list(range(PORTION + 5))
    begun(store, rows)

    # when the same rows are given again
    again = course(store)
    portions = list(again.portions(rows))

    # then the rest of them is left
    assert portions == [rows[PORTION:]]
    assert again.done == Imported(accepted=PORTION, skipped=PORTION)


def test_other_rows_are_taken_from_their_beginning() -> None:
    store, rows = MemoryStore(), list(range(PORTION + 5))
    begun(store, rows)
    rows[3] = -1

    again = course(store)

    assert [len(portion) for portion in again.portions(rows)] == [PORTION, 5]
    assert again.done == Imported()


def test_an_import_that_has_ended_is_forgotten() -> None:
    store, rows = MemoryStore(), list(range(PORTION + 5))
    begun(store, rows)
    course(store).end()

    assert len(list(course(store).portions(rows))) == 2


def test_refused_rows_are_told_by_their_place_among_all() -> None:
    refused: list[Refusal] = []
    told = course(MemoryStore(), refused)

    told.advance(answer(PORTION - 1, 7))
    told.advance(answer(2, 2, 0))

    assert [entry["index"] for entry in refused] == [7, PORTION, PORTION + 2]
    assert told.done.rows == PORTION + 4


def test_answers_are_added_up() -> None:
    total = added(added(Imported(skipped=3), answer(5, 1)), answer(2))

    assert msgspec.structs.asdict(total) == {
        "accepted": 7,
        "duplicates": 0,
        "conflicts": 0,
        "quarantined": 1,
        "skipped": 3,
    }
