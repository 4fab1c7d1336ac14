"""What each limit just lets in is let in; `python -m tests.hostile.largest` prints what it costs."""

from pathlib import Path

import pytest

from tests.hostile.case import ground
from tests.hostile.largest import CASES, Largest


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_the_worst_that_a_limit_lets_in_is_taken(tmp_path: Path, case: Largest) -> None:
    with ground(tmp_path) as shop:
        case.made(shop)()
