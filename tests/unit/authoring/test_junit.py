"""JUnit: a suite a file, a test case a case, failures and errors told apart."""

from xml.etree import ElementTree

from engine.authoring.junit import junit
from engine.authoring.tester import CaseReport, Failure, TestReport


def case(file: str, test: str, got: str | None = None, *, error: bool = False) -> CaseReport:
    failures = () if got is None else (Failure(file, 9, test, "nothing", got),)
    return CaseReport(file, 7, test, failures, error)


def test_a_report_becomes_suites_and_cases() -> None:
    # given one case that passes, one that fails and one that could not be played
    report = TestReport(
        (
            case("rules/a.yaml", "rule a: does so"),
            case("rules/a.yaml", "rule a: does <not> so: ever", "run b & c"),
            case("workflows/b.yaml", "workflow b: stops", "ValueError", error=True),
        )
    )
    # when it is written and read again
    root = ElementTree.fromstring(junit(report))
    # then nothing is lost
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "1"}
    suites = [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root]
    assert suites == [("rules/a.yaml", "2", "1"), ("workflows/b.yaml", "1", "0")]
    passed, failed = root[0]
    assert list(passed) == []
    assert failed.attrib == {
        "classname": "rule a",
        "name": "does <not> so: ever",
        "file": "rules/a.yaml",
        "line": "7",
    }
    assert failed[0].tag == "failure"
    assert failed[0].attrib == {"message": "expected nothing, got run b & c"}
    assert failed[0].text == "rules/a.yaml:9: expected nothing, got run b & c"
    assert root[1][0][0].tag == "error"
