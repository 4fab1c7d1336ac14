"""What the reference says of fact functions, held against the functions themselves."""

import pytest

from engine.authoring.loader import load, require
from engine.model.facts import FUNCTIONS
from tests.customer_facts import Customer, at, table_of


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_loads_and_gives_of_nothing_what_is_said(name: str) -> None:
    # given the example as a fact of a workspace, and a customer of whom nothing is known
    loaded = load(
        {
            "holdfast.yaml": b"name: Shop\n",
            "rules/facts.yaml": f"facts:\n  shown: {FUNCTIONS[name].example}\n".encode(),
        }
    )
    assert loaded.errors == ()
    workspace = require(loaded)
    assert workspace.facts.facts["shown"].function == name
    # then its value is what the reference says
    value = Customer(table_of(workspace)).facts(at("2026-03-01"))["shown"]
    assert ("unknown" if value is None else str(value)) == FUNCTIONS[name].of_nothing
