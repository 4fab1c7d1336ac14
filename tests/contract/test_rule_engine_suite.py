"""rule-engine's own test suite, evaluated by Holdfast too: no difference, and all that is left out is named.

The suite itself is public data: no package of a registry has it, and it is not ours to copy.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import rule_engine

from tests.contract.rule_engine_suite.judging import LeftOut, Occasion, Said, differing, refused, untaken

ROOT = Path(__file__).parents[2]
STORED = ROOT / "docs" / "results" / "rule-engine-suite.txt"
SUITE = """
import unittest
import rule_engine
from rule_engine import ast, errors

class Tests(unittest.TestCase):
    def test_texts(self):
        rule = rule_engine.Rule("name == 'Luke' and age > 20")
        self.assertTrue(rule.matches({"name": "Luke", "age": 21}))
        self.assertEqual(list(rule.filter([{"name": "Vader", "age": 45}])), [])
        with self.assertRaises(errors.EvaluationError):
            rule.evaluate({"name": "Luke", "age": "old"})
        with self.assertRaises(errors.RuleSyntaxError):
            rule_engine.Rule("name ==")

    def test_nodes(self):
        context = rule_engine.Context()
        two = ast.FloatExpression(context, 2.0)
        sum_ = ast.AddExpression(context, "add", ast.SymbolExpression(context, "a"), two)
        self.assertEqual(sum_.evaluate({"a": 1}), 3)

    def test_what_holdfast_has_not(self):
        self.assertEqual(rule_engine.Rule("a ** 2").evaluate({"a": 3}), 9)
        self.assertTrue(rule_engine.Rule("$now != null").matches({}))
        with self.assertRaises(errors.SymbolResolutionError):
            rule_engine.Rule("a").evaluate({})
"""
MORE = """
import unittest
import rule_engine

__all__ = ()

class Base(unittest.TestCase):
    pass

class More(Base):
    def test_more(self):
        self.assertTrue(rule_engine.Rule("more").matches({"more": 1}))

    def test_red(self):
        self.assertFalse(rule_engine.Rule("red").matches({"red": 1}))

    @unittest.skip("not here")
    def test_not_here(self):
        self.assertTrue(rule_engine.Rule("never").matches({"never": 1}))
"""
BY_HAND = """
import unittest
import rule_engine
from rule_engine import ast, builtins

class Tests(unittest.TestCase):
    def test_parsed(self):
        self.assertEqual(rule_engine.Rule("0x10").statement.expression.value, 16)
        rule_engine.Rule("left + right")
        rule_engine.Rule("left << right")

    def test_called(self):
        functions = builtins.Builtins.from_defaults()
        self.assertEqual(functions["split"]("a b"), ("a", "b"))
        self.assertEqual(functions["map"](lambda item: item, [1]), (1,))
        context = rule_engine.Context()
        text = ast.StringExpression(context, "abc")
        starts_with = ast.GetAttributeExpression(context, text, "starts_with").evaluate(None)
        self.assertTrue(starts_with("a"))
        ast.GetAttributeExpression(context, text, "encode").evaluate(None)
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.contract.rule_engine_suite", str(folder)],
        cwd=ROOT,
        env={**os.environ, "TZ": "UTC", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_suite_comes_out_alike(public_data: Callable[[str], Path]) -> None:
    # given the suite of which the results are kept
    folder = public_data("rule-engine/tests/__init__.py").parents[1]

    # when it is run
    ran = run(folder)

    # then no answer differs, and what is compared and what is left out are as told
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    _, _, told = STORED.read_text().partition("tests of the suite")
    assert ran.stdout == "tests of the suite" + told


def test_a_suite_is_run_and_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    # given a small suite
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text(SUITE)

    # when it is run
    ran = run(tmp_path)

    # then
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "tests of the suite: 3, of which 0 failed, 0 skipped",
        "evaluations in them: 7",
        "  made by Holdfast too: 4, of 2 texts",
        "  outside of Holdfast's language: 3",
        "        1  <<, >> and **",
        "        1  a function that reads the clock, draws by chance, fills memory, or is the caller's own",
        "        1  a name that is absent: it is null, and does not raise",
        "texts that are no constants: 4",
        "  that Holdfast takes too: 2",
        "  outside of Holdfast's language: 2",
        "        1  <<, >> and **",
        "        1  a function that reads the clock, draws by chance, fills memory, or is the caller's own",
        "texts that both refuse: 1",
        "differences: 0",
    ]
    assert ran.returncode == 0


def test_each_class_of_each_module_is_run_and_what_fails_is_named(tmp_path: Path) -> None:
    # given a suite whose package does not name a module, and whose module does not name a class
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("from .more import *")
    (tmp_path / "tests" / "more.py").write_text(MORE)

    # when it is run
    ran = run(tmp_path)

    # then the class is run, and what fails in rule-engine is told and is no difference
    told = ran.stdout.splitlines()
    assert told[:3] == [
        "tests of the suite: 3, of which 1 failed, 1 skipped",
        "evaluations in them: 2",
        "  made by Holdfast too: 2, of 2 texts",
    ]
    assert told[-2:] == ["differences: 0", "  failed: tests.more.More.test_red"]
    assert ran.returncode == 0


def test_what_is_only_parsed_or_called_by_hand_is_compared_too(tmp_path: Path) -> None:
    # given a suite that parses, and calls what it finds by name
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text(BY_HAND)

    # when it is run
    ran = run(tmp_path)

    # then a constant is compared as it is parsed, other texts have to be taken, and a call is made as a text
    assert ran.stdout.splitlines() == [
        "tests of the suite: 2, of which 0 failed, 0 skipped",
        "evaluations in them: 6",
        "  made by Holdfast too: 3, of 3 texts",
        "  outside of Holdfast's language: 3",
        "        2  a function or a method that is not called",
        "        1  an object or a function of the caller's own",
        "texts that are no constants: 3",
        "  that Holdfast takes too: 2",
        "  outside of Holdfast's language: 1",
        "        1  <<, >> and **",
        "texts that both refuse: 0",
        "differences: 0",
    ]


def test_a_suite_without_tests_is_none(tmp_path: Path) -> None:
    # given a folder that holds no test
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("")

    # then that is not a suite that comes out alike
    assert run(tmp_path).returncode == 1


def test_every_back_end_is_asked() -> None:
    # given an answer that is wrong
    occasion = Occasion("a + 1", rule_engine.Context(), {"a": 1})
    wrong = Said(Decimal(0))

    # then all that is asked for it says otherwise
    told = {each.partition(":")[0] for each in differing(occasion, wrong)}
    assert told == {
        "rule-engine with Holdfast's nodes",
        "the value, compiled",
        "the value or null, compiled",
        "the line, compiled",
        "its trace",
        *(
            f"condition {place}, {how}"
            for place in range(3)
            for how in ("compiled", "its trace", "by the index", "in columns")
        ),
    }
    assert differing(occasion, Said(Decimal(2))) == []


def test_an_error_must_be_the_same_one() -> None:
    occasion = Occasion("a < 1", rule_engine.Context(), {"a": "x"})

    assert differing(occasion, Said(raised=rule_engine.EvaluationError)) == []
    assert len(differing(occasion, Said(raised=KeyError))) == 2


def test_what_only_one_side_refuses_is_a_difference_unless_the_language_says_so() -> None:
    # given texts that rule-engine takes
    within = Occasion("(1 < 2) == (a < 3)", rule_engine.Context(), {"a": 1})
    long = Occasion(" and ".join(["a"] * 600), rule_engine.Context(), {"a": 1})
    power = Occasion("a ** 2", rule_engine.Context(), {"a": 1})

    # then one that is too long for Holdfast is a difference, and one that its language has not is left out
    assert not refused(within)
    assert untaken(within) == ""
    assert untaken(long) != ""
    assert differing(long, Said(True))[0].startswith("refused by Holdfast alone")
    with pytest.raises(LeftOut):
        differing(power, Said(Decimal(1)))
    with pytest.raises(LeftOut):
        untaken(power)
