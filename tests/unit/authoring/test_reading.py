import pytest

from engine.authoring.nodes import MapNode, ScalarNode, places
from engine.authoring.reading import DEEPEST, LARGEST_FILE, MOST_FINDINGS, MOST_NODES, Page, read_yaml


def read(text: str) -> Page:
    return read_yaml("rules/a.yaml", text.encode())


def codes(page: Page) -> list[str]:
    return [finding.code for finding in page.findings]


def test_every_node_knows_its_place() -> None:
    # given a file with a comment, a nested list and a map in braces
    page = read("# first\nrule: a\nif:\n  - x > 1\nthen: [{run: b}]\n")

    # then the places count lines and columns from 1, by the path of keys
    assert page.root is not None
    found = dict(places(page.root))
    assert found[("rule",)] == (2, 7)
    assert found[("if", 0)] == (4, 5)
    assert found[("then", 0, "run")] == (5, 14)
    assert page.findings == []


def test_columns_count_characters_not_bytes() -> None:
    page = read("größe: [ä, ö]\n")
    assert isinstance(page.root, MapNode)
    assert dict(places(page.root))[("größe", 1)] == (1, 12)


@pytest.mark.parametrize(("depth", "refused"), [(DEEPEST, False), (DEEPEST + 1, True)])
def test_depth_has_a_limit(depth: int, refused: bool) -> None:
    assert ("too-deep" in codes(read("[" * depth + "]" * depth))) is refused


@pytest.mark.parametrize(("values", "refused"), [(MOST_NODES - 1, False), (MOST_NODES, True)])
def test_the_number_of_values_has_a_limit(values: int, refused: bool) -> None:
    assert ("too-many-nodes" in codes(read("[" + "1," * values + "]"))) is refused


@pytest.mark.parametrize(("size", "refused"), [(LARGEST_FILE, False), (LARGEST_FILE + 1, True)])
def test_the_size_has_a_limit(size: int, refused: bool) -> None:
    page = read_yaml("rules/a.yaml", b"#" * size)
    assert codes(page) == (["file-too-large"] if refused else [])


def test_half_a_million_brackets_are_refused_at_the_33rd() -> None:
    page = read("[" * 500_000)
    assert [(finding.column, finding.code) for finding in page.findings] == [(DEEPEST + 1, "too-deep")]


def test_both_places_of_a_duplicate_key_are_named() -> None:
    (finding,) = read("a: 1\nb: 2\na: 3\n").findings
    assert (
        str(finding)
        == "rules/a.yaml:3:1: a appears twice, first at line 1, column 1; take one of the two out"
    )


def test_all_of_yaml_that_we_refuse_is_told_in_one_go() -> None:
    page = read("a: &x 1\nb: *x\nc: !!int 3\n<<: {d: 1}\n---\ne: 1\n")
    assert codes(page) == ["anchor", "alias", "tag", "merge-key", "several-documents"]


def test_a_wall_of_findings_ends() -> None:
    page = read("\t\n" * 1_000)
    assert len(page.findings) == MOST_FINDINGS + 1
    assert page.findings[-1].code == "too-many-findings"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_no_error_of_yaml(text: str) -> None:
    assert read(text).findings == []


def test_a_byte_order_mark_is_not_text() -> None:
    page = read_yaml("rules/a.yaml", b"\xef\xbb\xbfrule: a\n")
    assert page.findings == []
    assert isinstance(page.root, MapNode)
    assert page.root.entries[0].key.text == "rule"


def test_the_place_of_bytes_that_are_not_utf_8() -> None:
    (finding,) = read_yaml("rules/a.yaml", "ä: 1\nbü: ".encode() + b"\xff").findings
    assert (finding.line, finding.column, finding.code) == (2, 5, "not-utf-8")


@pytest.mark.parametrize(
    ("source", "offset", "place"),
    [
        ("a: one two\n", 4, (1, 8)),
        ('a: "one two"\n', 4, (1, 9)),
        (r'a: "o\"e two"' + "\n", 4, (1, 10)),
        (r'a: "\u00e4 two"' + "\n", 2, (1, 12)),
        ("a: 'o''e two'\n", 4, (1, 10)),
        ("a: |\n  one two\n", 4, (1, 4)),
        ("a: one\n  two\n", 4, (1, 4)),
    ],
)
def test_the_place_of_a_character_of_a_text(source: str, offset: int, place: tuple[int, int]) -> None:
    root = read(source).root
    assert isinstance(root, MapNode)
    node = root.entries[0].value
    assert isinstance(node, ScalarNode)
    assert node.place_of(offset) == place


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("a: call about #12 first", True),
        ("a: call about # twelve", False),
        ("a: UTC #twelve", False),
        ('a: "call about #12 first"', False),
        ("a: call about#12 first", False),
        ("a: one two # comment", False),
    ],
)
def test_a_text_that_a_comment_cuts(line: str, refused: bool) -> None:
    assert (codes(read(line + "\n")) == ["cut-text"]) is refused
