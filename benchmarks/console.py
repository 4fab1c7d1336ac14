"""console_pages: how long each page of the console takes over many customers, how large it is, and whether
anything in it moves."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec

from benchmarks.browsing import looked
from benchmarks.crowd import BUSY, BUSY_EVENTS, fill
from benchmarks.intake import PATIENCE, Server, serving
from benchmarks.rows import Row
from benchmarks.servers import postgres

CUSTOMERS, DECISIONS = 100_000, 1_000_000
TIMES = 40
"""How often each page is asked for."""
DEEP = 20
"""So many pages of a thousand lie before a page that is called deep."""

OF_A_SCORE = "health-red"
"""A rule that looks at a score: to say why, all that the customer did is played, the first time."""

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')


class Page(msgspec.Struct, frozen=True):
    """A page that is asked for: what it is called here, and its address."""

    name: str
    path: str


WHOLE = Page("why of a score, busiest", f"/customers/{BUSY}/why?rule={OF_A_SCORE}")
"""The page that takes longest the first time: it grows with what one customer did, and with nothing else."""


class Told(msgspec.Struct, frozen=True):
    """What came of asking for a page: seconds in their order, bytes of the page and of its assets."""

    page: Page
    seconds: list[float]
    bytes: int
    assets: int

    def at(self, percent: int) -> float:
        """Give the time that so many of a hundred answers took at most, in milliseconds."""
        return self.seconds[min(len(self.seconds) * percent // 100, len(self.seconds) - 1)] * 1000


class Visitor:
    """Somebody who has signed in, over one connection that stays open, and the API under the same key."""

    def __init__(self, address: str, key: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=PATIENCE)
        self._key = key
        self._sizes: dict[str, int] = {}
        form = self._http.get("/sign-in").text
        found = _TOKEN.search(form)
        if found is None:
            raise RuntimeError("there is no form to sign in")
        given = {"token": found[1], "key": key, "return_to": "/"}
        if self._http.post("/sign-in", data=given).status_code != 303:
            raise RuntimeError("the key does not sign in")

    def ask(self, path: str, **query: Any) -> Any:
        """Give what the API answers."""
        given = {name: value for name, value in query.items() if value is not None}
        answer = self._http.get(path, params=given, headers={"Authorization": f"Bearer {self._key}"})
        answer.raise_for_status()
        return answer.json()

    def look(self, page: Page, times: int) -> Told:
        """Ask for a page again and again."""
        seconds, text = [], ""
        for _ in range(times):
            began = time.perf_counter()
            answer = self._http.get(page.path, headers={"Accept": "text/html", "Accept-Encoding": "identity"})
            seconds.append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{page.path} is answered with {answer.status_code}")
            text = answer.text
        assets = sum(self._size(path) for path in set(_ASSET.findall(text)))
        return Told(page, sorted(seconds), len(text.encode()), assets)

    def _size(self, path: str) -> int:
        if path not in self._sizes:
            self._sizes[path] = len(self._http.get(path).content)
        return self._sizes[path]


def measure(folder: Path, quick: bool) -> list[Row]:
    """Fill a base, serve it, and look at every page."""
    with filled(folder, f"sqlite:///{folder / 'holdfast.db'}", quick) as server:
        return look_at(server, server.key, TIMES)


def measure_postgres(folder: Path, quick: bool) -> list[Row]:
    """Do the same on PostgreSQL, without a browser: it sees the same pages."""
    with postgres(folder) as database, filled(folder, database.database("console"), quick) as server:
        rows = look_at(server, server.key, TIMES, in_browser=False)
    return [
        msgspec.structs.replace(row, name=row.name.replace("console_", "console_postgres_", 1))
        for row in rows
        if row.name != "console_bytes"
    ]


@contextlib.contextmanager
def filled(folder: Path, url: str, quick: bool) -> Iterator[Server]:
    """Fill an empty database, and serve it."""
    part = 10 if quick else 1
    fill(folder / "workspace", url, CUSTOMERS // part, DECISIONS // part)
    with serving(folder / "workspace", url) as server:
        yield server


def look_at(server: Server, key: str, times: int, *, in_browser: bool = True) -> list[Row]:
    """Look at every page of a served base: the first time, then again and again, then in a browser."""
    wait_until_quiet(server)
    visitor = Visitor(server.address, key)
    first = [visitor.look(page, 1) for page in policy_pages(visitor)]
    played = visitor.look(WHOLE, 1)
    pages = (*first_pages(visitor), WHOLE, *policy_pages(visitor)[:2])
    told = [visitor.look(page, times) for page in pages]
    rows = [_first(first), _played(played), *_rows(told)]
    paths = [one.page.path for one in told]
    return [*rows, *(looked(server.address, key, paths) if in_browser else ())]


def wait_until_quiet(server: Server) -> None:
    """Wait until the server does nothing by itself any more: what was due while nobody served is done."""
    until = time.monotonic() + 10 * PATIENCE
    quiet = 0
    while quiet < 3:
        before = server.processor_seconds()
        time.sleep(1)
        quiet = quiet + 1 if server.processor_seconds() - before < 0.15 else 0
        if time.monotonic() > until:
            raise RuntimeError("the server does not come to rest")


def policy_pages(visitor: Visitor) -> list[Page]:
    """Give the pages of every rule and workflow, those first of which there is most."""
    heaviest = {"rules": "cart-abandoned", "workflows": "cart-recovery"}
    found: list[Page] = []
    for kind in ("rules", "workflows"):
        ids = [one["id"] for one in visitor.ask(f"/v1/{kind}", limit=1000)["items"]]
        ids.sort(key=lambda id: id != heaviest[kind])
        pages = [Page(f"{kind[:-1]} {id}", f"/{kind}/{id}") for id in ids]
        found = [*found[:1], *pages[:1], *found[1:], *pages[1:]]
    return found


def first_pages(visitor: Visitor) -> Iterator[Page]:
    """Give all pages but those of rules and workflows, with and without their filters."""
    yield from (
        Page("today", "/"),
        Page("kill switch", "/pause"),
        Page("changes", "/changes"),
        Page("rules", "/rules"),
        Page("rules, of words", "/rules?search=customer"),
        Page("workflows", "/workflows"),
        Page("versions of a rule", "/rules/cart-abandoned/versions"),
        Page("versions of a workflow", "/workflows/cart-recovery/versions"),
        Page("audit, changes", "/audit/changes?from="),
        Page("audit, releases", "/audit/releases?from="),
        Page("audit, who read what", "/audit/access?from="),
        Page("audit, record", "/audit/record"),
    )
    yield from _of_customers(visitor)
    yield from _of_runs(visitor)
    yield from _of_decisions(visitor)
    yield from _of_waiting(visitor)


def _of_customers(visitor: Visitor) -> Iterator[Page]:
    usual = visitor.ask("/v1/runs", workflow="cart-recovery", limit=1)["items"][0]["customer"]
    yield Page("customers", "/customers")
    yield Page("customers, of words", "/customers?search=c00")
    yield Page("customers, deep", _deep(visitor, "/customers", "/v1/customers", {"details": "true"}))
    for name, id in (("usual", usual), ("busiest", BUSY)):
        place = f"/customers/{quote(id, safe='')}"
        yield Page(f"customer, {name}", place)
        yield Page(f"why, {name}", f"{place}/why?rule=cart-abandoned")
        later = visitor.ask(f"/v1/customers/{quote(id, safe='')}/timeline", limit=40)["next_cursor"]
        if later is not None:
            yield Page(f"customer, {name}, further back", f"{place}?cursor={later}")
    yield Page("why of a score, usual", f"/customers/{quote(usual, safe='')}/why?rule={OF_A_SCORE}")
    ago = date.today() - timedelta(days=7)
    yield Page(
        "why, usual, a week ago",
        f"/customers/{quote(usual, safe='')}/why?rule=cart-abandoned&at={ago}T12:00",
    )


def _of_runs(visitor: Visitor) -> Iterator[Page]:
    run = visitor.ask("/v1/runs", workflow="cart-recovery", limit=1)["items"][0]
    yield Page("runs", "/runs")
    yield from _filtered(
        "runs",
        "/runs",
        [
            {},
            *({"status": each} for each in ("running", "waiting", "completed", "stopped")),
            *({"status": each} for each in ("cancelled", "failed", "refused")),
            {"workflow": "cart-recovery"},
            {"workflow": "cart-recovery", "status": "failed"},
            {"customer": run["customer"]},
        ],
    )
    yield Page("runs, deep", _deep(visitor, "/runs", "/v1/runs", {}, "from"))
    yield Page("run", f"/runs/{run['id']}")
    yield Page("runs, overdue", "/runs/overdue")
    yield Page("dead letters", "/runs/dead-letters")
    yield Page("quarantine", "/runs/quarantine")


def _of_decisions(visitor: Visitor) -> Iterator[Page]:
    one = visitor.ask("/v1/audit/decisions", rule="cart-abandoned", limit=1)["items"][0]
    yield Page("audit", "/audit")
    yield from _filtered(
        "audit",
        "/audit",
        [
            {},
            *({"outcome": each} for each in ("fired", "error", "at_most", "too_late", "shadow")),
            {"rule": "cart-abandoned"},
            {"rule": "cart-abandoned", "outcome": "error"},
            {"rule": "churned"},
            {"customer": one["customer"]},
            {"customer": BUSY},
        ],
    )
    yield Page("audit, deep", _deep(visitor, "/audit", "/v1/audit/decisions", {}, "from"))
    yield Page("decision", f"/audit/decisions/{one['id']}")


def _of_waiting(visitor: Visitor) -> Iterator[Page]:
    yield Page("questions", "/waiting")
    yield Page("questions, answered", "/waiting?answered=true")
    yield Page("cases", "/waiting/cases")
    for given in ({"status": "open"}, {"status": "resolved"}, {"exhausted": "true"}, {"breached": "true"}):
        yield Page(f"cases, {_said(given)}", f"/waiting/cases?{urlencode(given)}")
    for kind, path in (("asks", "question"), ("cases", "case")):
        for one in visitor.ask(f"/v1/{kind}", limit=1)["items"]:
            yield Page(path, f"/waiting/{kind}/{one['id']}")


def _filtered(name: str, path: str, filters: Iterable[Mapping[str, str]]) -> Iterator[Page]:
    """Give a list with each of these filters, of all times."""
    for given in filters:
        yield Page(f"{name}, all{_said(given, ', ')}", f"{path}?{urlencode({**given, 'from': ''})}")


def _said(given: Mapping[str, str], before: str = "") -> str:
    return "".join(f"{before}{name}={value}" for name, value in given.items())


def _deep(visitor: Visitor, page: str, path: str, given: Mapping[str, str], *empty: str) -> str:
    """Give the address of a page of a list that many pages lie before."""
    cursor = None
    for _ in range(DEEP):
        following = visitor.ask(path, **given, limit=1000, cursor=cursor)["next_cursor"]
        if following is None:
            break
        cursor = following
    asked = {**given, **dict.fromkeys(empty, ""), **({} if cursor is None else {"cursor": cursor})}
    return f"{page}?{urlencode(asked)}" if asked else page


def _first(told: list[Told]) -> Row:
    taken = sorted(one.at(0) for one in told)
    return Row(
        name="console_first_look",
        value=taken[-1],
        unit="ms",
        more_is_better=False,
        detail={
            "pages": len(told),
            "p50_ms": round(taken[len(taken) // 2], 1),
            "slowest": _most(told, lambda one: one.at(0)).page.name,
        },
    )


def _played(told: Told) -> Row:
    return Row(
        name="console_why_played",
        value=told.at(0),
        unit="ms",
        more_is_better=False,
        detail={"events": BUSY_EVENTS},
    )


def _rows(told: list[Told]) -> Iterator[Row]:
    slowest, largest = _most(told, lambda one: one.at(95)), _most(told, lambda one: one.bytes + one.assets)
    medians = sorted(one.at(50) for one in told)
    yield Row(
        name="console_pages",
        value=slowest.at(95),
        unit="ms",
        more_is_better=False,
        detail={
            "pages": len(told),
            "times": len(told[0].seconds),
            "p50_ms": round(medians[len(medians) // 2], 1),
            "slowest": slowest.page.name,
        },
    )
    yield Row(
        name="console_bytes",
        value=(largest.bytes + largest.assets) / 1000,
        unit="KB",
        more_is_better=False,
        detail={"assets_kb": round(largest.assets / 1000, 1), "largest": largest.page.name},
    )
    for one in told:
        yield Row(
            name="console_page",
            value=one.at(95),
            unit="ms",
            more_is_better=False,
            detail={
                "page": one.page.name,
                "p50_ms": round(one.at(50), 1),
                "kb": round((one.bytes + one.assets) / 1000, 1),
            },
        )


def _most(told: list[Told], what: Callable[[Told], float]) -> Told:
    return max(told, key=what)
