"""Files, conditions and messages that ask for too much, or for what is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from engine.authoring.loader import load
from engine.errors import DeliveryError
from engine.model.message import Message
from engine.runtime.actions.rendering import render
from tests.examples.broken_files import workspace
from tests.hostile.case import Case

_HEAD = b"rule: lapsed\nwhen: {call: yes}\nthen: [{run: rescue, with: {reason: x}}]\n"


@cache
def _shop() -> dict[str, bytes]:
    return workspace()


def _file(
    what: str, wanted: str, text: bytes | Callable[[], bytes], place: str = "rules/lapsed.yaml"
) -> Case:
    def got(ground: object) -> str:
        data = text if isinstance(text, bytes) else text()
        found = {finding.code for finding in load({**_shop(), place: data}).errors}
        return ", ".join(sorted(found)) or "loaded"

    return Case("files", what, wanted, got)


def _condition(what: str, wanted: str, text: str) -> Case:
    case = _file(what, wanted, _HEAD + b"if: " + repr(text).encode() + b"\n")
    return case._replace(area="expressions")


def _message(what: str, wanted: str, body: str, **names: object) -> Case:
    def got(ground: object) -> str:
        message = Message(id="hello", subject="Hi {{ name }}", channel="email", body=body)
        try:
            letter = render(
                message, {"name": "Ann", "customer": {"name": "Ann"}, **names}, unsubscribe_url=None
            )
        except DeliveryError as error:
            return "refused for good" if not error.retryable else "refused"
        shown = letter.html or ""
        unsafe = "<script" in shown or "<a " in shown or "\n" in (letter.subject or "")
        return "unsafe" if unsafe else "rendered as text"

    return Case("templates", what, wanted, got)


CASES = [
    _file(
        "9 aliases of 9 aliases, 9 deep",
        "alias, anchor, too-many-findings",
        lambda: (
            b"a0: &a0 [x, x]\n"
            + b"".join(
                b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)
            )
        ),
    ),
    _file("a merge key of itself", "anchor, merge-key, missing-key", b"rule: lapsed\n<<: &x {a: 1}\n"),
    _file("a value that holds itself", "alias, anchor", _HEAD + b"if: &a [*a]\n"),
    _file("a Python object", "tag, wrong-type", _HEAD + b"owner: !!python/object/apply:os.system [id]\n"),
    _file("5,000 levels", "too-deep", lambda: b"a: " + b"[" * 5_000 + b"]" * 5_000),
    _file("half a million brackets", "too-deep", lambda: b"[" * 500_000),
    _file("100,000 lines", "file-too-large", lambda: _HEAD + b"owner: shop\n" * 100_000),
    _file("a megabyte and a byte", "file-too-large", lambda: _HEAD + b"# " + b"x" * 1_048_576),
    _file("a key twice", "duplicate-key", _HEAD + b"owner: a\nowner: b\n"),
    _file("two documents", "several-documents", _HEAD + b"---\n" + _HEAD),
    _file(
        "Norway, an octal and a sexagesimal",
        "bad-value",
        _HEAD + b"status: no\nowner: 010\ndescription: 12:30\n",
    ),
    _file("tabs", "tab", b"rule: lapsed\nwhen:\n\tcall: yes\n"),
    _file("NUL", "control-character", _HEAD + b"owner: a\0b\n"),
    _file("UTF-16", "not-utf-8", _HEAD.decode().encode("utf-16")),
    _file(
        "letters that look like others in an id",
        "bad-id, missing-key",
        "rule: l\u0430psed\nwhen: {call: yes}\n".encode(),
    ),
    _file(
        "a turn of the writing direction in a name",
        "bad-id, missing-key",
        "rule: lap\u202edes\nwhen: {call: yes}\n".encode(),
    ),
    _file(
        "a wait of 1,000 years",
        "bad-value",
        b"workflow: rescue\nclass: service\nreentry: always\nsteps:\n  - wait: 365000d\n",
        "workflows/rescue.yaml",
    ),
    _file(
        "a wait of -1",
        "bad-value",
        b"workflow: rescue\nclass: service\nreentry: always\nsteps:\n  - wait: -1d\n",
        "workflows/rescue.yaml",
    ),
    _file("a file outside of its folder", "misplaced-file", _HEAD, "rules/../../lapsed.yaml"),
    _condition("a regex that doubles with each letter", "loaded", "customer.email =~ '(a+)+$'"),
    _condition("a regex that fills the memory", "regex", "customer.email =~ '((a{1,900}){1,900}){1,900}'"),
    _condition("a back reference", "regex", "customer.email =~ '(a)\\\\1'"),
    _condition("a regex of 1 MB", "too-long", "customer.email =~ '" + "a" * 1_000_000 + "'"),
    _condition("a range of a billion", "function", "$sum($range(1000000000)) > 1"),
    _condition("5,000 terms", "too-long", "1" + "+1" * 5_000 + " > 3"),
    _condition("3,000 brackets", "too-long", "(" * 3_000 + "1" + ")" * 3_000 + " > 0"),
    _condition("chance", "function", "$random() > 0.5"),
    _condition("the clock", "function", "$now() > now"),
    _condition("Python's inside", "name", "customer.__class__ == 1"),
    _condition("a power of a power", "operator", "9 ** 9 ** 9 > 1"),
    _condition("a number of a billion digits", "number", "customer.orders > 1e999999999"),
    _condition("nothing", "empty-value", ""),
    _condition(
        "a loop in a loop in a loop",
        "comprehension",
        "[[[x for x in customer.tags] for y in customer.tags] for z in customer.tags]",
    ),
    _condition("a text against a number", "type", "customer.plan > 3"),
    _message(
        "loops in loops",
        "refused for good",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    ),
    _message("a text of a gigabyte", "refused for good", "{{ 'a' * 1000000000 }}"),
    _message("a range of a billion", "refused for good", "{{ range(1000000000) }}"),
    _message("Python's inside", "refused for good", "{{ name.__class__.__mro__ }}"),
    _message("an unknown name", "refused for good", "{{ nobody }}"),
    _message("a bracket that does not close", "refused for good", "{{ name"),
    _message("a file of the machine", "refused for good", "{% include '/etc/passwd' %}"),
    _message(
        "a macro that calls itself", "refused for good", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
    ),
    _message("a script as a name", "rendered as text", "Dear {{ name }}", name="<script>alert(1)</script>"),
    _message("a link as a name", "rendered as text", "Dear {{ name }}", name="[x](javascript:alert(1))"),
    _message("a header line as a name", "rendered as text", "x", name="Ann\r\nBcc: all@example.com"),
]
