"""What is imported, what is declared, and what docs/dependencies.md gives a reason for are the same."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
OURS = {"engine", "api"}
# Needed without being imported by name.
NEVER_IMPORTED = {"tzdata"}
# What the benchmarks alone import under another name than it is installed by: other environments lack it.
MEASURED = {"cel": "common-expression-language", "drools": "drools-jpy", "zen": "zen-engine"}
# Several packages share this name.
TOGETHER = {
    "opentelemetry": {"opentelemetry-api", "opentelemetry-exporter-otlp-proto-http", "opentelemetry-sdk"}
}
# Profiles are taken from outside.
RUN_BY_HAND = {"py-spy"}


def plain(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def declared() -> set[str]:
    project = PROJECT["project"]
    extras = [needed for extra in project["optional-dependencies"].values() for needed in extra]
    return {plain(needed) for needed in [*project["dependencies"], *extras]}


def declared_for_tests() -> set[str]:
    groups = PROJECT["dependency-groups"].values()
    return {plain(needed) for group in groups for needed in group if isinstance(needed, str)}


def in_group(name: str) -> set[str]:
    return {plain(needed) for needed in PROJECT["dependency-groups"][name] if isinstance(needed, str)}


def imported(*folders: str) -> set[str]:
    """The top names of what the modules import, the standard library's and our own left out."""
    tops = set()
    for path in (path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                tops.add(node.module.split(".")[0])
    return tops - sys.stdlib_module_names - OURS


def test_what_is_imported_is_what_is_declared() -> None:
    # given the distribution that each imported name comes from
    origin = packages_distributions()
    names = imported("engine", "api")
    used = {origin.get(name, [name])[0].lower().replace("_", "-") for name in names - TOGETHER.keys()}
    used |= {package for name in names & TOGETHER.keys() for package in TOGETHER[name]}

    # then nothing comes by luck through another package, and nothing is carried along unused
    assert used | NEVER_IMPORTED == declared()


def test_what_is_measured_against_is_declared_for_the_benchmarks() -> None:
    # given what the benchmarks import, by the distributions that it comes from
    origin = packages_distributions()
    names = imported("benchmarks")
    used = {origin.get(name, [MEASURED.get(name, name)])[0].lower().replace("_", "-") for name in names}

    # then each is declared, and what nothing else needs is declared in their own group
    assert used - {"benchmarks"} <= declared() | declared_for_tests()
    assert in_group("bench") == (used - {"benchmarks"} - declared() - in_group("test")) | RUN_BY_HAND


def test_every_dependency_has_its_reason_and_no_other() -> None:
    # given the tables of what is used, whose first column names the packages
    used, _ = (REPOSITORY / "docs" / "dependencies.md").read_text().split("## Deliberately not used")
    cells = re.findall(r"^\| (.+?) \| .+ \|$", used, re.MULTILINE)
    explained = {name for cell in cells for name in cell.split(", ")} - {"package"}

    # then they are those that pyproject.toml names
    assert explained == declared() | declared_for_tests()
