"""The schemas, held against what the loader takes, by a validator of just the words they use."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.binding import fields
from engine.authoring.definitions import KINDS
from engine.authoring.keys import structs
from engine.authoring.meanings import EVERYWHERE, OF_ITS_KIND
from engine.authoring.nodes import ListNode, MapNode, Node, ScalarNode
from engine.authoring.reading import read_yaml
from engine.authoring.scalars import value
from engine.authoring.schema import DIALECT, Schema, examples, schemas
from engine.model.importmap import ImportMap
from engine.model.message import Message
from engine.model.values import Written
from engine.model.workspace import Settings
from tests.examples.broken_files import BROKEN

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = sorted(
    file
    for root in (REPOSITORY, BROKEN / "workspace")
    for room in ("rules", "workflows")
    for file in (root / room).rglob("*.yaml")
) + sorted((REPOSITORY / "engine/authoring/templates").glob("*/*s/*.yaml"))
SCHEMAS = schemas()
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, Decimal),
    "boolean": bool,
}


def plain(node: Node) -> Any:
    if isinstance(node, MapNode):
        return {entry.key.text: plain(entry.value) for entry in node.entries}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, ScalarNode)
    return value(node)


def fits(data: Any, schema: Schema, whole: Schema) -> bool:
    """Tell whether data fits, in the sense of JSON Schema 2020-12."""
    if "$ref" in schema and not fits(data, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole):
        return False
    if "enum" in schema and not any(
        data == choice and type(data) is type(choice) for choice in schema["enum"]
    ):
        return False
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(
        isinstance(data, _TYPES[name]) and (name == "boolean") == isinstance(data, bool) for name in types
    ):
        return False
    if "pattern" in schema and isinstance(data, str) and not re.search(schema["pattern"], data):
        return False
    if "anyOf" in schema and not any(fits(data, choice, whole) for choice in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(data, choice, whole) for choice in schema["oneOf"]) != 1:
        return False
    if isinstance(data, dict):
        return _map_fits(data, schema, whole)
    if isinstance(data, list) and "prefixItems" in schema:
        return len(data) == schema["minItems"] and all(
            fits(item, part, whole) for item, part in zip(data, schema["prefixItems"], strict=True)
        )
    return not isinstance(data, list) or all(fits(item, schema.get("items", {}), whole) for item in data)


def _map_fits(data: dict[str, Any], schema: Schema, whole: Schema) -> bool:
    own = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    return all(key in data for key in schema.get("required", ())) and all(
        fits(item, own[key], whole)
        if key in own
        else others
        if isinstance(others, bool)
        else fits(item, others, whole)
        for key, item in data.items()
    )


def judged(text: str) -> bool:
    root = read_yaml("a.yaml", text.encode()).root
    assert root is not None
    data = plain(root)
    first = next(iter(data))
    kind = first if first in SCHEMAS else "facts"
    return fits(data, SCHEMAS[kind], SCHEMAS[kind])


def test_there_is_a_schema_of_each_kind() -> None:
    assert set(SCHEMAS) == {*KINDS, "settings", "message", "import"} - {"events", "subscriptions", "rfm"}
    assert {schema["$schema"] for schema in SCHEMAS.values()} == {DIALECT}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_ships_fits_its_schema(file: Path) -> None:
    assert judged(file.read_text())


def test_settings_fit_theirs() -> None:
    for root in (REPOSITORY, BROKEN / "workspace"):
        node = read_yaml("holdfast.yaml", (root / "holdfast.yaml").read_bytes()).root
        assert node is not None
        assert fits(plain(node), SCHEMAS["settings"], SCHEMAS["settings"])


@pytest.mark.parametrize(
    "text",
    [
        "rule: a\nwhen: {event: b}\nthn: []\n",
        "rule: a\nwhen: {event: b, schedule: daily at 06:00}\nthen: [{run: c}]\n",
        "rule: a\nwhen: {event: b}\nat_most: never\nthen: [{run: c}]\n",
        "rule: a\nstatus: lve\nwhen: {event: b}\nthen: [{run: c}]\n",
        "workflow: a\nclass: service\nreentry: never\nsteps: [{wait: 1d, stop: done}]\n",
        "workflow: a\nclass: service\nreentry: never\nsteps: [{wait: 3 days}]\n",
        "workflow: a\nclass: service\nsteps: [{wait: 1d}]\n",
        "facts: {a: {count: b, sum: c}}\n",
        "score: a\nparts: {b: {weight: ten, is: x}}\nbands: {red: {from: 0}}\n",
    ],
)
def test_what_is_broken_does_not(text: str) -> None:
    assert not judged(text)


def test_every_typed_value_has_a_pattern_and_examples_that_fit_it() -> None:
    found = [
        part
        for schema in SCHEMAS.values()
        for part in _parts(schema)
        if "pattern" in part and "examples" in part
    ]
    assert found
    for part in found:
        assert part["examples"]
        assert all(re.search(part["pattern"], example) for example in part["examples"])


def _parts(schema: Any) -> list[Schema]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    below = [part for each in inner for part in _parts(each)]
    return [schema, *below] if isinstance(schema, dict) else below


@pytest.mark.parametrize("kind", [kind for kind in Written.__subclasses__() if kind.__name__ != "Formula"])
def test_the_examples_of_a_type_are_read_by_it(kind: type[Written]) -> None:
    assert examples(kind)
    for example in examples(kind):
        kind.parse(example)


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Give every property of a schema, at any depth."""
    if isinstance(schema, dict):
        for key, own in schema.get("properties", {}).items():
            yield f"{path}/{key}", own
        for key, inner in schema.items():
            # A property may be called `properties`: what is in the map of them is no schema itself.
            for part in inner.values() if key == "properties" else (inner,):
                yield from properties(part, f"{path}/{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner, path)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described(name: str) -> None:
    found = list(properties(SCHEMAS[name]))
    assert found
    assert [path for path, own in found if not own.get("description")] == []


def test_no_key_is_described_that_there_is_not() -> None:
    # given the kinds of things that the schemas describe, and all their keys
    known = {
        f"{kind.__name__}.{key}"
        for kind in reached([*KINDS.values(), Settings, Message, ImportMap])
        for key in fields(kind)
    }

    # then
    assert sorted(set(OF_ITS_KIND) - known) == []
    assert sorted(set(EVERYWHERE) - {key.partition(".")[2] for key in known}) == []


def reached(kinds: Iterable[Any]) -> set[Any]:
    todo, seen = list(kinds), set()
    while todo:
        kind = todo.pop()
        if kind not in seen:
            seen.add(kind)
            todo += [part for field in fields(kind).values() for part in structs(field.type)]
    return seen
