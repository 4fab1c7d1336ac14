import enum
from pathlib import Path
from types import ModuleType

import pytest

from engine.authoring.reference import REFERENCES, lists, members
from engine.model import actions, reasons
from engine.model.actions import SHIPPED

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_is_current(name: str) -> None:
    command = f"python -m engine.authoring.reference {name}"
    assert (DOCS / f"{name}.md").read_text() == REFERENCES[name](), f"write it anew with {command}"


@pytest.mark.parametrize(
    ("module", "kind"),
    [(module, kind) for module in (reasons, actions) for kind in lists(module)],
    ids=lambda value: value.__name__,
)
def test_every_word_of_a_closed_list_says_what_it_means(module: ModuleType, kind: type[enum.Enum]) -> None:
    said = members(module, kind)
    assert set(said) == {member.value for member in kind}
    assert [word for word, says in said.items() if not says] == []


def test_every_argument_of_an_action_says_what_it_is() -> None:
    silent = [
        f"{spec.name} {key}"
        for spec in SHIPPED.values()
        for key, argument in spec.arguments.items()
        if not argument.says
    ]
    assert silent == []
