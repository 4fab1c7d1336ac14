"""The codes of findings, as the sources of `holdfast check` have them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[2] / "engine"
SOURCES = ("authoring", "expressions", "runtime/actions")

_CODE = re.compile(r"[a-z]+(?:[-_'][a-z0-9]+)*")
_POSITIONS = {
    "Advice": 0,
    "ExpressionError": 0,
    "Finding": 3,
    "_point_out": 3,
    "_refuse": 2,
    "_say": 2,
    "_stop": 2,
    "at_beginning": 0,
    "at_value": 0,
    "here": 0,
    "refuse": 1,
    "say": 2,
}
"""At which place of a call each of these takes the code of what it says."""
_OTHERS = ("NotFoundError", "RequestError", "Wrong")
"""What has codes of its own: a refused request, a row of an imported file."""


def codes() -> set[str]:
    """Every code that is written out; `unknown-` codes of a kind that is not are left out."""
    return {
        code.replace("_", "-")
        for source in SOURCES
        for path in sorted((ENGINE / source).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        for code in _of(node)
        if _CODE.fullmatch(code)
    }


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign):
        yield from _assigned(node)
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _OTHERS:
        return
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    position = _POSITIONS.get(name)
    if "code" in named:
        yield from _text(named["code"])
    elif position is not None and len(node.args) > position + 1:
        yield from _text(node.args[position])
    for keyword in node.keywords:
        if (name, keyword.arg) in (("unknown", "noun"), ("refer", "kind")):
            yield from (f"unknown-{noun.replace(' ', '-')}" for noun in _text(keyword.value))


def _assigned(node: ast.Assign) -> Iterator[str]:
    """`code, hint = "bad-template", "..."`."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for name, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(name, ast.Name) and name.id == "code":
                    yield from _text(value)


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
