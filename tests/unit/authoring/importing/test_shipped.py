import re
from pathlib import Path

import pytest

from engine.authoring.importing.maps import load_map
from engine.authoring.importing.shipped import EXPORTS, fitting_map, named_map, shipped_files
from engine.errors import HoldfastError, NotFoundError

REPOSITORY = Path(__file__).resolve().parents[4]
SAMPLES = REPOSITORY / "tests" / "examples" / "exports"
VARIANTS = sorted((SAMPLES / "variants").glob("*/*.csv"))
NAMES = sorted(path.stem for path in EXPORTS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_map_that_ships_is_named_as_its_file_and_fits_its_sample(name: str, tmp_path: Path) -> None:
    sample = SAMPLES / f"{name}.csv"

    assert load_map(EXPORTS / f"{name}.yaml").map.id == name
    assert fitting_map([sample], tmp_path) == load_map(EXPORTS / f"{name}.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_a_vendors_name_stands_for_the_map_whose_columns_the_file_has(name: str, tmp_path: Path) -> None:
    vendor = name.partition("-")[0]

    assert named_map(vendor, [SAMPLES / f"{name}.csv"], tmp_path).map.id == name


@pytest.mark.parametrize("sample", VARIANTS, ids=lambda sample: f"{sample.parent.name}/{sample.stem}")
def test_an_export_with_other_names_is_known_for_what_it_is(sample: Path, tmp_path: Path) -> None:
    found = fitting_map([sample], tmp_path)

    assert found is not None
    assert found.map.id == sample.parent.name


def test_a_map_of_the_workspace_goes_before_one_that_ships(tmp_path: Path) -> None:
    own = tmp_path / "imports" / "shopify-orders.yaml"
    own.parent.mkdir()
    own.write_text("import: my-orders\n")

    assert named_map("shopify-orders", [SAMPLES / "shopify-orders.csv"], tmp_path).map.id == "my-orders"


def test_a_map_may_be_named_by_its_file(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("import: my-orders\n")

    assert named_map(str(own), [], tmp_path).map.id == "my-orders"


@pytest.mark.parametrize(
    ("given", "text", "sentence"),
    [
        ("shopfy", "Name\n1\n", "there is no import map shopfy"),
        (
            "shopify",
            "Name,Email,Financial Status,Total\n1\n",
            "orders.csv has no column Created at, which the map shopify-orders needs; export it with this "
            "column, or change the map",
        ),
        (
            "shopify",
            "who,what\n1,2\n",
            "orders.csv fits none of the maps shopify-customers and shopify-orders",
        ),
    ],
)
def test_a_map_that_does_not_fit_says_why(tmp_path: Path, given: str, text: str, sentence: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text)

    with pytest.raises(HoldfastError) as refused:
        named_map(given, [path], tmp_path)

    assert str(refused.value).startswith(sentence)


def test_a_file_of_nobody_we_know_fits_no_map(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("who,what\n1,2\n")

    assert fitting_map([path], tmp_path) is None


def test_a_name_that_is_no_map_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        named_map("nobody", [], tmp_path)


def test_maps_are_laid_out_in_imports() -> None:
    assert list(shipped_files()) == [f"imports/{name}.yaml" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_column_has_its_place_in_the_page_and_bold_where_it_must_be_there(name: str) -> None:
    # given the part of the page about this map
    told = " ".join(columns for columns, _ in page_about(name))

    # then it lists the columns of the map, and no other
    map = load_map(EXPORTS / f"{name}.yaml").map
    bold = set(re.findall(r"\*\*`([^`]+)`\*\*", told))
    assert bold == set(map.needs)
    assert set(re.findall(r"`([^`]+)`", told)) - bold == set(map.may_have)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_of_every_column_where_its_name_is_confirmed(name: str) -> None:
    for columns, source in page_about(name):
        said = {re.sub(r"`[^`]+` ", "", one).strip() for one in source.split(";")}

        assert said <= CONFIRMED, columns


CONFIRMED = {"vendor", "programs", "one program", "as the query has it", "added by you"}


def page_about(name: str) -> list[tuple[str, str]]:
    """Give the columns in each row of the table about a map, and what it says of their names."""
    page = (REPOSITORY / "docs" / "exports.md").read_text()
    [part] = re.findall(rf"^`{name}`.*?\n\n(\|.*?)\n\n", page + "\n\n", re.MULTILINE | re.DOTALL)
    cells = [line.split("|") for line in part.splitlines()[2:]]
    return [(row[1], row[3]) for row in cells]
