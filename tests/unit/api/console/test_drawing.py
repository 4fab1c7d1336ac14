"""The picture of a rule or a workflow: each step once, in the words and the order of its file, as text."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from api.console.drawing import draw, lay_out, read_rule, read_workflow
from engine.authoring.loader import load_folder
from engine.timeline.ruleset import Ruleset, compile_ruleset

REPOSITORY = Path(__file__).resolve().parents[4]
WORKFLOWS = sorted((REPOSITORY / "workflows").glob("*.yaml"))
RULES = [
    path
    for path in sorted((REPOSITORY / "rules").glob("*.yaml"))
    if re.search(r"(?m)^rule: ", path.read_text())
]

BOTH = """
workflow: both
class: service
reentry: always
stop_when: [left, {event: paid, match: invoice}]
steps:
  - ask: {who: =customer.owner, question: Call them?, choices: [call, leave], up_to: 2d, else: leave}
    as: answer
  - if: [run.answer.choice == 'call', any: [input.a == 1, input.b == 2]]
    then:
      - stop: said-no
    else:
      - split: offer-test
        arms:
          plain: {share: 50%}
          offer: {share: 50%, then: [{wait_for: message_clicked, up_to: 2d}]}
  - run: child
    with: {reason: returned}
"""


@pytest.fixture(scope="module")
def starter() -> Ruleset:
    workspace = load_folder(REPOSITORY).workspace
    assert workspace is not None
    return compile_ruleset(workspace)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_step_of_a_starter_workflow_is_drawn_once_under_the_path_that_runs_have(
    path: Path, starter: Ruleset
) -> None:
    written = read_workflow(path.read_text())
    assert written is not None
    drawn = [box.path for box in lay_out(written).boxes if box.path]
    assert sorted(drawn) == sorted(starter.workflows[path.stem].instructions)
    # and in the order of the file
    lines = [block.line for _, _, block in written.walk()]
    assert lines == sorted(lines)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_starter_rule_is_drawn_from_its_trigger_to_what_it_does(path: Path, starter: Ruleset) -> None:
    written = read_rule(path.read_text())
    assert written is not None
    verbs = [block.verb for block in written.blocks]
    does = verbs[-len(starter.workspace.rules[path.stem].then) :]
    assert set(does) <= {"run", "do"}
    before = verbs[: -len(does)]
    assert before == [verb for verb in ("when", "if", "at most") if verb in before]


def test_a_workflow_reads_as_it_is_written() -> None:
    written = read_workflow(BOTH)
    assert written is not None
    assert [(depth, way, block.verb, block.says, block.notes) for depth, way, block in written.walk()] == [
        (
            0,
            "",
            "ask",
            "Call them?",
            ("who: =customer.owner", "choices: call, leave", "up to: 2d", "else: leave", "as: answer"),
        ),
        (0, "", "if", "run.answer.choice == 'call'", ("and input.a == 1 or input.b == 2",)),
        (1, "then", "stop", "said-no", ()),
        (1, "else", "split", "offer-test", ()),
        (2, "offer, 50%", "wait for", "message_clicked", ("up to: 2d",)),
        (0, "", "run", "child", ("with: reason returned",)),
    ]
    assert written.ends == ("left", "event paid, match invoice")
    assert written.begins.notes == ("reentry: always",)


def test_a_way_that_ends_does_not_come_back() -> None:
    written = read_workflow(BOTH)
    assert written is not None
    laid = lay_out(written)
    # given the ways that come back to the line that they left: both arms of the split, and `else`
    back = [wire for wire in laid.wires if len(wire.points) == 3 and wire.points[0][0] > wire.points[2][0]]
    assert len(back) == 2  # the arm with a step, and `else`; an arm without one never left


def test_what_is_drawn_says_how_many_stand_where() -> None:
    written = read_workflow(BOTH)
    assert written is not None
    picture = ElementTree.fromstring(draw(written, {"0": 1234, "1.then.0": 0}, "flow"))
    texts = ["".join(each.itertext()) for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "1,234 here" in texts
    assert len([text for text in texts if text.endswith("here")]) == 1
    desc = picture.find("{http://www.w3.org/2000/svg}desc")
    assert desc is not None and desc.text is not None and "1,234 runs stand at them now" in desc.text
    assert picture.get("aria-labelledby") == "flow-title flow-desc"


def test_whatever_a_file_says_is_drawn_as_text() -> None:
    hostile = BOTH.replace("Call them?", "'</text><script>alert(1)</script>'").replace(
        "offer-test", "'\"><img src=x>'"
    )
    written = read_workflow(hostile)
    assert written is not None
    drawn = draw(written, {}, "flow")
    assert "<script" not in drawn and "<img" not in drawn
    picture = ElementTree.fromstring(drawn)
    assert "alert(1)" in "".join(picture.itertext())


def test_what_is_drawn_has_no_style_and_no_handler() -> None:
    written = read_workflow(BOTH)
    assert written is not None
    drawn = draw(written, {"0": 1}, "flow")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<a\s|url\(", drawn)


@pytest.mark.parametrize("text", ["", "rule: r\n", "[", "workflow", "steps: []\n", "\t", "- 1\n"])
def test_what_is_no_workflow_is_not_drawn(text: str) -> None:
    assert read_workflow(text) is None


@pytest.mark.parametrize("text", ["workflow: w\nsteps: [1, {nothing: 2}, [a]]\n", "workflow: w\nsteps: 7\n"])
def test_what_is_no_step_is_shown_as_it_stands(text: str) -> None:
    written = read_workflow(text)
    assert written is not None
    assert all(block.verb == "?" for block in written.blocks)
    ElementTree.fromstring(draw(written, {}, "flow"))
