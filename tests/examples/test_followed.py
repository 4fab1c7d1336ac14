"""Following a page: what a reader would stumble over is noticed."""

import os
from pathlib import Path

import pytest

from tests.examples.followed import follow, steps
from tests.examples.printed import Shell

PAGE = """
A file `rules/list.yaml`, with two lines:

```yaml
one: 1
two: 2
```

```sh
cat rules/list.yaml
wc -l < rules/list.yaml
```
```text
one: 1
...
2
```

Change it:

```sh
cd rules/..
```

In `rules/list.yaml`:

```diff
 one: 1
-two: 2
+two: 3
```

```sh
cat rules/list.yaml
```
```text
one: 1
two: 3
```

```sh
echo 1 failed in 0.5 s; false
```
```text
1 failed in 12 s
```
"""


def read(page: str, folder: Path) -> None:
    (folder / "rules").mkdir()
    with Shell(dict(os.environ), folder) as shell:
        follow(steps(page), shell, {})


def test_a_page_that_is_true_is_followed_to_its_end(tmp_path: Path) -> None:
    read(PAGE, tmp_path)
    assert (tmp_path / "rules/list.yaml").read_text() == "one: 1\ntwo: 3\n"


@pytest.mark.parametrize(
    ("true", "untrue"),
    [
        ("...\n2\n", "...\n3\n"),
        ("...\n2\n", "2\n"),
        ("one: 1\n...\n", "...\none: 2\n"),
        ("one: 1\ntwo: 3\n", "one: 1\ntwo: 3\n...\nthree: 3\n"),
        ("one: 1\ntwo: 3\n", "one: 1\n"),
        ("1 failed in 12 s", "2 failed in 12 s"),
        ("; false", "; true"),
        ("cd rules/..", "cd nowhere"),
        ("-two: 2", "-two: 4"),
        ("A file `rules/list.yaml`", "A file"),
        ("```yaml", "```json"),
    ],
)
def test_a_page_that_is_not_is_noticed(tmp_path: Path, true: str, untrue: str) -> None:
    assert true in PAGE
    with pytest.raises(AssertionError):
        read(PAGE.replace(true, untrue, 1), tmp_path)


def test_a_line_for_which_a_shell_is_not_enough_is_done_by_hand(tmp_path: Path) -> None:
    done = []

    def press() -> str:
        done.append("pressed")
        return "bright\n"

    with Shell(dict(os.environ), tmp_path) as shell:
        follow(
            steps("```sh\nlight up\necho dark\n```\n```text\nbright\ndark\n```"), shell, {"light up": press}
        )
    assert done == ["pressed"]
