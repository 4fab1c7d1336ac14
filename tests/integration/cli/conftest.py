"""The command line on a small workspace of its own, and a small file of events."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.places import DATABASE
from tests.command_line import Holdfast, command_line

FILES = {
    "holdfast.yaml": """
name: Shop
timezone: UTC
people:
  desk: {email: desk@example.com}
""",
    "rules/facts.yaml": """
facts:
  plan: {type: text, default: free}
  email: {type: text}
  orders: {count: order_completed}
  spend: {sum: total, of: order_completed}
""",
    "rules/big-order.yaml": """
rule: big-order
owner: shop
description: Tell the desk of a big order.
status: live
when: {event: order_completed}
if: event.total >= 100
then:
  - run: tell-desk
tests:
  - it: tells of a big order
    event: {total: 120}
    expect: {run: tell-desk}
  - it: leaves small ones alone
    event: {total: 20}
    expect: nothing
""",
    "rules/good-customer.yaml": """
segment: good-customer
description: A list of good customers.
static: yes
""",
    "rules/spent-much.yaml": """
rule: spent-much
owner: shop
description: Remember who spent much.
status: live
when: {schedule: daily at 06:00}
if: customer.spend >= 100
then:
  - do: segment.add
    with: {segment: good-customer}
""",
    "workflows/tell-desk.yaml": """
workflow: tell-desk
owner: shop
class: service
description: Tell the desk.
reentry: always
steps:
  - do: email.send
    with: {message: big-order, to: desk}
""",
    "workflows/messages/big-order.md": """---
subject: A big order
channel: email
owner: shop
---
{{ customer.id }} ordered for {{ event.total }}.
""",
}

ORDERS = """customer,event,id,at,total
c1,order_completed,o1,2026-01-05T12:00:00Z,120
c1,order_completed,o2,2026-01-06T12:00:00Z,30
c2,order_completed,o3,2026-01-06T13:00:00Z,80
c2,order_completed,o3,2026-01-06T13:00:00Z,80
c2,order_completed,o3,2026-01-06T13:00:00Z,90
c3,order_completed,o4,yesterday,10
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, in which the commands stand."""
    folder = tmp_path / "shop"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    (folder / "orders.csv").write_text(ORDERS)
    monkeypatch.chdir(folder)
    monkeypatch.delenv(DATABASE, raising=False)
    return folder


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    """Runs a command line in this process."""
    return command_line(capsys)


@pytest.fixture
def server(workspace: Path) -> Iterator[str]:
    """A server on the workspace, as a process of its own; gives its address."""
    command = [sys.executable, "-m", "api.cli.main", "serve", "--port", "0"]
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        said = ""
        while "Holdfast serves" not in said:
            line = process.stdout.readline()
            assert line, said + process.stderr.read()
            said += line
        found = re.search(r"http://\S+", said)
        assert found is not None
        yield found[0]
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture
def imported(workspace: Path, holdfast: Holdfast) -> Path:
    """The workspace, with its orders imported as the past."""
    assert holdfast("import", "orders.csv", "--history").code == 0
    return workspace
