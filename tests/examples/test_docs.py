"""The documents: what they show loads, passes its own tests, runs, and is all there."""

import argparse
import importlib
import re
import shlex
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import pytest

from api.cli.main import COMMANDS, main
from api.routes import HANDLERS
from engine.authoring.folder import read_folder
from engine.authoring.hooks.shipped import shipped_hooks
from engine.authoring.importing.maps import bind_map
from engine.authoring.loader import Loaded, load, require
from engine.authoring.tester import run_tests
from engine.model.actions import SHIPPED
from engine.model.facts import FUNCTIONS
from engine.model.rule import Trigger
from engine.model.testcase import EXPECTATIONS
from engine.model.workspace import Settings
from tests.examples.printed import REPOSITORY, Block, Server, blocks, session

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
NAMES = [path.relative_to(REPOSITORY).as_posix() for path in PAGES]
MARKERS = {"", "hooks", "rule", "settings", "metrics", "broken", "fact"}
FLEET_OR_CALL = "then: [{do: segment.add, with: {segment: docs-list}}]"


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def of(language: str) -> list[Any]:
    """Give the blocks of a language in all documents."""
    return [
        pytest.param(block, id=f"{name}:{block.line}")
        for name in NAMES
        for block in blocks(text(name))
        if block.language == language
    ]


@cache
def starter() -> Mapping[str, bytes]:
    return read_folder(REPOSITORY)


def place(block: Block) -> str:
    """Give the file in which a whole block would stand."""
    kind, id = re.match(r"(\w+): *(\S*)", block.text).groups()  # type: ignore[union-attr]
    if kind == "policy":
        return "rules/policy.yaml"
    if kind in ("facts", "events", "subscriptions", "rfm"):
        return f"rules/docs-{block.line}.yaml"
    return f"{ {'workflow': 'workflows', 'hook': 'hooks'}.get(kind, 'rules') }/{id}.yaml"


def is_map(block: Block) -> bool:
    """Tell whether a block is an import map, which stands outside a workspace."""
    return block.language == "yaml" and block.text.startswith("import:")


def is_file(block: Block) -> bool:
    """Tell whether a block is a whole file of a workspace."""
    return block.language == "yaml" and not block.marker and not is_map(block)


@cache
def shown(settings: bytes = b"") -> Loaded:
    """Load the starter policy with every whole file that a document shows put into it.

    `settings` are added to its own.
    """
    added = {"holdfast.yaml": starter()["holdfast.yaml"] + settings}
    files = dict(starter())
    for name in NAMES:
        for block in blocks(text(name)):
            if is_file(block) and name != "README.md":
                files[place(block)] = block.text.encode()
            if block.language == "markdown":
                files[f"workflows/messages/{block.marker}.md"] = block.text.encode()
    return load({**files, **added})


def test_every_whole_file_loads() -> None:
    assert [str(finding) for finding in shown().findings] == []


def test_every_yaml_block_is_checked_somehow() -> None:
    found = {block.values[0].marker for block in of("yaml")}
    assert found == MARKERS


def with_tests() -> Iterator[Any]:
    for parameter in of("yaml"):
        block = parameter.values[0]
        if is_file(block) and "\ntests:" in block.text:
            yield parameter


@pytest.mark.parametrize("block", list(with_tests()))
def test_the_tests_of_what_is_shown_pass(block: Block) -> None:
    kind, id = re.match(r"(\w+): *(\S*)", block.text).groups()  # type: ignore[union-attr]
    report = run_tests(require(shown()), f"{kind} {id}:")
    assert report.failures == ()
    assert report.passed


@pytest.mark.parametrize("block", [one for one in of("yaml") if one.values[0].marker == "rule"])
def test_a_part_of_a_rule_loads(block: Block) -> None:
    written = (
        f"rule: docs-part\nwhen: {{event: order_completed}}\n{block.text}then: [{{run: champion-thanks}}]\n"
    )
    loaded = load({**starter(), "rules/docs-part.yaml": written.encode()})
    assert [str(finding) for finding in loaded.findings] == []


@pytest.mark.parametrize("block", [one for one in of("yaml") if one.values[0].marker == "settings"])
def test_settings_load(block: Block) -> None:
    loaded = load({**starter(), "holdfast.yaml": block.text.encode()})
    assert [str(finding) for finding in loaded.findings] == []
    written = require(loaded).settings
    default = Settings()
    assert all(
        getattr(written, key) != getattr(default, key) for key in ("public_url", "people", "connectors")
    )


@pytest.mark.parametrize("block", [one for one in of("yaml") if one.values[0].marker == "hooks"])
def test_hooks_load(block: Block) -> None:
    settings = starter()["holdfast.yaml"] + block.text.encode()
    loaded = load({**starter(), **shipped_hooks(), "holdfast.yaml": settings})
    assert [str(finding) for finding in loaded.findings] == []
    assert set(require(loaded).settings.hooks) == {"till", "sales"}


@pytest.mark.parametrize("block", [one for one in of("yaml") if one.values[0].marker == "metrics"])
def test_what_metrics_read_loads(block: Block) -> None:
    loaded = shown(block.text.encode())
    assert [str(finding) for finding in loaded.findings] == []
    written = require(loaded).settings.metrics
    assert set(written.churn.sources) == {"exit-survey", "crm"}


@pytest.mark.parametrize("block", [one for one in of("yaml") if is_map(one.values[0])])
def test_an_import_map_loads(block: Block) -> None:
    assert bind_map("imports/orders.yaml", block.text.encode()).map.query


def broken() -> Iterator[Any]:
    for name in NAMES:
        found = blocks(text(name))
        for first, second in pairwise(found):
            if first.language == "yaml" and first.marker == "broken":
                yield pytest.param(first, second, id=f"{name}:{first.line}")


@pytest.mark.parametrize(("block", "told"), list(broken()))
def test_a_broken_file_is_told_as_printed(block: Block, told: Block) -> None:
    loaded = load({**starter(), place(block): block.text.encode()})
    assert "".join(f"{finding}\n" for finding in loaded.findings) == told.text


def triggers() -> list[str]:
    section = text("docs/language.md").partition("### When")[2].partition("\n###")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `{")]
    return [written for row in rows for written in re.findall(r"`(\{.*?\})`", row)]


@pytest.mark.parametrize("written", triggers())
def test_every_trigger_that_is_shown_loads(written: str) -> None:
    rule = f"rule: docs-part\nwhen: {written}\n{FLEET_OR_CALL}\n"
    segment = b"segment: docs-list\nstatic: yes\n"
    files = {"rules/docs-part.yaml": rule.encode(), "rules/docs-list.yaml": segment}
    assert load({**starter(), **files}).errors == ()


def test_every_trigger_is_shown() -> None:
    shown_keys = [written.lstrip("{").partition(":")[0] for written in triggers()]
    assert set(shown_keys) == {form.MARKS[0][0] for form in get_args(Trigger)}


def words(name: str) -> set[str]:
    """Give every word that stands in code: between backticks, or in a block."""
    page = text(name)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL))
    return set(re.findall(r"[\w.]+", " ".join([*inline, *(block.text for block in blocks(page))])))


def test_every_key_is_told() -> None:
    keys = set(re.findall(r"^\| (?:\*\*)?`(\w+)`", text("docs/reference/keys.md"), re.MULTILINE))
    assert len(keys) > 100
    told = [words(f"docs/{page}.md") for page in ("language", "running", "webhooks")]
    assert keys.difference(*told) == set()


def test_every_function_and_expectation_is_told() -> None:
    assert {*FUNCTIONS, *EXPECTATIONS} - words("docs/language.md") == set()


def test_every_action_that_is_named_exists() -> None:
    named = {
        word
        for name in NAMES
        for word in re.findall(r"(?:do: |`)([a-z]+\.[a-z]+)\b", text(name))
        if word.split(".")[0] in {action.split(".")[0] for action in SHIPPED} and word != "customer.id"
    }
    facts = {word for word in named if word.startswith(("customer.", "event."))}
    assert named - facts - set(SHIPPED) == set()
    assert "email.send" in named


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=command, exit_on_error=False)
    module: ModuleType = importlib.import_module(f"api.cli.{COMMANDS[command].module}")
    module.arrange(parser)
    return parser


def commands() -> Iterator[Any]:
    """Give the command lines in blocks, and those that stand in a sentence."""
    for name in NAMES:
        page = text(name)
        lines = [
            re.split(r" [#>]", line)[0].strip()
            for block in blocks(page)
            if block.language == "sh"
            for line in block.text.splitlines()
        ]
        inline = re.findall(r"`(holdfast [^`\n]+)`", page)
        for line in dict.fromkeys([*lines, *inline]):
            if line.startswith("holdfast ") and line != "holdfast --version":
                yield pytest.param(line, id=f"{name}: {line}")


@pytest.mark.parametrize("line", list(commands()))
def test_a_command_that_is_named_exists_with_these_options(line: str) -> None:
    usage = "[" in line
    _, command, *arguments = shlex.split(line.translate({ord("["): None, ord("]"): None}))
    parser = parser_of(command)
    known = set(_options(parser))
    assert {word for word in arguments if word.startswith("-")} <= known
    needed = [action for action in parser._actions if action.required]
    # A line of usage names places for values, not values.
    if len(arguments) >= len(needed) and not usage:
        parser.parse_args([{"N": "1"}.get(word, word) for word in arguments])


SHOWN_IN = {
    "README.md": "tests/examples/test_readme.py",
    "docs/api.md": "tests/examples/test_docs.py",
    "docs/backtest.md": "tests/integration/data/test_edited_rule.py",
    "docs/commands.md": "tests/examples/test_typed_pages.py",
    "docs/demo.md": "tests/examples/test_demo.py",
    "docs/editor.md": "tests/examples/test_typed_pages.py",
    "docs/experiments.md": "tests/examples/test_experiments_page.py",
    "docs/first-day.md": "tests/examples/test_first_day.py",
}
"""Which test holds what a page shows its lines to say against what they do say."""


def test_what_a_page_shows_is_held_by_a_test() -> None:
    # given the pages that show what their lines say, then each has a test, and that test reads the page
    assert {name for name in NAMES if session(text(name))} == set(SHOWN_IN)
    assert [name for name, test in SHOWN_IN.items() if name not in text(test)] == []


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


def test_every_option_of_serve_is_told() -> None:
    options = set(_options(parser_of("serve"))) - {"-h", "--help"}
    assert {option for option in options if f"`{option}" not in text("docs/running.md")} == set()


@pytest.mark.parametrize("name", ["docs/running.md", "docs/scale.md"])
def test_every_event_of_the_log_that_is_named_is_logged(name: str) -> None:
    sources = [path.read_text() for top in ("engine", "api") for path in (REPOSITORY / top).rglob("*.py")]
    logged = {
        event
        for source in sources
        for event in re.findall(r'(?:_log\.\w+|_tell)\((?:\s*[\w.]+,)?\s*"(\w+)"', source)
    }
    page = text(name)
    cells = " ".join(re.findall(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)) + " "
    cells += page.partition("**Logs**")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z]+_?[a-z_]*)`", cells)) - set(COMMANDS)
    assert len(named) > 5
    assert named - logged == set()


def test_every_option_of_worker_is_told() -> None:
    options = set(_options(parser_of("worker"))) - {"-h", "--help"}
    assert {option for option in options if f"`{option}" not in text("docs/scale.md")} == set()


def test_every_command_is_told() -> None:
    told = " ".join(text(name) for name in NAMES)
    assert {command for command in COMMANDS if f"holdfast {command}" not in told} == set()


def anchors(page: str) -> set[str]:
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(path: Path) -> None:
    prose = re.sub(
        r"^```.*?^```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        page = path.parent / file if file else path
        if not page.exists() or (anchor and anchor not in anchors(page.read_text(encoding="utf-8"))):
            lost.append(target)
    assert lost == []


def roles_of(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles - {"admin"})) or ("admin" if roles else "open")


def test_every_route_is_told_with_its_roles_and_no_other() -> None:
    there = {
        (f"{method} {path.replace(':str}', '}')}", roles_of(handler.opt["roles"]))
        for handler in HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    }
    told = re.findall(r"^\| `([A-Z]+ /[^`]+)` \| ([a-z, ]+) \|", text("docs/api.md"), re.MULTILINE)
    assert set(told) == there
    assert len(told) == len(there)


def test_every_route_that_is_named_exists() -> None:
    paths = {path.replace(":str}", "}") for handler in HANDLERS for path in handler.paths}
    named = {
        route
        for name in NAMES
        for route in re.findall(r"(?:GET|POST|PUT|PATCH|DELETE|HEAD) (/[\w/{}.-]+)`", text(name))
    }
    assert {re.sub(r"\{\w+\}", "{}", route) for route in named} <= {
        re.sub(r"\{\w+\}", "{}", path) for path in paths
    }


def test_the_session_of_the_api_works_as_printed(tmp_path: Path) -> None:
    printed = session(text("docs/api.md"))
    assert len(printed) > 10
    with Server(tmp_path) as server, server.shell() as shell:
        for shell_block, answers in printed:
            shell.check(shell_block, answers)


def test_a_backup_made_as_told_is_whole(tmp_path: Path) -> None:
    # given a server at work, of which a back-up is made with the statement of the page
    [statement] = re.findall(r'sqlite3 holdfast\.db "(.*)"$', text("docs/running.md"), re.MULTILINE)
    copy = tmp_path / "backup.db"
    with Server(tmp_path) as server, server.shell() as shell:
        shell.check(*session(text("README.md"))[0])
        with closing(sqlite3.connect(tmp_path / "holdfast.db")) as database:
            database.execute(statement.replace("backup.db", str(copy)))
    # then doctor finds nothing missing in it
    assert main(["doctor", "--workspace", str(tmp_path), "--database", f"sqlite:///{copy}", "--json"]) == 0


def test_the_floors_drawn_are_those_that_are_held() -> None:
    [drawn] = [block.text for block in blocks(text("docs/architecture.md")) if block.language == "floors"]
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [held] = [contract["layers"] for contract in contracts if contract["id"] == "floors"]
    floors = [re.sub(r"[()]", "", floor).replace(" : ", " + ") for floor in held]
    assert drawn.splitlines() == ["api", *floors]


def test_every_folder_has_its_sentence() -> None:
    page = text("docs/architecture.md")
    folders = sorted(path.parent.name for path in (REPOSITORY / "engine").glob("*/__init__.py"))
    assert [folder for folder in folders if f"`engine/{folder}/`" not in page] == []


def packages_within() -> list[str]:
    """Give the packages inside the packages of the engine and of its doors, from the top on."""
    found = [path.parent for top in ("engine", "api") for path in (REPOSITORY / top).rglob("__init__.py")]
    inside = [path.relative_to(REPOSITORY) for path in found]
    return sorted(path.as_posix() for path in inside if path.parts[0] == "api" or len(path.parts) > 2)


@pytest.mark.parametrize("package", packages_within())
def test_every_package_inside_another_has_its_sentence(package: str) -> None:
    # given the row of the folder that it stands in
    above, _, own = package.rpartition("/")
    rows = [line for line in text("docs/architecture.md").splitlines() if line.startswith("| `")]
    # then it has a row of its own, or that row says what it is for
    named = [row for row in rows if f"`{package}/`" in row.split("|")[1]]
    told = [row for row in rows if f"`{above}/`" in row.split("|")[1] and f"`{own}/`" in row.split("|")[2]]
    assert named + told != []


def test_every_file_of_the_project_that_is_named_exists() -> None:
    tops = "engine|api|tests|deploy|script"
    named = {
        (name, path)
        for name in NAMES
        if name != "CHANGELOG.md"
        for path in re.findall(rf"`((?:{tops})/[\w./-]*)`", text(name))
    }
    assert len(named) > 50
    assert {(name, path) for name, path in named if not (REPOSITORY / path).exists()} == set()


def actions() -> list[Any]:
    """Give the blocks of Python but those of clients, which tests/contract runs."""
    return [parameter for parameter in of("python") if not parameter.values[0].marker]


@pytest.mark.parametrize("block", actions())
def test_the_action_that_is_shown_is_one(block: Block) -> None:
    names: dict[str, Any] = {}
    exec(block.text, names)
    action = names["PagerCall"](Settings(name="Shop"))
    assert action.spec.kind == "external"
    assert action.send(SimpleNamespace(arguments={"text": "hello"}, key="k")) == {}
