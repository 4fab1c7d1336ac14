"""Importing: files of somewhere else, read as the raw events that a client would have sent."""

from engine.authoring.importing.events import BadRow
from engine.authoring.importing.maps import MapFile, load_map
from engine.authoring.importing.reading import read_events

__all__ = ["BadRow", "MapFile", "load_map", "read_events"]
