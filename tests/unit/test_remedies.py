"""What the API and the command line refuse is told with what to send or write instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    "api",
    "engine/runtime",
    "engine/authoring/importing",
    "engine/authoring/outcomes",
    "engine/customers",
)
ERRORS = frozenset(
    (
        "ConflictError",
        "ForbiddenError",
        "NotFoundError",
        "QuarantineError",
        "RequestError",
        "UnauthenticatedError",
        "unreadable",
        "_refuse",
        "_unreadable",
    )
)
FEWEST = 110
"""So many sentences there are at least: a scan that finds fewer has lost sight of them."""
VERBS = (
    "add ask begin cancel change choose declare encode export follow give import install issue leave"
    " look make mend name pause plan propose read reopen replay resume retry round run save say see send"
    " start stop take try use wait write"
).split()
REMEDY = re.compile(
    rf"(?:^|[;:,] | and | or )(?:(?:or|and) )?(?:{'|'.join(VERBS)})\b"
    r"|; \{known_or\(|; `holdfast | assign it | GET /v1/|there is nothing "
)
HANDED_ON = {"{name}: {error}", "{place}: {sentence}"}
"""Sentences of others with their place before them: of a typed value, and of `api.mismatches`."""


def test_each_refusal_has_a_remedy() -> None:
    # given every sentence that is written where something is refused
    sentences = list(_sentences())
    assert len(sentences) >= FEWEST

    # when those are looked for that say only what is wrong
    bare = [f"{place}: {sentence}" for place, sentence in sentences if not _is_told(sentence)]

    # then there is none
    assert bare == []


def test_a_sentence_without_a_remedy_is_seen() -> None:
    assert REMEDY.search("there is no run {id}; look it up in the list of runs")
    assert REMEDY.search("there is no workflow {name}; {known_or(name, workflows)}")
    assert not REMEDY.search("there is no run {id}")
    assert not REMEDY.search("this key is unknown, expired or revoked")
    assert not REMEDY.search("the body is not as it should be: Expected `int`, got `str`")


def _is_told(sentence: str) -> bool:
    return sentence in HANDED_ON or REMEDY.search(sentence) is not None


def _sentences() -> Iterator[tuple[str, str]]:
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            for function in _functions(ast.parse(path.read_text())):
                written = dict(_assigned(function))
                for node in _own(function):
                    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                        for said in (written.get(getattr(each, "id", ""), each) for each in node.args):
                            sentence = _text(said)
                            if " " in sentence:
                                yield f"{path.relative_to(ROOT)}:{node.lineno}", sentence
                                break


def _functions(module: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """Give what is in a function, but not in one inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))


def _assigned(function: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in _own(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _text(node: ast.expr) -> str:
    """Give a written text; what is put into it stays as its source in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            "{" + ast.unparse(part.value) + "}" if isinstance(part, ast.FormattedValue) else _text(part)
            for part in node.values
        )
    return ""
