"""The README: its session runs as it is printed, against a server that was started for it."""

from pathlib import Path

from tests.examples.printed import REPOSITORY, Server, alike, blocks, session

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SCREEN = 85


def test_the_session_works_as_printed(tmp_path: Path) -> None:
    printed = session(README)
    assert len(printed) == 2
    with Server(tmp_path) as server, server.shell() as shell:
        for commands, answers in printed:
            shell.check(commands, answers)


def test_an_answer_that_is_not_as_printed_is_noticed() -> None:
    assert alike('{"a":1,"b":2}\n', '{"a":1,...}\n')
    assert not alike('{"a":2,"b":2}\n', '{"a":1,...}\n')
    assert not alike('{"a":1,"b":2}\n{}\n', '{"a":1,...}\n')


def test_the_rule_is_the_one_that_ships() -> None:
    [rule] = [block.text for block in blocks(README) if block.language == "yaml"]
    shipped = (REPOSITORY / "rules" / "low-csat-ticket.yaml").read_text(encoding="utf-8")
    assert shipped.startswith(rule)
    assert shipped.removeprefix(rule).startswith("tests:")


def test_it_begins_with_the_two_commands() -> None:
    commands = [line.partition("#")[0].strip() for line in blocks(README)[0].text.splitlines()]
    assert commands == ["sh script/server", "sh script/test"]
    assert all((REPOSITORY / command.split()[1]).is_file() for command in commands)
    assert blocks(README)[0].line <= 5


def test_it_fits_a_screen() -> None:
    assert len(README.splitlines()) <= SCREEN
