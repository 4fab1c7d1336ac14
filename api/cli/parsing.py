"""The command line's own slips, each told with what to write instead."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import NoReturn

from engine.authoring.wording import known_or, suggestion

_KINDS: Mapping[str, str] = {"int": "a whole number, as 10", "float": "a number, as 0.5"}
_HELP = "see `{prog} --help`"


class Parser(argparse.ArgumentParser):
    """An argument parser whose refusals name the near word, or the words there are."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2, the usage, and a sentence in our words."""
        super().error(self._mended(message))

    def _mended(self, message: str) -> str:
        if match := re.fullmatch(r"unrecognized arguments: (.+)", message):
            return self._unknown(match[1])
        if match := re.fullmatch(r"the following arguments are required: (.+)", message):
            return f"{match[1]} is missing; write it, or {_HELP.format(prog=self.prog)}"
        if match := re.fullmatch(r"one of the arguments (.+) is required", message):
            return f"one of {match[1]} is missing; write one of them"
        match = re.fullmatch(r"argument (?P<name>[^:]+): (?P<said>.+)", message)
        return self._argument(match["name"], match["said"]) if match else message

    def _unknown(self, words: str) -> str:
        first = words.split(" ")[0]
        plain = first.partition("=")[0]
        if not first.startswith("-"):
            return f"{words} is too much here; take it out, or put quotes around what belongs together"
        near = suggestion(
            plain, [option for option in self._option_string_actions if option.startswith("--")]
        )
        return f"there is no option {plain}{', ' + near if near else '; ' + _HELP.format(prog=self.prog)}"

    def _argument(self, name: str, said: str) -> str:
        if match := re.match(r"invalid choice: '(.*?)' \(choose from (.+)\)", said):
            hint = known_or(match[1], re.findall(r"[\w-]+", match[2]))
            joint = "," if hint.endswith("?") else ";"
            refused = (
                f"there is no command {match[1]}" if name == "COMMAND" else f"{name} cannot be {match[1]}"
            )
            return f"{refused}{joint} {hint}"
        if match := re.fullmatch(r"invalid (\w+) value: (.*)", said):
            return f"{name} cannot be {match[2]}; write {_KINDS.get(match[1], 'it otherwise')}"
        if said.startswith("expected "):
            return f"{name} needs a value; write it behind {name}"
        if match := re.fullmatch(r"not allowed with argument (.+)", said):
            return f"{name} and {match[1]} cannot go together; take one of them out"
        return f"{name}: {said}"
