"""JUnit: the tester's report as continuous integration reads it."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from engine.authoring.tester import CaseReport, TestReport


def junit(report: TestReport) -> str:
    """Give the report as JUnit XML, a suite a file; its counts are those of the report."""
    root = ElementTree.Element("testsuites", _counts(report))
    for file, cases in groupby(report.cases, key=lambda case: case.file):
        several = tuple(cases)
        suite = ElementTree.SubElement(root, "testsuite", {"name": file, **_counts(TestReport(several))})
        for case in several:
            _add(suite, case)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(report: TestReport) -> dict[str, str]:
    return {
        "tests": str(len(report.cases)),
        "failures": str(report.failed),
        "errors": str(report.errors),
    }


def _add(suite: ElementTree.Element, case: CaseReport) -> None:
    thing, _, name = case.test.partition(": ")
    attributes = {"classname": thing, "name": name, "file": case.file, "line": str(case.line)}
    element = ElementTree.SubElement(suite, "testcase", attributes)
    for failure in case.failures:
        message = f"expected {failure.expected}, got {failure.got}"
        wrong = ElementTree.SubElement(element, "error" if case.error else "failure", {"message": message})
        wrong.text = f"{failure.file}:{failure.line}: {message}"
