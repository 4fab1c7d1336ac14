"""The tail of the audit record, followed once for everybody who listens to this process.

While somebody listens, what is sealed is read four times a second, whoever sealed it, and the last of it
is kept here. A listener has a place in the record and is given what comes after it: out of what is kept,
or, who comes back from further behind, by reads of their own. Nothing is queued for anybody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import msgspec
import structlog

from api.doors import aside
from engine.errors import HoldfastError
from engine.runtime.engine import Engine
from engine.runtime.happenings import Happening, Kind, Runs, Seen, see, stirred
from engine.runtime.reports.reading import ids_of

EVERY = 0.25
"""Seconds between two looks into the record."""
KEPT = 4000
"""Entries of the record whose happenings are kept for who listens."""
BEAT = 15.0
"""Seconds without a word after which a listener gets one, so that nobody between takes them for gone."""
BEHIND = 2
"""Listeners that read for themselves at the same time."""

_log = structlog.get_logger("holdfast.stream")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener asks for; None of these for everything."""

    kinds: frozenset[Kind] | None = None
    rule: str | None = None
    workflow: str | None = None
    customer: str | None = None

    def takes(self, one: Happening, names: frozenset[str]) -> bool:
        """Tell whether a happening is asked for; `names` are all ids of the customer."""
        return (
            (self.kinds is None or one.kind in self.kinds)
            and (self.rule is None or one.rule == self.rule)
            and (self.workflow is None or one.workflow == self.workflow)
            and (self.customer is None or one.customer in names)
        )


class Beat(msgspec.Struct, frozen=True):
    """Nothing more happened up to the entry `leaf`."""

    leaf: int


Heard = Happening | Beat
StillIn = Callable[[], Awaitable[bool]]


class Tail:
    """Follows the record while `listening` gives more than none."""

    def __init__(self, engine: Engine, listening: Callable[[], int]) -> None:
        self._engine = engine
        self._listening = listening
        self._runs = Runs()
        self._kept: deque[Seen] = deque()
        self._end: int | None = None
        # From which entry on it is followed, and where the last of them ends that was more than a reading.
        self._start = 0
        self._stirred = 0
        self._erasures: str | None = None
        self._looking = asyncio.Lock()
        self._behind = asyncio.Semaphore(BEHIND)
        self._moved = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """Let everybody who listens go; they come back elsewhere where they were."""
        self._closed = True
        self._moved.set()

    async def open(self) -> int:
        """Begin to follow where nobody did; give how many entries the record has now."""
        await self._look()
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        return self._end or 0

    async def place(self) -> int:
        """Give how many entries the record has, or had at the last look: what is read next is not older."""
        return await aside(self._size) if self._end is None else self._end

    async def listen(
        self, wanted: Wanted, after: int, until: int | None, still_in: StillIn
    ) -> AsyncGenerator[Heard]:
        """Give what comes after an entry, and a beat first and when nothing does.

        Ends at the entry `until`, when the tail is closed, and when a listener is `still_in` no more.
        """
        now = asyncio.get_running_loop().time
        place, spoke, asked = after + 1, now(), now()
        yield Beat(after)
        while not self._is_closed() and (until is None or place < until):
            moved = self._moved
            seen = await self._since(place)
            if seen.found:
                names = await self._names(wanted)
                for one in seen.found:
                    if self._is_closed():
                        return
                    if place <= one.leaf and (until is None or one.leaf < until) and wanted.takes(one, names):
                        spoke = now()
                        yield one
            place = max(place, seen.end)
            if now() - asked >= BEAT:
                asked = now()
                if not await still_in():
                    return
            if now() - spoke >= BEAT:
                spoke = now()
                yield Beat(place - 1)
            if place >= (self._end or 0) and (until is None or place < until):
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(spoke, asked) + BEAT - now()):
                        await moved.wait()
        if until is not None and not self._is_closed():
            yield Beat(until - 1)

    async def since(self, place: int) -> int:
        """Begin to follow from an earlier place on; give from where `changes` are to be told."""
        place = min(place, await self.open())
        if place < self._start:
            found = await aside(self._stirred_since, place, self._start)
            self._stirred = max(self._stirred, found)
        return place

    async def changes(self, told: int, still_in: StillIn) -> AsyncGenerator[bool]:
        """Give True each time something has happened beyond `told` entries, False first and in silence.

        That somebody read something is nothing that happened: pages would follow one another for ever.
        Ends when the tail is closed, and before the next word when a listener is `still_in` no more.
        """
        now = asyncio.get_running_loop().time
        spoke = now() - BEAT
        while not self._is_closed() and await still_in():
            # Both as of now: what happens while this word is on its way is the next one.
            moved, stirred = self._moved, self._stirred
            if stirred > told or now() - spoke >= BEAT:
                spoke = now()
                yield stirred > told
                told = max(told, stirred)
            with suppress(TimeoutError):
                async with asyncio.timeout(spoke + BEAT - now()):
                    await moved.wait()

    def look_again(self) -> None:
        """Wake who waits: there is something new, or they are to see whether they are still in."""
        self._moved.set()
        self._moved = asyncio.Event()

    def _is_closed(self) -> bool:
        return self._closed

    async def _since(self, place: int) -> Seen:
        """Give the next page from a place on, out of what is kept where it is there."""
        if self._kept and place >= self._kept[0].start:
            for page in self._kept:
                if place < page.end:
                    return page
            return Seen(place, place, [])
        end = self._end or 0
        if place >= end:
            return Seen(place, place, [])
        async with self._behind:
            return await aside(self._read, place, end)

    def _size(self) -> int:
        with self._engine.store.reader() as reader:
            return reader.edge().size

    def _stirred_since(self, start: int, end: int) -> int:
        with self._engine.store.reader() as reader:
            return stirred(reader, start, end)

    async def _names(self, wanted: Wanted) -> frozenset[str]:
        """Give every id of the customer who is asked for: they may have got one more."""
        if wanted.customer is None:
            return frozenset()
        customer = wanted.customer

        def find() -> frozenset[str]:
            with self._engine.store.reader() as reader:
                return frozenset((customer, *ids_of(reader, customer)))

        return await aside(find)

    def _read(self, start: int, end: int) -> Seen:
        with self._engine.store.reader() as reader:
            return see(reader, self._runs, start, end)

    async def _follow(self) -> None:
        while self._listening() and not self._closed:
            try:
                await self._look()
            except HoldfastError as error:
                _log.warning("stream_waits", error=type(error).__name__)
            await asyncio.sleep(EVERY)
        # Who comes next begins where the record is then.
        self._kept.clear()
        self._end, self._following = None, None

    async def _look(self) -> None:
        """Read what was sealed since the last look, and tell those who wait."""
        async with self._looking:
            first = self._kept[0].start if self._kept else self._end
            pages, end, erasures = await aside(self._latest, first, self._end, self._erasures)
            if self._end is None:
                self._start = end
            self._end = end
            self._stirred = max(self._stirred, *(page.stirred for page in pages), 0)
            if erasures != self._erasures:
                # What is kept would still tell of somebody by the name that they had.
                self._kept.clear()
                self._erasures = erasures
            self._kept.extend(pages)
            while self._kept and self._kept[-1].end - self._kept[0].end >= KEPT:
                self._kept.popleft()
            if pages:
                self.look_again()

    def _latest(
        self, first: int | None, end: int | None, erasures: str | None
    ) -> tuple[list[Seen], int, str | None]:
        """Give the pages since `end`, or since `first` where somebody was erased, and how it stands."""
        with self._engine.store.reader() as reader:
            size, now = reader.edge().size, reader.marks().erasures
            place = size if end is None or first is None else first if now != erasures else end
            pages = []
            while place < size:
                page = see(reader, self._runs, place, size)
                pages.append(page)
                place = page.end
            return pages, size, now
