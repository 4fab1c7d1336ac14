"""The stream: what happens in the order of the record, from any place on, to whoever may hear it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from api import rates
from api.app import create_app
from api.bounds import bounded
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.streaming import PATIENCE, Told, listening, whole
from tests.servers import postgres_url

ANA = "ana@example.com"


def order(id: str, customer: str = ANA) -> dict[str, Any]:
    return {"customer": customer, "event": "order_completed", "id": id, "total": 120}


async def send(engine: Engine, *events: dict[str, Any]) -> None:
    await asyncio.wrap_future(engine.ingest(events, source="shop"))


def key_of(engine: Engine, role: str = "auditor") -> str:
    return engine.create_key(role, f"{role}@example.com").text


@pytest.fixture
def app(engine: Engine) -> Litestar:
    return create_app(engine)


@pytest.fixture
def key(engine: Engine) -> str:
    return key_of(engine)


def numbers(told: list[Told]) -> list[int]:
    return [each.id for each in told]


def sorts(told: list[Told]) -> list[str | None]:
    return [each.event for each in told]


def test_who_listens_hears_what_happens_in_the_order_of_the_record(
    app: Litestar, engine: Engine, key: str
) -> None:
    async def scene() -> list[Told]:
        # given somebody who listens
        async with listening(app, key) as heard:
            assert (heard.status, heard.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            # when an order brings about a decision and a run, which asks the desk and waits
            await send(engine, order("o-1"))
            return await heard.until(3)

    told = asyncio.run(scene())
    # then they come with their numbers, and with nothing that the lists do not show
    assert sorts(told) == ["decision", "run_started", "step"]
    with engine.store.reader() as reader:
        leaves = {leaf.number: leaf.kind for leaf in reader.leaves(0, reader.edge().size)}
        (run,) = reader.runs()
    assert [leaves[number] for number in numbers(told)] == sorts(told)
    assert numbers(told) == sorted(numbers(told))
    decision, started, step = (each.data for each in told)
    assert decision == {
        "leaf": told[0].id,
        "at": "2026-01-05T12:00:00Z",
        "customer": ANA,
        "rule": "big-order",
        "decision": run.decision,
        "outcome": "fired",
    }
    assert started == {
        "leaf": told[1].id, "at": "2026-01-05T12:00:00Z", "customer": ANA, "rule": "big-order",
        "decision": run.decision, "workflow": "ask-desk", "run": run.id, "status": "waiting",
        "arm": started["arm"],
    }  # fmt: skip
    assert (step["run"], step["workflow"], step["rule"], step["verb"]) == (
        run.id,
        "ask-desk",
        "big-order",
        "ask",
    )


def test_the_page_of_the_stream_shows_events_as_they_are_told(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given what docs/stream.md shows
    text = (Path(__file__).parents[3] / "docs/stream.md").read_text()
    shown = re.findall(r"^id: (\d+)\nevent: (\w+)\ndata: (.*)$", text, re.MULTILINE)

    async def scene() -> list[Told]:
        async with listening(app, key) as heard:
            await send(engine, order("o-1"))
            return await heard.until(2)

    # when a decision starts a run
    told = asyncio.run(scene())
    # then it comes under the same names, in the same order
    assert [(event, [*json.loads(data)]) for _, event, data in shown] == [
        (each.event, [*each.data]) for each in told[:2]
    ]
    assert [int(number) for number, _, _ in shown] == [json.loads(data)["leaf"] for *_, data in shown]


def test_on_a_shared_database_one_hears_what_another_process_decided_and_sealed(
    folder: Path, clock: VirtualClock
) -> None:
    # given two engines on one database, of which one is listened to
    url = postgres_url()
    with (
        Engine.open(folder, url, clock, work=False) as near,
        Engine.open(folder, url, clock, work=False) as far,
    ):

        async def scene() -> list[Told]:
            async with listening(create_app(near), key_of(near)) as heard:
                # when the other one decides, and seals
                await send(far, order("o-1"))
                await asyncio.wrap_future(far.checkpoint())
                return await heard.until(3)

        assert sorts(asyncio.run(scene())) == ["decision", "run_started", "step"]


def test_who_comes_back_with_the_last_number_misses_nothing_and_hears_nothing_twice(
    app: Litestar, engine: Engine, key: str
) -> None:
    async def scene() -> tuple[list[Told], list[Told], list[Told]]:
        # given a listener who was cut off after two of three
        async with listening(app, key) as heard:
            await send(engine, order("o-1"))
            first = (await heard.until(3))[:2]
        # when more happens while nobody listens, and they come back
        await send(engine, order("o-2"), order("o-3", "bob"))
        async with listening(app, key, last=first[-1].id) as heard:
            await send(engine, order("o-4", "cyd"))
            second = await heard.until(10)
        return first, second, (await whole(app, key, "after=-1&follow=false")).events

    first, second, everything = asyncio.run(scene())
    # then it is, put together, what there is
    assert numbers(first + second) == numbers(everything)
    assert len(set(numbers(everything))) == 12


def test_a_beat_tells_where_one_is_though_nothing_was_asked_for(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given much that happened of a rule which nobody asks for
    async def scene() -> list[Told]:
        await send(engine, *(order(f"o-{number}", f"c-{number}") for number in range(300)))
        return (await whole(app, key, "after=-1&rule=call-me&follow=false")).told

    told = asyncio.run(scene())
    # then the last word is the number of the last entry, to come back with
    with engine.store.reader() as reader:
        assert [each.data for each in told] == [{}, {}]
        assert told[-1].id == reader.edge().size - 1


def test_far_behind_is_read_in_pages_and_no_entry_is_lost_between(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given three pages' worth, and others who listen at the end
    async def scene() -> tuple[list[Told], list[Told]]:
        await send(engine, *(order(f"o-{number}", f"c-{number}") for number in range(400)))
        async with listening(app, key) as live, listening(app, key, "after=-1") as behind:
            await send(engine, order("o-last"))
            return await live.until(3), await behind.until(1203)

    live, behind = asyncio.run(scene())
    # then both hear the last of it, and who was behind all of it once
    assert numbers(behind)[-3:] == numbers(live)
    assert sorts(behind).count("decision") == 401
    assert numbers(behind) == sorted(set(numbers(behind)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=decision", {("decision", ANA), ("decision", "bob")}),
        ("kind=run_ended", {("run_ended", "bob")}),
        ("kind=decision,run_ended", {("decision", ANA), ("decision", "bob"), ("run_ended", "bob")}),
        ("kind=run&workflow=news", {("run_started", "bob"), ("run_ended", "bob")}),
        ("rule=big-order", {("decision", ANA), ("run_started", ANA), ("step", ANA)}),
        ("rule=call-me", set()),
        ("customer=bob&kind=decision", {("decision", "bob")}),
        ("customer=nobody", set()),
    ],
)
def test_filters_let_through_what_was_asked_for(
    app: Litestar, engine: Engine, key: str, query: str, expected: set[tuple[str, str]]
) -> None:
    # given an order of Ana's, and news for Bob, whose run is refused for want of consent
    async def scene() -> list[Told]:
        await send(engine, order("o-1"), {"customer": "bob", "event": "news_asked", "id": "n-1"})
        return (await whole(app, key, f"after=-1&follow=false&{query}")).events

    told = asyncio.run(scene())
    assert {(each.event, each.data["customer"]) for each in told if each.data} == expected


def test_a_customer_is_found_by_any_of_their_names_once_they_are_one(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given a guest who ordered, and turns out to be Ana
    async def scene() -> list[Told]:
        await send(engine, {**order("o-1"), "customer": None, "anonymous_id": "guest-1"})
        await send(engine, {"event": "identify", "customer": ANA, "anonymous_id": "guest-1", "id": "i-1"})
        return (await whole(app, key, f"after=-1&follow=false&kind=decision&customer={ANA}")).events

    (told,) = asyncio.run(scene())
    assert told.data["customer"] == ANA


@pytest.mark.parametrize("role", ["ingest", "author", "approver", "operator"])
def test_nobody_but_auditors_and_admins_listens(app: Litestar, engine: Engine, role: str) -> None:
    refused = asyncio.run(whole(app, key_of(engine, role)))
    assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "last"),
    [
        ("after=x", None), ("after=-2", None), ("after=99999", None), ("", 99999), ("kind=runs", None),
        ("kind=run,", None), ("x=1", None),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_before_anything_is_told(
    app: Litestar, key: str, query: str, last: int | None
) -> None:
    refused = asyncio.run(whole(app, key, query, last))
    assert (refused.status, b"invalid_parameter" in refused.body) == (400, True)


def test_streams_are_bounded_for_each_key_and_in_all_and_a_closed_one_gives_its_place_back(
    app: Litestar, engine: Engine, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given room for two of a key, and for three
    monkeypatch.setattr(rates, "STREAMS_OF_A_KEY", 2)
    monkeypatch.setattr(rates, "STREAMS", 3)
    other, third = key_of(engine), key_of(engine)

    async def scene() -> None:
        async with listening(app, key), listening(app, key):
            refused = await whole(app, key)
            assert (refused.status, refused.headers["retry-after"]) == (429, "10")
            async with listening(app, other):
                refused = await whole(app, third)
                assert (refused.status, refused.headers["retry-after"]) == (503, "10")
                assert b"holdfast_streams_open 3.0" in engine.meters.text()
        async with listening(app, key), listening(app, key), listening(app, third) as last:
            assert last.status == 200

    asyncio.run(scene())
    assert b"holdfast_streams_open 0.0" in engine.meters.text()


def test_a_reader_who_takes_nothing_is_cut_and_costs_the_others_nothing(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given an application that waits less long, a listener who stops to read, and one who reads on
    state = app.state
    impatient = bounded(state.rates, engine.meters.answered, taken_within=0.2)(app)

    async def scene() -> None:
        async with listening(app, key) as good, listening(impatient, key) as stuck:
            stuck.reading.clear()
            await send(engine, *(order(f"o-{number}", f"c-{number}") for number in range(200)))
            # then the one is let go, and the other hears everything
            async with asyncio.timeout(PATIENCE):
                await stuck.ended.wait()
            assert len(await good.until(600)) == 600
            assert state.rates.streams == 1

    asyncio.run(scene())


def test_streams_end_when_the_server_stops(app: Litestar, engine: Engine, key: str) -> None:
    async def scene() -> None:
        async with listening(app, key) as one, listening(app, key, "kind=run") as other:
            app.state.tail.close()
            async with asyncio.timeout(PATIENCE):
                await one.ended.wait()
                await other.ended.wait()
            # and they end as answers do that are whole
            assert (one.events, one.status) == ([], 200)

    asyncio.run(scene())


def test_a_key_that_is_revoked_hears_no_more(
    app: Litestar, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.tail.BEAT", 0.05)
    made = engine.create_key("auditor", "al@example.com")

    async def scene() -> None:
        async with listening(app, made.text) as heard:
            engine.revoke_key(made.row.id)
            app.state.keyring.forget()
            async with asyncio.timeout(PATIENCE):
                await heard.ended.wait()

    asyncio.run(scene())


def test_an_erased_customer_is_named_no_more_though_they_were_just_told_of(
    app: Litestar, engine: Engine, key: str
) -> None:
    # given a listener, who keeps what happened in the memory of the process
    async def scene() -> tuple[list[Told], list[Told], list[Told]]:
        async with listening(app, key) as live:
            await send(engine, order("o-1"))
            before = await live.until(3)
            # when Ana is erased
            await asyncio.wrap_future(engine.erase_customer(ANA, "dpo@example.com"))
            after = (await whole(app, key, f"after={before[0].id - 1}&follow=false")).events
            asked = (await whole(app, key, f"after=-1&follow=false&customer={ANA}")).events
            return before, after, asked

    before, after, asked = asyncio.run(scene())
    # then the same is told under what stands for her, as the lists do, and her name finds nothing
    with engine.store.reader() as reader:
        (run,) = reader.runs()
    assert numbers(after)[:3] == numbers(before)
    assert {each.data["customer"] for each in after if each.data} == {run.customer}
    assert ANA not in repr(after)
    assert asked == []


def test_who_listens_has_read(app: Litestar, engine: Engine, key: str) -> None:
    # when
    asyncio.run(whole(app, key, f"after=-1&follow=false&kind=decision&customer={ANA}"))
    # then it is recorded as any other reading
    engine.flush_accesses()
    with engine.store.reader() as reader:
        (one,) = reader.acts("access")
    assert b'"what":"GET /v1/stream"' in one.entry
