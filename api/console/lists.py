"""Lists: what the API lists as a table, its filters in the address, a page at a time, and all of it as CSV.

A page declares its columns and its filters, and `listed` does the rest:

    RUNS = Listing("/v1/runs", (Column("Run", "id", "run"), ...), (Filter("workflow", "Workflow"),))
    return await listed(request, RUNS)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.response import Stream

from api.console import words
from api.console.asking import Api
from api.console.pages import HEAD, page
from api.doors import Call, engine_of
from api.slashes import whole_path
from engine.customers.zones import moment_of
from engine.errors import RequestError
from engine.model.spreadsheet import shielded

A_PAGE = 50
"""Rows of a page; 20 of them hold in a window, and 50 with long ids are well below 100 KB."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?")

IN_CSV = 500
"""Rows that are asked for at once for a CSV."""

Show = Literal[
    "text", "words", "time", "clock", "number", "mark", "code",
    "customer", "release", "run", "rule", "workflow", "decision", "case", "ask", "experiment",
    "letter", "refused",
]  # fmt: skip


class Column(msgspec.Struct, frozen=True):
    """A column: its title, where its value is in an item (`wait.kind`), and how it is shown."""

    title: str
    name: str
    show: Show = "text"

    def value(self, item: Mapping[str, Any]) -> Any:
        """Give the value of an item, None where there is none."""
        found: Any = item
        for part in self.name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


class Filter(msgspec.Struct, frozen=True):
    """A filter: a parameter of the API's. Days, of `from` and `to`, are the workspace's, both included."""

    name: str
    label: str
    kind: Literal["text", "choice", "day"] = "text"
    choices: tuple[str, ...] = ()
    days: int | None = None
    """So many days back unless the address says otherwise: of what there may be millions of."""


class Listing(msgspec.Struct, frozen=True):
    """What is listed: the API's address, the columns, the filters, and what to say where there is nothing."""

    path: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    empty: str = "Nothing to show yet."
    caption: str = ""
    fixed: Mapping[str, str] = {}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list, as `list.html` shows it. `count` is of all pages, where the API tells it."""

    listing: Listing
    items: list[dict[str, Any]]
    given: dict[str, str]
    first: str | None
    next: str | None
    csv: str
    all: str
    count: int | None

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.given)


async def listed(
    request: Call, listing: Listing, *, template: str = "list.html", title: str | None = None, **values: Any
) -> Response[Any]:
    """Answer with the page of a list that the address names, or with its CSV; titled as its table, or so."""
    found = await _found(request, listing)
    if isinstance(found, Response):
        return found
    return page(request, template, title=title or listing.caption, found=found, **values)


async def _found(request: Call, listing: Listing) -> Listed | Response[Any]:
    """Give the page of a list that the address names, or the answer with its CSV (`as=csv`).

    Raises `RefusedError`, `RequestError` for a filter that cannot be read.
    """
    asked = dict(request.query_params.items())
    given = {one.name: text for one in listing.filters if (text := _given(request, one, asked))}
    query = {**listing.fixed, **{one.name: _sent(request, one, given) for one in listing.filters}}
    api, path = Api(request), whole_path(request.scope)
    if wants_csv(request):
        return _csv(api, listing, query, path)
    answer = await api.get(listing.path, {**query, "limit": A_PAGE, "cursor": asked.get("cursor")})
    following = answer["next_cursor"]
    return Listed(
        listing=listing,
        items=answer["items"],
        given=given,
        first=_address(path, given) if asked.get("cursor") else None,
        next=_address(path, {**given, "cursor": following}) if following else None,
        csv=_address(path, {**given, "as": "csv"}),
        # A filter that has a default is off where the address has it, and empty.
        all=_address(path, {one.name: "" for one in listing.filters if one.days is not None}),
        count=answer.get("count"),
    )


def _given(request: Call, one: Filter, asked: Mapping[str, str]) -> str:
    if one.name not in asked and one.days is not None:
        engine = engine_of(request)
        day = engine.ruleset.zone.day_of(engine.clock.now()) - one.days
        return date.fromordinal(day).isoformat()
    return asked.get(one.name, "").strip()


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _sent(request: Call, one: Filter, given: Mapping[str, str]) -> str | None:
    text = given.get(one.name)
    return text if text is None or one.kind != "day" else instant_of_day(request, text, one.name == "to")


def instant_of_day(request: Call, text: str, ends: bool) -> str:
    """Give the instant at which a day of the workspace begins, or `ends`; raises `RequestError`."""
    try:
        day = date.fromisoformat(text) + timedelta(days=ends)
        return moment_of(engine_of(request).ruleset.zone.start_of_day(day.toordinal())).isoformat()
    except (ValueError, OverflowError):
        raise RequestError("this is no day; write it as 2026-03-31", code="invalid_parameter") from None


def wants_csv(request: Call) -> bool:
    """Tell whether the address asks for a CSV file."""
    return request.query_params.get("as") == "csv"


def csv_of(name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response[Any]:
    """Answer with rows as a CSV file, of what the API gives at once."""
    told = [_line(list(titles)), *(_line([_cell(value) for value in row]) for row in rows)]
    return _file(name, b"".join(told))


def _csv(api: Api, listing: Listing, query: Mapping[str, Any], path: str) -> Response[Any]:
    name = path.strip("/").replace("/", "-") or "today"

    async def rows() -> AsyncIterator[bytes]:
        yield _line([column.title for column in listing.columns])
        cursor: str | None = None
        while True:
            answer = await api.get(listing.path, {**query, "limit": IN_CSV, "cursor": cursor})
            for item in answer["items"]:
                yield _line([_cell(column.value(item)) for column in listing.columns])
            cursor = answer["next_cursor"]
            if cursor is None:
                return

    return _file(name, rows())


def _file(name: str, content: bytes | AsyncIterator[bytes]) -> Response[Any]:
    head = {**HEAD, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    if isinstance(content, bytes):
        return Response(content, media_type="text/csv", headers=head)
    return Stream(content, media_type="text/csv", headers=head)


def _cell(value: Any) -> str:
    return (
        "" if value is None else words.plain(value) if isinstance(value, (list, dict, bool)) else str(value)
    )


def _line(cells: list[str]) -> bytes:
    out = io.StringIO(newline="")
    # A number below zero begins as a formula does, and is none.
    csv.writer(out).writerow([cell if _NUMBER.fullmatch(cell) else shielded(cell) for cell in cells])
    return out.getvalue().encode()
