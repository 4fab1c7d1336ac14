from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.authoring.importing.maps import bind_map, load_map
from engine.errors import AuthoringError

ORDERS = """import: web-orders
zone: Europe/Berlin
query: |
  select a as customer, 'order_completed' as event, b as at
  from source
"""


def said(text: str) -> list[str]:
    """Give the lines that a map is refused with."""
    with pytest.raises(AuthoringError) as refused:
        bind_map("orders.yaml", text.encode())
    return [str(finding) for finding in refused.value.findings]


def test_a_map_is_read_with_the_place_of_its_query() -> None:
    # given a map with a query and a zone

    # when it is bound
    found = bind_map("orders.yaml", ORDERS.encode())

    # then it is known by its name, and errors of the query point at it
    assert found.map.id == "web-orders"
    assert found.zone == ZoneInfo("Europe/Berlin")
    assert (found.line, found.column) == (3, 8)
    assert str(found.refused("it is wrong", "write it anew")) == (
        "orders.yaml:3:8: it is wrong; write it anew"
    )


def test_times_are_utc_where_no_zone_is_written() -> None:
    assert bind_map("orders.yaml", b"import: orders\n").zone == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("query: select 1\n", ["orders.yaml:1:1: needs `import:`; write a text"]),
        (
            "import: Web Orders\n",
            [
                "orders.yaml:1:9: 'Web Orders' is no id; write small letters, digits and single dashes, "
                "as online-retail"
            ],
        ),
        (
            "import: orders\nzone: Europe/Berlinn\n",
            ["orders.yaml:2:7: there is no zone 'Europe/Berlinn', did you mean Europe/Berlin?"],
        ),
        (
            "import: orders\nquerry: select 1\n",
            ["orders.yaml:2:1: unknown key querry, did you mean query?"],
        ),
        ("[orders]\n", ["orders.yaml:1:1: an import map begins with its name; write import: my-shop"]),
        ("", ["orders.yaml:1:1: an import map begins with its name; write import: my-shop"]),
    ],
)
def test_what_is_wrong_with_a_map_is_said_at_its_place(text: str, lines: list[str]) -> None:
    assert said(text) == lines


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="cannot be read: No such file"):
        load_map(tmp_path / "none.yaml")
