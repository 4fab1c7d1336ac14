"""What all tests share: the settings of property tests, the public data, and when a test may be skipped."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# In continuous integration the only reasons that count, by how they begin; any other skip turns the run red,
# for a test that nobody runs holds no promise.
ALLOWED_SKIPS = {
    "public data": "the files are large and not ours to copy; HOLDFAST_DATA says where they are",
}

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


class UnexplainedSkips:
    """Remembers the skips whose reason is not an allowed one, and fails the run for them."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED_SKIPS)):
            self.seen.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.seen:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.seen:
            terminalreporter.write_line(f"skipped for a reason not in ALLOWED_SKIPS: {line}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI"):
        config.pluginmanager.register(UnexplainedSkips(), "unexplained-skips")
