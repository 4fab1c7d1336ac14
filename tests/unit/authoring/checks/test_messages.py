import pytest

from engine.authoring.loader import load
from tests.examples.broken_files import workspace

NEWS = """workflow: news
class: marketing
needs: {{topic: text}}
reentry: always
holdout: 10%
steps:
  - {{do: coupon.issue, with: {{percent: 10}}, as: offer}}
  - {{do: email.send, with: {given}}}
"""


def said(body: str, given: str = "{message: hello, code: =run.offer.code}", **more: str) -> list[str]:
    files = {
        **workspace(),
        "workflows/news.yaml": NEWS.format(given=given).encode(),
        "workflows/messages/hello.md": f"---\nsubject: Hello\n---\n{body}\n".encode(),
        **{f"workflows/messages/{name.replace('_', '.')}.md": text.encode() for name, text in more.items()},
    }
    return [str(finding) for finding in load(files).findings]


@pytest.mark.parametrize(
    "body",
    [
        "{{ customer.email or 'there' }} {{ unsubscribe_url }}",
        "{{ code }} {{ input.topic }} {{ run.offer.code }} {{ workspace.name }} {{ unsubscribe_url }}",
        "{% for item in event.items %}{{ item.name }}{% endfor %} {{ unsubscribe_url }}",
        "{{ event.total | round }} {{ unsubscribe_url }}",
        "{% if input.topic %}Again{% else %}{{ customer.plan | upper }}{% endif %} {{ unsubscribe_url }}",
        "{% set n = 3 %}{{ n }} {{ unsubscribe_url }}",
    ],
)
def test_what_is_offered_may_be_named(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a\n{{ customer.emial }}", "hello.md:5:4: there is no customer.emial, did you mean customer.email?"),
        ("{{ input.topc }}", "hello.md:4:4: news has no input.topc, did you mean topic?"),
        ("{{ run.ofer.code }}", "hello.md:4:4: news has no run.ofer.code, did you mean offer?"),
        ("{{ workspace.nam }}", "hello.md:4:4: there is no workspace.nam, did you mean workspace.name?"),
        (
            "{% if no %}{{ customer.emial }}{% endif %}",
            "hello.md:4:15: there is no customer.emial, did you mean customer.email?",
        ),
    ],
)
def test_what_is_not_offered_is_pointed_at(body: str, line: str) -> None:
    assert f"workflows/messages/{line}" in said(body + " {{ unsubscribe_url }}")


def test_a_name_that_the_step_does_not_give_is_told_there() -> None:
    assert said("{{ code }} {{ unsubscribe_url }}", "{message: hello}") == [
        "workflows/news.yaml:8:28: the message hello needs `code:`; write it here"
    ]


def test_a_filter_that_does_not_exist_is_found() -> None:
    (line,) = said("{{ customer.email | shout }} {{ unsubscribe_url }}")
    assert "unknown filter" in line


def test_each_language_is_checked_and_has_one_for_everybody_else() -> None:
    header = "---\nsubject: Hallo\n---\n"
    lines = said("{{ unsubscribe_url }}", hello_de=header + "Hallo", other_de=header + "Hallo")
    assert [line.partition("; ")[0] for line in lines] == [
        "workflows/messages/hello.de.md:4:1: news sends this as marketing, so it needs a way out",
        "workflows/messages/other.de.md:2:1: this is other in de, and there is no other",
    ]
