"""What all tests share: the settings of property tests, the public data, and when a test may be skipped."""

import gc
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from engine.runtime.reports import recounting
from tests.logs import own_logging

REPOSITORY = Path(__file__).resolve().parent.parent

# In continuous integration the only reasons that count, by how they begin; any other skip turns the run red,
# for a test that nobody runs holds no promise.
ALLOWED_SKIPS = {
    "network namespaces": "a container may lack the rights to make them",
    "npm registry": "its packages are not ours to copy; a machine without the network cannot fetch them",
    "public data": "the files are large and not ours to copy; HOLDFAST_DATA says where they are",
}

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(scope="session")
def public_data() -> Callable[[str], Path]:
    """Gives the path of a file of public data by its name; skips the test where the data is absent.

    The folder is `HOLDFAST_DATA`, or `shared/data` beside the repository.
    """
    folder = Path(os.environ.get("HOLDFAST_DATA") or REPOSITORY.parent / "shared" / "data")

    def find(name: str) -> Path:
        if not (folder / name).is_file():
            pytest.skip(f"public data {name} is absent (set HOLDFAST_DATA to its folder)")
        return folder / name

    return find


@pytest.fixture(autouse=True, scope="session")
def counted_anew() -> Generator[None]:
    """Has what is small counted each time that it is asked for, however slow the machine is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recounting, "QUICK", 60.0)
        yield


@pytest.fixture
def own_logs() -> Generator[None]:
    """Lets a test set logs up as it wants them; after it they are as they were."""
    with own_logging():
        yield


def pytest_collection_finish() -> None:
    """Let the collector of cycles look seldom, and never through thousands of tests and what they import."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure() -> None:
    """Let what was kept from the collector go as the interpreter ends."""
    gc.unfreeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: compressed ones hold their time, which differs from worker to worker."""
    return argname if isinstance(val, bytes) else None


def fail_if_unexplained(report: Report) -> Report:
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED_SKIPS)):
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that tests/conftest.py does not allow: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return fail_if_unexplained((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return fail_if_unexplained((yield))
