"""Importing: files of somewhere else, read as the raw events that a client would have sent."""

from engine.authoring.importing.events import BadRow, Row
from engine.authoring.importing.maps import MapFile, load_map
from engine.authoring.importing.reading import Reading, names_events, read_rows

__all__ = ["BadRow", "MapFile", "Reading", "Row", "load_map", "names_events", "read_rows"]
