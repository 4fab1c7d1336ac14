"""Pages hear that something has changed, whoever looks at them, and nothing of what."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from html import unescape
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api import rates
from engine.runtime.callers.keys import ROLES
from engine.runtime.engine import Engine
from tests.integration.api.streaming import Listener, hearing
from tests.integration.console.conftest import Browser, Door
from tests.integration.console.test_pages import ORDER, played


def follows(browser: Browser, address: str = "/live") -> Any:
    """Opens what a page of a browser follows."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    path, _, query = address.partition("?")
    return hearing(browser.http.app, path, [(b"cookie", cookies.encode())], query)  # type: ignore[arg-type]


def stream_of(page: str) -> str:
    """Gives the address that a page follows."""
    found = re.search(r'<body data-stream="([^"]+)"', page)
    assert found is not None, page[:2000]
    return unescape(found[1])


def open_streams(app: Litestar) -> int:
    return int(app.state.rates.streams)


def test_every_role_hears_that_something_changed_and_nothing_of_what(
    as_role: Door, engine: Engine, http: TestClient[Litestar]
) -> None:
    browsers = [as_role(role) for role in ROLES if role != "ingest"]

    async def scene() -> list[Listener]:
        async with AsyncExitStack() as stack:
            # given somebody of every role who looks at a page
            heard = [await stack.enter_async_context(follows(browser)) for browser in browsers]
            assert open_streams(http.app) == len(browsers)
            # when an order brings about a decision, a run and a question
            order = {**ORDER, "customer": "ann"}
            await asyncio.wrap_future(engine.ingest([order], source="shop"))
            for each in heard:
                await each.changed()
        return heard

    heard = asyncio.run(scene())
    for each in heard:
        assert (each.status, each.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = {line for line in each.body.decode().splitlines() if line}
        assert lines == {"retry: 2000", ": here", "event: changed", "data: {}"}
    # and who has left is counted no more
    assert open_streams(http.app) == 0


def test_whoever_has_heard_a_word_misses_nothing_from_then_on(
    as_role: Door, http: TestClient[Litestar]
) -> None:
    browser = as_role("operator")

    async def scene() -> None:
        # when the first word has come, then what happens is followed already
        async with follows(browser):
            assert http.app.state.tail._following is not None

    asyncio.run(scene())


def test_what_happens_between_a_page_and_what_it_follows_is_told_at_once(
    as_role: Door, engine: Engine
) -> None:
    # given a page, and something that happens before it follows
    browser = as_role("operator")
    address = stream_of(browser.page("/"))
    engine.ingest([{**ORDER, "customer": "ann"}], source="shop").result()

    async def scene() -> None:
        # when it begins to follow, and another page of the same place after it, then both are told so
        async with follows(browser, address) as first, follows(browser, address) as second:
            await first.changed()
            await second.changed()

    asyncio.run(scene())


def test_that_somebody_looks_at_a_page_is_no_change(
    as_role: Door, engine: Engine, http: TestClient[Litestar]
) -> None:
    browser = as_role("auditor")
    before = stream_of(browser.page("/"))

    async def looked() -> None:
        await asyncio.to_thread(browser.page, "/")
        await asyncio.to_thread(engine._accesses.flush)
        await http.app.state.tail._look()

    async def scene() -> Listener:
        # given that readings were kept in the record, before it follows and after
        engine._accesses.flush()
        async with follows(browser, before) as heard:
            await looked()
            # when something happens
            await asyncio.wrap_future(engine.ingest([{**ORDER, "customer": "ann"}], source="shop"))
            await heard.changed()
            await looked()
            http.app.state.tail.close()
            await heard.over()
        return heard

    # then only that is told
    heard = asyncio.run(scene())
    assert heard.changes == 1


def test_a_place_that_is_none_is_refused_and_one_ahead_is_where_the_record_ends(as_role: Door) -> None:
    browser = as_role("operator")
    for wrong in ("after=-1", "after=x", "from=1"):
        answer = browser.http.get(f"/live?{wrong}", headers={"Accept": "text/event-stream"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")

    async def scene() -> None:
        async with follows(browser, f"/live?after={2**70}") as heard:
            assert (heard.status, heard.changes) == (200, 0)

    asyncio.run(scene())


def test_what_people_do_about_questions_and_cases_is_heard_too(as_role: Door, engine: Engine) -> None:
    played(engine)
    with engine.store.reader() as reader:
        ask, case = reader.asks()[0].id, reader.cases()[0].id
    browser = as_role("operator")

    async def scene() -> None:
        async with follows(browser) as heard:
            await asyncio.wrap_future(engine.act_on_case(case, "acknowledged", "sam@example.com"))
            await heard.changed()
        async with follows(browser) as heard:
            await asyncio.wrap_future(engine.answer_ask(ask, "leave", "sam@example.com"))
            await heard.changed()

    asyncio.run(scene())


def test_it_ends_when_one_signs_out_and_when_the_server_stops(
    as_role: Door, http: TestClient[Litestar]
) -> None:
    first, second = as_role("operator"), as_role("author")

    async def scene() -> None:
        async with follows(first) as left, follows(second) as stays:
            # when one of them signs out on another page
            await asyncio.to_thread(first.send, "/sign-out", "/pause")
            # then that session hears nothing more, and the other goes on until the server stops
            await left.over()
            assert not stays.ended.is_set()
            http.app.state.tail.close()
            await stays.over()
        async with follows(first) as refused:
            assert refused.status == 401

    asyncio.run(scene())


def test_so_many_pages_of_a_session_and_of_a_process_follow(
    as_role: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "LIVE_OF_A_SESSION", 2)
    monkeypatch.setattr(rates, "LIVE", 3)
    mine, yours = as_role("operator"), as_role("auditor")

    async def scene() -> None:
        async with follows(mine), follows(mine) as last, follows(yours):
            assert last.status == 200
            # one too many of a session, and one too many of all
            for browser, status in ((mine, 429), (yours, 503)):
                async with follows(browser) as refused:
                    assert refused.status == status
                    assert refused.headers["content-type"] == "application/problem+json"
        async with follows(mine) as again:
            assert again.status == 200

    asyncio.run(scene())


def test_whoever_has_not_signed_in_or_only_adds_hears_nothing(as_role: Door, engine: Engine) -> None:
    nobody = as_role("")
    assert nobody.http.get("/live", headers={"Accept": "text/event-stream"}).status_code == 401
    key = engine.create_key("ingest", "shop@example.com").text
    answer = nobody.http.get("/live", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
