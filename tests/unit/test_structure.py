"""The layout that the architecture promises, where import-linter cannot see it."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FLOORS_1_TO_5 = (
    "errors.py",
    "model",
    "audit",
    "customers",
    "expressions",
    "loyalty",
    "escalation",
    "experiments",
    "segments",
    "scores",
    "contact",
    "decisions",
    "runs",
    "timeline",
)
LONGEST_MODULE = 500
NAMES_THAT_TELL_NOTHING = {"util", "helper", "manager", "base", "common", "misc"}
# What a function of values and of a given `now` may not call, by the end of its dotted name.
CLOCKS_FILES_AND_CHANCE = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|monotonic|perf_counter)|uuid[14])$"
    r"|^(random|secrets)\.|^(open|print|input)$"
)
# Split in two, so that this file does not hold what it looks for.
TRACES_OF_A_MACHINE = re.compile(
    "|".join(
        [
            "/" + r"(home|Users)/\w",
            "/" + r"(root|work)/",
            "/" + "tmp/hf",
            "pypi" + r"\.org/simple",
            "files." + "pythonhosted",
            "registry." + "npmjs",
            "(extra-)?index" + "-url +[^ ]*//",
            "find" + "-links +[^ ]*/",
        ]
    )
)


def tracked() -> list[Path]:
    """Every file of the repository that is not ignored, those not yet committed too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return sorted({path for name in listed.split("\0") if name and (path := REPOSITORY / name).is_file()})


def named(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return tracked()


@pytest.fixture(scope="module")
def modules(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".py"]


@pytest.fixture(scope="module")
def shipped(modules: list[Path]) -> list[Path]:
    return [path for path in modules if named(path).split("/")[0] in {"engine", "api"}]


def test_no_module_is_too_long(modules: list[Path]) -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in modules}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_name_tells_nothing(shipped: list[Path]) -> None:
    vague = [
        named(path)
        for path in shipped
        for part in path.relative_to(REPOSITORY).with_suffix("").parts
        if NAMES_THAT_TELL_NOTHING & {word.removesuffix("s") for word in part.split("_")}
    ]
    assert vague == []


def test_every_module_says_what_it_is(shipped: list[Path]) -> None:
    silent = [named(path) for path in shipped if ast.get_docstring(ast.parse(path.read_text())) is None]
    assert silent == []


def test_every_folder_of_modules_is_a_package(shipped: list[Path]) -> None:
    # Without its __init__.py a folder is invisible to import-linter, and so are the imports in it.
    bare = sorted({named(path.parent) for path in shipped if not (path.parent / "__init__.py").is_file()})
    assert bare == []


def dotted_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def forbidden_calls(text: str) -> list[tuple[int, str]]:
    return [call for call in dotted_calls(ast.parse(text)) if CLOCKS_FILES_AND_CHANCE.search(call[1])]


@pytest.mark.parametrize(
    "call",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "time.time()",
        "uuid.uuid4()",
        "uuid4()",
        "random.random()",
        "secrets.token_hex()",
        "open('a')",
    ],
)
def test_the_search_for_forbidden_calls_finds(call: str) -> None:
    assert forbidden_calls(f"def decide():\n    return {call}") != []


def test_the_core_has_no_clock_no_file_and_no_chance(shipped: list[Path]) -> None:
    found = [
        f"{named(path)}:{line}: {call}"
        for path in shipped
        if named(path).startswith(tuple(f"engine/{room}" for room in FLOORS_1_TO_5))
        for line, call in forbidden_calls(path.read_text())
    ]
    assert found == []


def test_no_file_tells_of_the_machine_it_was_written_on(files: list[Path]) -> None:
    found = []
    for path in files:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{named(path)}: {match[0]}" for match in TRACES_OF_A_MACHINE.finditer(text)]
    assert found == []
