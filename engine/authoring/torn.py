"""What YAML tears or cuts, and its own syntax errors, in the words of somebody who writes rules."""

from __future__ import annotations

import re
from typing import TypeAlias

import yaml

DOUBLE_QUOTES = "goes in double quotes, the whole of it"
WHOLE = "put the whole expression in double quotes"
WHOLE_TEXT = "put the whole text in double quotes"

Told: TypeAlias = tuple[int, int, str, str, str]
"""Line, column, code, message, hint."""

_CLOSERS = {"[": "]", "{": "}"}
_VALUE = re.compile(r"\s*(?:- +)*(?:[\w.-]+\s*:\s+)?")
_FLOW_VALUE = re.compile(r"[{,]\s*[\w.-]+\s*:\s+")
_LONE_KEY = re.compile(r"\s*(?:- +)*[\w.-]+\s*$")


def explain(error: yaml.MarkedYAMLError, lines: list[str]) -> Told:
    """Say what is wrong at a syntax error of libyaml, where, and what to write instead."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 1, 1, "not-yaml", f"this is not YAML: {error.problem}", WHOLE_TEXT
    scene = _Scene(error, mark.line, mark.column, lines)
    for teller in (_token, _block, _quote, _colon, _value_ends, _unclosed, _indicator, _directive):
        told = teller(scene)
        if told is not None:
            return told
    return scene.here(
        "not-yaml",
        f"this is not YAML: {scene.problem}",
        "indent the line like its neighbours, and put a text with signs in double quotes",
    )


class _Scene:
    """The line on which the parser gave up, cut at the place."""

    def __init__(self, error: yaml.MarkedYAMLError, line: int, column: int, lines: list[str]) -> None:
        text = lines[line] if line < len(lines) else ""
        self.problem = error.problem or ""
        self.context = error.context or ""
        self.line, self.column = line, column
        self.before, self.at = text[:column], text[column:]
        began = error.context_mark
        self.began = (began.line, began.column) if began else (line, column)
        self.opener = lines[self.began[0]][self.began[1] :][:1] if self.began[0] < len(lines) else ""
        start = _VALUE.match(text)
        starts = [match.end() for match in _FLOW_VALUE.finditer(text, 0, column)]
        self.value_at = starts[-1] if starts else min(start.end() if start else 0, column)

    def here(self, code: str, message: str, hint: str) -> Told:
        return self.line + 1, self.column + 1, code, message, hint

    def at_value(self, code: str, message: str, hint: str) -> Told:
        return self.line + 1, self.value_at + 1, code, message, hint

    def at_beginning(self, code: str, message: str, hint: str) -> Told:
        return self.began[0] + 1, self.began[1] + 1, code, message, hint


def _token(scene: _Scene) -> Told | None:
    if "cannot start any token" in scene.problem:
        return scene.here("torn-expression", f"a value cannot begin with {scene.at[:1]} in YAML", WHOLE)
    if scene.context in ("while scanning an alias", "while scanning an anchor"):
        kind = "an alias" if scene.opener == "*" else "an anchor"
        return scene.at_beginning(
            "torn-expression", f"a value that begins with {scene.opener} is {kind} in YAML", WHOLE
        )
    if scene.context in ("while scanning a tag", "while parsing a tag") or "tag handle" in scene.problem:
        return scene.at_beginning("torn-expression", "a value that begins with ! is a tag in YAML", WHOLE)
    return None


def _block(scene: _Scene) -> Told | None:
    if scene.context != "while scanning a block scalar":
        return None
    return scene.at_beginning(
        "torn-expression", f"a value that begins with {scene.opener} is a block of text in YAML", WHOLE
    )


def _quote(scene: _Scene) -> Told | None:
    if "quoted scalar" not in scene.context:
        return None
    if "escape" in scene.problem:
        return scene.here(
            "bad-escape",
            f"{scene.at[:2]} means nothing inside double quotes",
            "write two backslashes, or single quotes",
        )
    return scene.at_beginning(
        "open-quote", "the quote that opens here is never closed", "close it on this line"
    )


def _colon(scene: _Scene) -> Told | None:
    value = scene.before[scene.value_at :]
    if scene.at.startswith(":") and "?" in value:
        return scene.at_value(
            "torn-expression", "the ? and : of this expression tear it apart in YAML", WHOLE
        )
    if not scene.problem.startswith("mapping values are not allowed"):
        return None
    if _LONE_KEY.match(scene.before):
        return scene.here(
            "bad-indentation",
            "this key fits no line above",
            "indent it like its neighbours, and end each key with a colon",
        )
    return scene.at_value("torn-text", "a colon and a space inside a text tear it apart", WHOLE_TEXT)


def _value_ends(scene: _Scene) -> Told | None:
    if not scene.problem.startswith("did not find expected") or not scene.at.strip():
        return None
    ends = scene.before.rstrip()[-1:]
    if ends in ("'", '"') and "quoted" not in scene.problem:
        return scene.at_value(
            "torn-expression", "a value that begins with a quote ends at the next one", WHOLE
        )
    if ends in ("]", "}"):
        kind = "list" if ends == "]" else "map"
        return scene.at_value(
            "torn-expression", f"a value that begins with {'[' if ends == ']' else '{'} is a {kind}", WHOLE
        )
    if scene.at[0] in "[{" and ends not in ("", ":", ",", "-"):
        return scene.here(
            "torn-expression", f"a {scene.at[0]} inside braces tears this expression apart", WHOLE
        )
    return None


def _unclosed(scene: _Scene) -> Told | None:
    if "flow" not in scene.context or not scene.problem.startswith("did not find expected"):
        return None
    return scene.at_beginning(
        "open-bracket",
        f"the {scene.opener} that opens here is not closed",
        f"close it with {_CLOSERS.get(scene.opener, scene.opener)}",
    )


def _indicator(scene: _Scene) -> Told | None:
    if "could not find expected ':'" in scene.problem:
        return scene.at_beginning("missing-colon", "this key has no colon", "write a colon after it")
    if "block sequence entries are not allowed" in scene.problem:
        return scene.here("bad-indentation", "a list cannot begin here", "put each dash on a line of its own")
    if "expected node content" in scene.problem:
        return scene.here("torn-expression", f"a value cannot begin with {scene.at[:1]} in YAML", WHOLE)
    if scene.problem.startswith("did not find expected") and not scene.before.strip():
        return scene.here("bad-indentation", "this line fits no line above", "indent it like its neighbours")
    return None


def _directive(scene: _Scene) -> Told | None:
    if "document" not in scene.problem and "directive" not in f"{scene.problem} {scene.context}":
        return None
    return scene.here("directive", "a line that begins with % is a directive of YAML", "take it out")
