"""Statements that name a list: one text for any number of values, answered from an index."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql, sqlite

from engine.store import statements
from engine.store.sql import transaction
from engine.store.sqlite import open_sqlite
from engine.store.statements.customers import customers_named
from engine.store.statements.decisions import decision_page


def naming_lists() -> dict[str, Callable[[], ClauseElement]]:
    """Give the builders of all such statements, by name."""
    found = {}
    for module in pkgutil.iter_modules(statements.__path__):
        for name, build in vars(importlib.import_module(f"{statements.__name__}.{module.name}")).items():
            if hasattr(build, "cache_info") and not inspect.signature(build).parameters:
                if "json_each" in str(build().compile(dialect=sqlite.dialect())):
                    found[name] = build
    return found


NAMING = naming_lists()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "holdfast.db"
    open_sqlite(path, exclusive=True).close()
    return path


@pytest.mark.parametrize("name", sorted(set(NAMING) - {"asks_of"}))
def test_a_list_is_looked_up_in_an_index(name: str, file: Path) -> None:
    # given a statement that names a list; asks are few, and have no index by customer
    text = str(NAMING[name]().compile(dialect=sqlite.dialect()))

    # when SQLite says how it would answer it
    with sqlite3.connect(file) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", ["[]"] * text.count("?")).fetchall()

    # then it walks over no table but the list itself
    walked = [step[3] for step in plan if step[3].startswith("SCAN")]
    assert [step for step in walked if "json_each" not in step and "CONSTANT" not in step] == []


@pytest.mark.parametrize("rule", [None, "cart-abandoned"])
def test_decisions_of_an_outcome_that_is_rare_are_found_by_it(file: Path, rule: str | None) -> None:
    # given a page of the decisions in which a rule failed
    page = decision_page(rule, None, "error", 0, 1, None, 50, True)
    text = str(page.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    # when SQLite says how it would answer it, then nobody goes through those that fired
    with sqlite3.connect(file) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
    assert [step[3].partition(" (")[0] for step in plan] == ["SEARCH decision USING INDEX decision_unfired"]


def test_customers_and_their_other_names_are_each_cut_off_before_they_are_put_together() -> None:
    # given a page of names, for a database that would sort all of both otherwise
    text = str(customers_named().compile(dialect=postgresql.dialect()))
    customers, _, others = text.partition("UNION ALL")
    others, _, together = others.partition("AS anon_2")

    # then each part has an order and an end of its own, and so has what is made of them
    assert [part.count("ORDER BY") for part in (customers, others, together)] == [1, 1, 1]
    assert [part.count("LIMIT") for part in (customers, others, together)] == [1, 1, 1]


@pytest.mark.parametrize("name", sorted(NAMING))
def test_postgresql_is_given_an_array(name: str) -> None:
    text = str(NAMING[name]().compile(dialect=postgresql.dialect()))
    assert "= any(" in text
    assert "POSTCOMPILE" not in text


def test_a_second_database_has_nothing_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a database that has been asked something
    first = open_sqlite(tmp_path / "first.db", exclusive=True)
    with first.reader() as reader:
        marks = reader.marks()
    first.close()

    # when another one is asked the same, then no statement is made ready for it
    monkeypatch.setattr(transaction, "_Prepared", None)
    second = open_sqlite(tmp_path / "second.db", exclusive=True)
    with second.reader() as reader:
        assert reader.marks() == marks
    second.close()
