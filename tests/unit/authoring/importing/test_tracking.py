from os import utime
from pathlib import Path

from engine.authoring.importing.events import BadRow, Row
from engine.authoring.importing.maps import MapFile
from engine.authoring.importing.tracking import import_name, with_ids
from engine.model.importmap import ImportMap


def test_the_same_files_through_the_same_map_are_the_same_import(tmp_path: Path) -> None:
    # given a file
    path = tmp_path / "orders.csv"
    path.write_text("customer\nc1\n")
    map = MapFile(ImportMap(id="orders", query="select 1"), "orders.yaml")
    name = import_name([path], map, "orders")

    # then it is another import after any change, of the file, the map, or the source
    assert import_name([path], map, "orders") == name
    assert import_name([path], map, "others") != name
    assert import_name([path], None, "orders") != name
    utime(path, (1, 1))
    assert import_name([path], map, "orders") != name


def test_only_rows_with_neither_an_id_nor_a_time_are_given_one() -> None:
    rows = [
        Row(1, {"customer": "c1", "event": "identify"}),
        Row(2, {"customer": "c1", "event": "seen", "at": 0}),
        Row(3, {"userId": "c1", "type": "identify", "messageId": "m1"}),
        Row(4, BadRow("not_an_object", "torn")),
        Row(5, {"customer": "c1", "event": "identify", "id": None}),
    ]

    found = [row.event for row in with_ids(rows, "import")]

    assert found[0] == {"customer": "c1", "event": "identify", "id": "import-0"}
    assert found[1:4] == [row.event for row in rows[1:4]]
    assert found[4] == {"customer": "c1", "event": "identify", "id": "import-4"}
