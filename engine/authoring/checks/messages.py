"""Messages: their names, against what the workflows that send them offer; and a rendering."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

import minijinja
import msgspec

from engine.authoring.definitions import body_line
from engine.authoring.draft import Draft
from engine.authoring.wording import known_or, nearest, suggestion
from engine.expressions import Kind
from engine.model.facts import Subject
from engine.model.message import Channel, Message
from engine.model.workflow import Do, Workflow
from engine.runs.program import walk

FUEL = 200_000
"""Steps of the template engine that one rendering may take: some milliseconds."""

LONGEST = 262_144
CHANNELS: tuple[str, ...] = get_args(Channel)
ROOTS = ("customer", "event", "input", "run", "workspace", "unsubscribe_url")
WORKSPACE = ("name", "public_url", "currency", "timezone")
UNSUBSCRIBE = "unsubscribe_url"
_SAMPLES: Mapping[Kind, Any] = {
    Kind.NUMBER: 1,
    Kind.BOOLEAN: True,
    Kind.LIST: ["sample"],
    Kind.DATE: "2026-01-05",
    Kind.TIME: "2026-01-05 12:00",
    Kind.DURATION: "3d",
}


class _Sample:
    """Stands for the map that an event's property may hold: whatever is asked of it is there."""

    def __getattr__(self, name: str) -> str:
        return "sample"


_GUESSES: tuple[Any, ...] = ("sample", 1, ["sample"], [_Sample()], _Sample())
_EXPRESSION = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)


class Use(msgspec.Struct, frozen=True):
    """A step that sends a message."""

    workflow: Workflow
    step: Do


def check(draft: Draft) -> None:
    """Check every message with the workflows that send it."""
    uses = _uses(draft)
    for id, message in draft.workspace.messages.items():
        plain, _, locale = id.partition(".")
        if locale and plain not in draft.ids("message"):
            draft.say(
                message,
                code="variant-alone",
                message=f"this is {plain} in {locale}, and there is no {plain}",
                hint=f"write {plain}.md, for everybody else",
            )
        _header(draft, message)
        _variants(draft, message)
        _Template(draft, message, uses.get(plain, [])).check()


def _uses(draft: Draft) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for workflow in draft.workspace.workflows.values():
        for step in walk(workflow.steps):
            spec = draft.actions.get(step.do) if isinstance(step, Do) else None
            if isinstance(step, Do) and spec is not None and spec.channel is not None:
                name = str(step.with_.get("message"))
                sent = draft.workspace.messages.get(name)
                for each in (name, *(sent.variants.values() if sent is not None else ())):
                    found.setdefault(each, []).append(Use(workflow, step))
    return found


def _header(draft: Draft, message: Message) -> None:
    if message.channel == "email" and message.subject is None:
        draft.say(
            message, "subject", code="missing-key", message="needs `subject:`", hint="write it in the header"
        )
    if message.channel == "sms" and message.subject is not None:
        draft.say(
            message,
            "subject",
            code="bad-option",
            message="a text message has no subject",
            hint="take it out",
            at_key=True,
        )
    if message.subject is not None and re.search(r"[\r\n]", message.subject.strip()):
        draft.say(
            message,
            "subject",
            code="bad-option",
            message="a subject is one line",
            hint="write it on one line",
        )
    if not message.body.strip():
        draft.say(
            message,
            code="empty-message",
            message="the message says nothing",
            hint="write its text after the header",
        )


def _variants(draft: Draft, message: Message) -> None:
    """Check that a message's variants are messages, each written for the channel that it stands under."""
    for channel, name in message.variants.items():
        if channel not in CHANNELS:
            draft.unknown(message, "variants", channel, noun="channel", name=channel, known=CHANNELS)
            continue
        if not draft.refer(message, "variants", channel, kind="message", name=name):
            continue
        other = draft.workspace.messages.get(name)
        if channel == message.channel or (other is not None and other.channel != channel):
            draft.say(
                message,
                "variants",
                channel,
                code="other-channel",
                message=f"{name} is no variant of {message.id} for {channel}",
                hint="take it out" if channel == message.channel else f"name a message of channel: {channel}",
            )


class _Template:
    """One message's template, where it stands in its file, and who sends it."""

    def __init__(self, draft: Draft, message: Message, uses: list[Use]) -> None:
        self.draft = draft
        self.message = message
        self.uses = uses
        page = draft.origins.page(message)
        self.page = page
        self.first_line = body_line(page.lines) if page else 1
        self.environment = minijinja.Environment(undefined_behavior="strict", fuel=FUEL, debug=False)

    def check(self) -> None:
        names = self._names()
        if names is None:
            return
        known = [name for name in sorted(names) if self._judge(name)]
        if len(known) == len(names):
            self._render(known)
        if UNSUBSCRIBE not in names:
            self._unsubscribe()

    def _names(self) -> set[str] | None:
        """Give the dotted names that the template uses; None after saying what is wrong with it."""
        names: set[str] = set()
        for text, subject in ((self.message.subject or "", True), (self.message.body, False)):
            try:
                found = self.environment.undeclared_variables_in_str(text, nested=True)
            except minijinja.TemplateError as error:
                self._refuse(error, subject)
                return None
            names |= found - set(self.environment.globals)
        whole = {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
        return whole - {"range", "dict", "namespace", "debug"}

    def _refuse(self, error: minijinja.TemplateError, subject: bool) -> None:
        text = re.sub(r" \(in .*", "", (error.message or "it is torn").partition("\n")[0])
        text = text.removeprefix("syntax error: ")
        code, hint = "bad-template", "write names as {{ customer.email }}"
        if "fuel" in text or "memory" in text or "range" in text:
            code, text, hint = "template-too-heavy", "it takes too much work", "leave the loops out"
        line = None if subject else self.first_line + (error.line or 1) - 1
        self._say(line, 1, code, f"this template cannot be rendered: {text}", hint)

    def _say(self, line: int | None, column: int, code: str, message: str, hint: str) -> None:
        if line is None or self.page is None:
            self.draft.say(self.message, "subject", code=code, message=message, hint=hint)
        else:
            self.page.say(line, column, code, message, hint)

    def _at(self, name: str) -> tuple[int | None, int]:
        """Give the place of a name's first use, no line where that is the subject."""
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        for block in _EXPRESSION.finditer(self.message.body):
            found = word.search(block[0])
            if found:
                before = self.message.body[: block.start() + found.start()].split("\n")
                return self.first_line + len(before) - 1, len(before[-1]) + 1
        return None, 1

    def _judge(self, name: str) -> bool:
        """Check one dotted name against what is offered; tells whether it is known."""
        root, _, rest = name.partition(".")
        first = rest.partition(".")[0]
        if root == UNSUBSCRIBE or root == "event":
            return True
        if root == "workspace":
            return self._among(name, first, WORKSPACE)
        if root == "customer":
            return self._customer(name, first)
        if root in ("input", "run"):
            return self._of_workflows(name, root, first)
        return self._argument(name, root)

    def _among(self, name: str, first: str, known: Iterable[str], otherwise: str = "") -> bool:
        choices = set(known)
        if first in choices:
            return True
        root = name.partition(".")[0]
        hint = known_or(name, {f"{root}.{choice}" for choice in choices}, otherwise)
        self._say(*self._at(name), "unknown-name", f"there is no {name}", hint)
        return False

    def _customer(self, name: str, first: str) -> bool:
        subjects: set[Subject] = {use.workflow.on for use in self.uses} or {"person"}
        known = set.intersection(*(set(self.draft.catalog.customer(subject)) for subject in subjects))
        return not self.draft.whole or self._among(name, first, known, "declare it in a facts file")

    def _of_workflows(self, name: str, root: str, first: str) -> bool:
        for use in self.uses:
            known = set(use.workflow.needs) if root == "input" else set(_named(use.workflow))
            if first not in known:
                hint = known_or(
                    first, known, "name it under needs" if root == "input" else "name a step so with as"
                )
                self._say(*self._at(name), "unknown-name", f"{use.workflow.id} has no {name}", hint)
                return False
        return True

    def _argument(self, name: str, root: str) -> bool:
        """Check a bare name, which the sending step gives under `with:`."""
        known = True
        for use in self.uses:
            if root not in use.step.with_:
                given = [key for key in use.step.with_ if key not in ("message", "to")]
                self.draft.say(
                    use.step,
                    "with",
                    code="missing-argument",
                    message=f"the message {self.message.id} needs `{root}:`",
                    hint=suggestion(root, given) or "write it here",
                )
                known = False
        if not self.uses and (close := nearest(root, ROOTS)):
            meant = close + name.removeprefix(root)
            self._say(*self._at(name), "unknown-name", f"there is no {name}", f"did you mean {meant}?")
            return False
        return known

    def _render(self, names: list[str]) -> None:
        """Render with samples; a name of unknown kind is tried as a text, a number, a list, a map."""
        first: minijinja.TemplateError | None = None
        for guess in _GUESSES:
            try:
                text = self.environment.render_str(
                    self.message.body, self.message.id, **self._samples(names, guess)
                )
                self.environment.render_str(
                    self.message.subject or "", "subject", **self._samples(names, guess)
                )
            except minijinja.TemplateError as error:
                first = first or error
                continue
            if len(text) > LONGEST:
                self._say(
                    self.first_line,
                    1,
                    "template-too-heavy",
                    "the message is over 256 KB when rendered",
                    "leave the loops out",
                )
            return
        if first is not None:
            self._refuse(first, first.name == "subject")

    def _samples(self, names: list[str], guess: Any) -> dict[str, Any]:
        samples: dict[str, Any] = {}
        for name in names:
            *outer, last = name.split(".")
            inside = samples
            for part in outer:
                inside = inside.setdefault(part, {})
            inside[last] = _SAMPLES.get(self._kind(name), guess)
        return samples

    def _kind(self, name: str) -> Kind:
        root, _, rest = name.partition(".")
        if root == "customer":
            return self.draft.catalog.person.get(rest, Kind.ANY)
        return Kind.ANY

    def _unsubscribe(self) -> None:
        sender = next((use.workflow for use in self.uses if use.workflow.class_ == "marketing"), None)
        if sender is not None:
            self._say(
                self.first_line,
                1,
                "no-unsubscribe",
                f"{sender.id} sends this as marketing, so it needs a way out",
                "write {{ unsubscribe_url }}",
            )


def _named(workflow: Workflow) -> Iterator[str]:
    for step in walk(workflow.steps):
        if step.as_ is not None:
            yield step.as_
