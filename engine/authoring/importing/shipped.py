"""The maps for vendors' exports: those that ship, those of the workspace, and which one fits a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engine.authoring.importing.files import form_of
from engine.authoring.importing.maps import MapFile, load_map
from engine.authoring.importing.query import lacking
from engine.authoring.importing.records import csv_columns
from engine.authoring.wording import either, known_or
from engine.errors import NotFoundError

EXPORTS = Path(__file__).resolve().parent / "exports"
"""Where the maps that ship are."""
ROOM = "imports"
"""Where a workspace keeps its maps."""


def shipped_files() -> dict[str, bytes]:
    """Give the maps that ship, by their paths in a workspace."""
    return {f"{ROOM}/{path.name}": path.read_bytes() for path in sorted(EXPORTS.glob("*.yaml"))}


def named_map(given: str, paths: Sequence[Path], folder: Path) -> MapFile:
    """Give the map of that name or path.

    A name is that of a map of the workspace in `folder`, or of one that ships, without `.yaml`; a
    vendor's name stands for all of its maps, of which the file's columns choose one. Raises
    NotFoundError, and what `load_map` raises.
    """
    if "/" in given or Path(given).suffix in (".yaml", ".yml"):
        return load_map(Path(given))
    known = _maps(folder)
    if given in known:
        return load_map(known[given])
    of_vendor = {name: path for name, path in known.items() if name.startswith(f"{given}-")}
    if not of_vendor:
        raise NotFoundError(f"there is no import map {given}; {known_or(given, known)}")
    columns = _columns(paths)
    loaded = [load_map(path) for path in of_vendor.values()]
    found = _best(loaded, columns)
    if found is None:
        nearest = min(loaded, key=lambda map: len(_missing(map, columns)))
        if len(loaded) == 1 or len(_missing(nearest, columns)) < len(nearest.map.needs):
            raise lacking(paths[0].name, _missing(nearest, columns), nearest.map.id)
        raise NotFoundError(
            f"{paths[0].name} fits none of the maps {either(of_vendor, 'and')}; leave --map out"
        )
    return found


def fitting_map(paths: Sequence[Path], folder: Path) -> MapFile | None:
    """Give the map of a vendor's export whose columns a file has, None where there is none."""
    return _best((load_map(path) for path in _maps(folder, EXPORTS).values()), _columns(paths))


def _maps(folder: Path, *only: Path) -> Mapping[str, Path]:
    places = only or (EXPORTS, folder / ROOM)
    return {path.stem: path for place in places for path in sorted(place.glob("*.yaml"))}


def _columns(paths: Sequence[Path]) -> frozenset[str]:
    if form_of(paths) != "csv":
        return frozenset()
    return frozenset(column.lower() for path in paths for column in csv_columns(path))


def _missing(map: MapFile, columns: frozenset[str]) -> list[str]:
    return [name for name in map.map.needs if name.lower() not in columns]


def _best(maps: Iterable[MapFile], columns: frozenset[str]) -> MapFile | None:
    fitting = [map for map in maps if map.map.needs and not _missing(map, columns)]
    return max(fitting, key=lambda map: len(map.map.needs), default=None)
