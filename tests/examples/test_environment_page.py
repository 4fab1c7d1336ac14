"""The page of the environment names what is read from it, and nothing else."""

import re

from tests.examples.printed import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "environment.md"


def test_every_variable_that_is_read_is_told() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for top in ("engine", "api")
        for path in (REPOSITORY / top).rglob("*.py")
    ]
    read = {
        name
        for source in sources
        for line in re.findall(r'^[A-Z_, ]+ = "[HO][A-Z_", ]+"$', source, re.MULTILINE)
        for name in re.findall(r'"((?:HOLDFAST|OTEL)_[A-Z_]+)"', line)
    }
    cells = re.findall(r"^\| (`[A-Z_`, ]+`) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert len(read) >= 9
    # rich and OpenTelemetry read these by themselves
    assert told == read | {"NO_COLOR", "OTEL_SERVICE_NAME"}
