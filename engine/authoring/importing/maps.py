"""Import maps: the YAML that says how somebody else's files become events."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from engine.authoring.binding import FAILED, bind
from engine.authoring.draft import KEBAB, zones
from engine.authoring.nodes import MapNode
from engine.authoring.reading import LARGEST_FILE, Page, read_yaml
from engine.authoring.sheet import Origins, Sheet
from engine.authoring.wording import known_or, quoted
from engine.errors import AuthoringError, Finding
from engine.model.importmap import ImportMap


class MapFile(msgspec.Struct, frozen=True):
    """An import map and where it stands; `line` and `column` are those of its query."""

    map: ImportMap
    file: str
    line: int = 1
    column: int = 1

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times without an offset are from."""
        return ZoneInfo(self.map.zone)

    def refused(self, message: str, hint: str = "") -> AuthoringError:
        """Give the error for a query that DuckDB, or what we need of it, refuses."""
        return _refused(Finding(self.file, self.line, self.column, "bad-query", message, hint))


def load_map(path: Path) -> MapFile:
    """Read and check an import map; raises AuthoringError with every finding."""
    file = path.as_posix()
    try:
        with path.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _refused(
            Finding(
                file,
                1,
                1,
                "unreadable-file",
                f"it cannot be read: {error.strerror}",
                "name a file that there is",
            )
        ) from error
    return bind_map(file, data)


def bind_map(file: str, data: bytes) -> MapFile:
    """Bind and check an import map given as bytes; raises AuthoringError."""
    page = read_yaml(file, data)
    origins = Origins()
    bound = FAILED
    if isinstance(page.root, MapNode):
        bound = bind(page.root, ImportMap, Sheet(page, origins))
    elif not page.findings:
        page.say(1, 1, "no-kind", "an import map begins with its name", "write import: my-shop")
    if isinstance(bound, ImportMap):
        _check(bound, origins)
    if page.findings or not isinstance(bound, ImportMap):
        raise _refused(*_in_order(page))
    query = origins.node(bound, "query")
    return MapFile(bound, file, query.line, query.column) if query else MapFile(bound, file)


def _check(map: ImportMap, origins: Origins) -> None:
    if not KEBAB.fullmatch(map.id) or len(map.id) > 64:
        hint = "write small letters, digits and single dashes, as online-retail"
        origins.say(map, "import", code="bad-id", message=f"{quoted(map.id)} is no id", hint=hint)
    if map.zone not in zones():
        hint = known_or(map.zone, zones(), "write an IANA name, such as Europe/Berlin")
        origins.say(
            map, "zone", code="unknown-zone", message=f"there is no zone {quoted(map.zone)}", hint=hint
        )


def _in_order(page: Page) -> list[Finding]:
    return sorted(set(page.findings), key=lambda finding: (finding.line, finding.column))


def _refused(*findings: Finding) -> AuthoringError:
    return AuthoringError(findings)
