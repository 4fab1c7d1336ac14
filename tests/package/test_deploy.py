"""What deploy/ holds: every option exists, the files agree on paths, and nothing names a package registry.

No image is built and no unit is started here: that needs podman and systemd.
"""

from __future__ import annotations

import argparse
import configparser
import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.main import COMMANDS
from api.cli.places import DATABASE, REDIS
from api.routes import HANDLERS
from engine.runtime.secret import FOLDER
from engine.store.opening import is_shared

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PARTS = ("api", "worker")


def parsed(words: list[str]) -> argparse.Namespace:
    """Parse a command line of holdfast as the program does; ends the test where it would be refused."""
    command, *arguments = words
    parser = argparse.ArgumentParser(allow_abbrev=False)
    importlib.import_module(f"api.cli.{COMMANDS[command].module}").arrange(parser)
    return parser.parse_args(arguments)


def unit(path: Path) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(path)
    return read


def instructions() -> list[tuple[str, str]]:
    """Give the instructions of the Containerfile, lines that go on joined."""
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def given(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_there_is_a_unit_for_the_doors_and_one_for_workers() -> None:
    assert [path.name for path in UNITS] == ["holdfast-api.service", "holdfast-worker@.service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists(path: Path) -> None:
    service = unit(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/holdfast/bin/holdfast"
    arguments = parsed(words)
    # its folder is the one that it may write to, for the secrets are in it
    assert str(arguments.workspace) == service["WorkingDirectory"] == service["ReadWritePaths"]
    # it is not killed before it could have ended
    assert int(service["TimeoutStopSec"]) > 2 * arguments.grace
    assert (service["Restart"], service["User"]) == ("on-failure", "holdfast")
    # and started again however often it could not start
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"
    # the database and Redis come from one file, which the comment at its top names with both
    head = path.read_text().partition("[Unit]")[0]
    assert all(word in head for word in (DATABASE, REDIS, service["EnvironmentFile"]))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_agree(path: Path) -> None:
    services = [dict(unit(each)["Service"]) for each in UNITS]
    differing = {key for key in services[0] if services[0][key] != services[1][key]}
    assert differing == {"ExecStart"}
    assert unit(path)["Install"]["WantedBy"] == "multi-user.target"


def test_the_doors_of_a_unit_leave_the_work_to_workers() -> None:
    words = shlex.split(unit(UNITS[0])["Service"]["ExecStart"])[1:]
    assert words[0] == "serve" and parsed(words).no_worker


def test_the_image_runs_a_command_that_exists_as_nobody_special() -> None:
    assert json.loads(given("ENTRYPOINT")[0]) == ["holdfast"]
    arguments = parsed(json.loads(given("CMD")[0]))
    [health] = given("HEALTHCHECK")
    assert given("EXPOSE") == [str(arguments.port)]
    assert f"127.0.0.1:{arguments.port}/health/ready" in health
    assert any("/health/ready" in handler.paths for handler in HANDLERS)
    compile(json.loads(health.partition("CMD ")[2])[2], "health", "exec")
    [user] = given("USER")
    assert int(user) > 0 and f"--uid {user} " in CONTAINERFILE


def test_the_image_takes_what_the_lock_names_and_nothing_else() -> None:
    installs = [rest for rest in given("RUN") if " install " in rest]
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
    # what builds the project is in the lock
    assert re.search(r"^hatchling==", (REPOSITORY / "requirements.lock").read_text(), re.MULTILINE)


def test_what_the_image_copies_is_there_and_is_what_a_wheel_needs() -> None:
    copied = [word for rest in given("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    needed = {"engine", "api", "rules", "workflows", "holdfast.yaml", "pyproject.toml", "hatch_build.py"}
    assert needed <= set(copied)


@pytest.mark.parametrize("name", PARTS)
def test_a_service_starts_a_command_that_exists(name: str) -> None:
    service = COMPOSE["services"][name]
    arguments = parsed(service["command"])
    assert seconds(service["stop_grace_period"]) > 2 * arguments.grace


def test_every_service_is_back_after_its_machine_was_restarted() -> None:
    # on-failure would not: an ordered end of the machine is no failure
    assert {service["restart"] for service in COMPOSE["services"].values()} == {"unless-stopped"}


def test_the_ports_of_the_api_agree() -> None:
    service = COMPOSE["services"]["api"]
    arguments = parsed(service["command"])
    assert arguments.no_worker
    # it is reached from this machine alone, for it speaks plain HTTP
    assert service["ports"] == [f"127.0.0.1:{arguments.port}:{arguments.port}"]
    assert parsed(json.loads(given("CMD")[0])).port == arguments.port


def test_every_part_has_the_same_database_redis_workspace_and_secrets() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    for key in ("image", "environment", "volumes"):
        assert services["api"][key] == services["worker"][key]
    environment = services["api"]["environment"]
    assert set(environment) == {DATABASE, REDIS}
    database = environment[DATABASE].replace("${HOLDFAST_PASSWORD:?choose one}", "x")
    assert is_shared(database)
    postgres = services["postgres"]["environment"]
    assert database == (f"postgresql://{postgres['POSTGRES_USER']}:x@postgres:5432/{postgres['POSTGRES_DB']}")
    assert environment[REDIS] == "redis://redis:6379/0" and "redis" in services
    # the folder is where the image stands, and secrets are in a volume that all share
    [workdir] = [rest for rest in given("WORKDIR")][-1:]
    targets = [volume.rpartition(":")[2] for volume in services["api"]["volumes"]]
    assert targets == [workdir, f"{workdir}/{FOLDER}"]
    assert f"{workdir}/{FOLDER}" in CONTAINERFILE
    assert set(COMPOSE["volumes"]) == {"database", "secrets"}


def test_workers_come_after_the_doors_and_answer_nobody() -> None:
    worker = COMPOSE["services"]["worker"]
    assert worker["depends_on"] == {"api": {"condition": "service_healthy"}}
    assert worker["healthcheck"] == {"disable": True}
    assert worker["deploy"]["replicas"] == 3


def test_the_image_of_the_services_is_built_from_the_containerfile() -> None:
    build = COMPOSE["services"]["api"]["build"]
    assert (DEPLOY / build["context"]).resolve() == REPOSITORY
    assert (REPOSITORY / build["dockerfile"]).read_text() == CONTAINERFILE


@pytest.mark.parametrize("path", [path for path in DEPLOY.rglob("*") if path.is_file()], ids=lambda p: p.name)
def test_no_file_names_a_package_registry(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"https?://(?!127\.0\.0\.1)\S+", text) == []
    assert not re.search(r"index-url|extra-index|find-links|pypi|trusted-host", text)
