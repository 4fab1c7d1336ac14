"""The wheel: what it holds, and that it works where the repository is not."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STARTER = "engine/authoring/starter"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    run(*build, "--directory", folder, cwd=REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment with the wheel. Its dependencies are borrowed, without a network."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", folder)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is put on sys.path, but the .pth files in it are not read: the link to the
    # repository that an editable installation leaves there stays out.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def sources(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return {name for name in listed.splitlines() if (REPOSITORY / name).is_file()}


def test_the_wheel_holds_both_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "api"}
    assert sources("engine", "api") <= names
    assert {"engine/py.typed", "api/py.typed"} <= names


def test_the_wheel_holds_the_starter_policy(names: set[str]) -> None:
    starter = sources("holdfast.yaml", "rules", "workflows")
    assert {name.split("/")[0] for name in starter} == {"holdfast.yaml", "rules", "workflows"}
    assert {f"{STARTER}/{name}" for name in starter} <= names


def test_the_wheel_carries_its_licence(names: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_installed_command_stands_alone(installed: Path, tmp_path: Path) -> None:
    # given an environment without the repository
    which = "import engine, api; print(engine.__file__, api.__file__)"
    where = run(installed / "python", "-c", which, cwd=tmp_path)
    assert str(REPOSITORY) not in where

    # then the command explains itself
    assert "serve" in run(installed / "holdfast", "--help", cwd=tmp_path)


def test_the_installed_command_makes_a_workspace_that_checks(installed: Path, tmp_path: Path) -> None:
    run(installed / "holdfast", "init", tmp_path / "mine", cwd=tmp_path)
    run(installed / "holdfast", "check", tmp_path / "mine", cwd=tmp_path)
    assert (tmp_path / "mine" / "holdfast.yaml").is_file()


def test_the_profiles_are_in_it(names: set[str]) -> None:
    shipped = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "engine" / "authoring" / "templates").rglob("*.*")
    }
    assert {Path(name).name for name in shipped} >= {
        "holdfast.yaml",
        "mutants.yaml",
        "win-back.yaml",
        "last-word.md",
    }
    assert len(shipped) > 100
    assert shipped <= names
