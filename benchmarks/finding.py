"""search_100k: how soon a customer is found by words of their name and address, in a base of 100,000."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from api.cli.staging import lay_out
from benchmarks.rows import Row
from engine.customers.encoding import encode_hot
from engine.customers.naming import said, words_of
from engine.customers.state import FactState, Sent
from engine.decisions.standing import Standing, encode
from engine.runtime.engine import Engine
from engine.store.interface import Store
from engine.store.records import MemberRow, MemberSave

CUSTOMERS = 100_000
A_PAGE = 50
OFTEN, SELDOM = 60, 20_000
"""So many names are borne by half of all, and so many by the others."""
DOMAINS = ("gmail.com", "example.com", "mail.example.org", "shop.example")
SYLLABLES = "an be cor da el fi gu ha il jo ka lem mi no ol pe qui ra san tu ur vo wen xi ya zoë".split()
EACH = 40
"""Searches of each kind."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Fill a base on SQLite, and look for people in it in every way that one types."""
    number = CUSTOMERS // 10 if quick else CUSTOMERS
    workspace = folder / "workspace"
    lay_out(workspace)
    with Engine.open(workspace, f"sqlite:///{folder / 'holdfast.db'}", work=False) as engine:
        people = list(_people(number))
        size = _fill(engine.store, folder, people)
        return [_row(engine, people, number, size)]


def _people(number: int) -> Iterator[tuple[str, str, str]]:
    chance = random.Random(20260301)
    names = sorted(
        {"".join(chance.choices(SYLLABLES, k=chance.randint(2, 3))).title() for _ in range(SELDOM)}
    )
    often = chance.sample(names, OFTEN)
    for each in range(number):
        first, last = (chance.choice(often if chance.random() < 0.5 else names) for _ in range(2))
        yield f"C-{each:06}", f"{first} {last}", f"{first}.{last}{each}@{chance.choice(DOMAINS)}".lower()


def _fill(store: Store, folder: Path, people: list[tuple[str, str, str]]) -> float:
    """Save everybody; give what words take on the disk, in bytes a customer."""
    standing = encode(Standing())

    def saved(id: str, name: str, email: str, found: bool) -> MemberSave:
        facts = FactState(id, built="f" * 64)
        facts.traits = {
            each: Sent(each, value, 1, 1, "shop") for each, value in (("email", email), ("name", name))
        }
        row = MemberRow(id=id, version=1, created_at=1, hot=encode_hot(facts), standing=standing)
        return MemberSave(row, 0, words=words_of(id, said(facts.traits)) if found else None)

    def write(found: bool) -> int:
        for start in range(0, len(people), 1000):
            with store.begin() as writer:
                writer.save([saved(*one, found) for one in people[start : start + 1000]])
        return sum(each.stat().st_size for each in folder.glob("holdfast.db*"))

    began = sum(each.stat().st_size for each in folder.glob("holdfast.db*"))
    return (write(True) - began) / len(people)


def _row(engine: Engine, people: list[tuple[str, str, str]], number: int, size: float) -> Row:
    chance = random.Random(7)

    def some() -> tuple[str, list[str], str]:
        id, name, email = chance.choice(people)
        return id, name.split(), email

    kinds: dict[str, Callable[[], str]] = {
        "letter": lambda: some()[1][0][:1],
        "letters": lambda: some()[1][1][:3],
        "name": lambda: some()[1][0],
        "names": lambda: " ".join(some()[1]),
        "address": lambda: some()[2],
        "domain": lambda: some()[2].partition("@")[2],
        "name_and_domain": lambda: f"{some()[1][0]} {some()[2].partition('@')[2]}",
        "two_letters": lambda: f"{some()[1][0][:1]} {some()[1][1][:1]}",
        "three": lambda: f"{some()[1][0][:2]} {some()[1][1][:2]} gmail",
        "id": lambda: some()[0].lower(),
        "ids": lambda: some()[0][:3],
        "id_and_name": lambda: f"c- {some()[1][0]}",
        "nobody": lambda: f"{some()[1][0]} nobody",
    }
    took: dict[str, list[float]] = {}
    cpu: list[float] = []
    for kind, typed in kinds.items():
        for _ in range(EACH):
            text = typed()
            began, used = time.perf_counter(), time.thread_time()
            found = engine.looked_for(text, None, A_PAGE + 1, glances=True)
            cpu.append(1000 * (time.thread_time() - used))
            took.setdefault(kind, []).append(1000 * (time.perf_counter() - began))
            if kind in ("name", "names", "address", "id") and not found:
                raise RuntimeError(f"nobody is found by {text}")
    every = [each for times in took.values() for each in times]
    detail = {"customers": number, "searches": len(every), "slowest": round(max(every), 1)}
    detail |= {f"{kind} p95": round(_p95(times), 1) for kind, times in took.items()}
    return Row(
        name="search_100k",
        value=_p95(every),
        unit="ms p95",
        more_is_better=False,
        detail=detail | {"cpu ms p95": round(_p95(cpu), 1), "bytes a customer": round(size)},
    )


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * len(times))]
