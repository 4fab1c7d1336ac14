"""Where this program opens a connection, or starts another one: each place is known, and told."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "security.md"
# What reaches out of the process, by the module that is imported.
REACHING = (
    "aiohttp arq asyncpg boto3 botocore duckdb ftplib grpc http.client httpcore httpx imaplib"
    " multiprocessing nntplib opentelemetry paramiko poplib psycopg pycurl redis requests smtplib"
    " socket socketserver ssl subprocess telnetlib urllib.request urllib3 uvicorn websockets xmlrpc"
).split()
CALLS = re.compile(
    r"(^|\.)(create_engine|create_async_engine|open_connection|open_unix_connection|create_connection|"
    r"PyJWKClient|system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawn|create_subprocess_\w+|__import__)$"
)


def reaching(text: str) -> Iterator[str]:
    """What a module's text reaches out with, in functions too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            names = []
            if CALLS.search(called):
                yield called.rpartition(".")[2]
            elif called == "importlib.import_module" and node.args:
                yield "import_module"
        else:
            continue
        for name in names:
            for known in REACHING:
                if name == known or name.startswith(f"{known}."):
                    yield known


def found() -> dict[str, set[str]]:
    modules = sorted(path for folder in ("engine", "api") for path in (REPOSITORY / folder).rglob("*.py"))
    every = {path.relative_to(REPOSITORY).as_posix(): set(reaching(path.read_text())) for path in modules}
    return {name: ways for name, ways in every.items() if ways}


def told() -> dict[str, set[str]]:
    """The table of the page: a module, and with what it reaches out."""
    rows = re.findall(
        r"^\| `((?:engine|api)/[\w/]+\.py)` \| ([^|]+) \| [^|]+ \|$", PAGE.read_text(), re.MULTILINE
    )
    return {module: set(re.findall(r"`([\w.]+)`", ways)) for module, ways in rows}


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("import httpx", "httpx"),
        ("def f():\n    from urllib import request", "urllib.request"),
        ("from urllib.request import urlopen", "urllib.request"),
        ("from redis.asyncio import Redis", "redis"),
        ("import http.client as c", "http.client"),
        ("sqlalchemy.create_engine(url)", "create_engine"),
        ("jwt.PyJWKClient(url)", "PyJWKClient"),
        ("await asyncio.open_connection(host, 80)", "open_connection"),
        ("os.execv(path, [])", "execv"),
    ],
)
def test_the_search_finds_every_way_out(text: str, way: str) -> None:
    source = f"async def g():\n    {text}" if text.startswith("await") else text
    assert way in set(reaching(source))


def test_every_place_that_reaches_out_is_in_the_page_and_no_other() -> None:
    assert found() == told()


def test_calls_to_addresses_that_others_name_go_through_the_check() -> None:
    # given who calls over HTTP from inside the engine
    ways = found()
    assert {name for name, used in ways.items() if "httpcore" in used} == {
        "engine/runtime/actions/calling.py"
    }
    assert {name for name, used in ways.items() if "httpx" in used} == {"api/cli/running.py"}
    # then the only backend that connects is the one that looks at the address
    tree = ast.parse((REPOSITORY / "engine/runtime/actions/calling.py").read_text())
    pools = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "ConnectionPool" in ast.unparse(node.func)
    ]
    assert [[each.arg for each in node.keywords] for node in pools] == [
        ["network_backend", "max_connections"]
    ]
