import pytest

from api.cli.main import main


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chekc", "there is no command chekc, did you mean check?"),
        ("check --worksapce x", "there is no option --worksapce, did you mean --workspace?"),
        ("check --fast", "there is no option --fast; see `holdfast check --help`"),
        ("check a b", "b is too much here; take it out, or put quotes around what belongs together"),
        ("runs --limit ten", "--limit cannot be 'ten'; write a whole number, as 10"),
        ("runs --status runing", "--status cannot be runing, did you mean running?"),
        ("metrics --clock sun", "--clock cannot be sun; write business or calendar"),
        ("run", "ID is missing; write it, or see `holdfast run --help`"),
        ("why --workspace", "--workspace needs a value; write it behind --workspace"),
        ("serve --grace 0", "--grace: '0' is no number of seconds; write 1 or more"),
    ],
)
def test_a_slip_on_the_command_line_is_told_with_what_to_write(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a command line with a slip

    # when it is read
    with pytest.raises(SystemExit) as ended:
        main(line.split(" "))

    # then it ends with 2, and the last line says what to write instead
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].partition("error: ")[2] == said
