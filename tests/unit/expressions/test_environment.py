"""How a name finds its value."""

from typing import Any

import pytest

from engine.expressions.environment import Env, answer, missing, read, reader


class Lazy(dict[str, Any]):
    """Computes what it does not hold, once; knows no `never`."""

    def __missing__(self, name: str) -> Any:
        if name == "never":
            raise KeyError(name)
        self[name] = f"computed {name}"
        return self[name]


def test_an_absent_name_is_null() -> None:
    assert read({}, "plan") is None
    assert read(None, "plan") is None
    assert missing({}, "plan") is None


def test_a_lazy_name_is_computed_once() -> None:
    facts = Lazy()
    assert read(facts, "plan") == "computed plan"
    assert facts == {"plan": "computed plan"}


def test_a_lazy_name_that_is_not_known_is_null() -> None:
    assert read(Lazy(), "never") is None


def test_an_answer_of_a_step_not_taken_is_null() -> None:
    assert answer({}, "offer", "code") is None
    assert answer({"offer": {"code": "A1"}}, "offer", "code") == "A1"


def test_a_fact_that_is_read_by_name_is_computed_once_and_null_where_it_is_not_known() -> None:
    facts = Lazy()
    assert reader("customer.plan")(Env(facts)) == "computed plan"
    assert facts == {"plan": "computed plan"}
    assert reader("customer.never")(Env(facts)) is None
    assert reader("customer.plan")(Env({})) is None


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("customer.plan", "free"),
        ("event.score", 3),
        ("input.reason", "usage"),
        ("run.offer.code", "A1"),
        ("run.other.code", None),
        ("now", None),
    ],
)
def test_a_reader_follows_a_dotted_name(dotted: str, value: Any) -> None:
    env = Env({"plan": "free"}, {"score": 3}, {"reason": "usage"}, {"offer": {"code": "A1"}})
    assert reader(dotted)(env) == value
