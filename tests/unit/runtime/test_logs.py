"""Logs of a process of our own: whoever speaks, nothing of what was sent stands in them."""

import json
import subprocess
import sys

PROGRAM = """
import asyncio, logging, threading
from engine.runtime.logs import speak_for_all

speak_for_all()
speak_for_all()

def fail(*given):
    raise ValueError("Canary0815")

try:
    fail()
except ValueError as error:
    logging.getLogger("uvicorn.error").error("Exception for Canary0815", exc_info=error)
logging.getLogger("elsewhere").warning("bad cookie %s", "Canary0815")
logging.getLogger("elsewhere").info("GET /u/Canary0815")

thread = threading.Thread(target=fail)
thread.start()
thread.join()

async def forgotten():
    asyncio.get_running_loop().call_soon(fail, "Canary0815")
    await asyncio.sleep(0)

asyncio.run(forgotten())
"""


def test_libraries_and_threads_log_where_and_never_what() -> None:
    # given a process in which a library, a thread and a callback fail with what somebody sent
    done = subprocess.run((sys.executable, "-c", PROGRAM), capture_output=True, text=True, check=True)
    # then each is one line, once, that says where, and nothing of it
    assert "Canary0815" not in done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    told = [(line["event"], line.get("library"), line.get("error"), line["level"]) for line in lines]
    assert told == [
        ("library", "uvicorn.error", "ValueError", "error"),
        ("library", "elsewhere", None, "warning"),
        ("thread_failed", None, "ValueError", "error"),
        ("library", "asyncio", "ValueError", "error"),
    ]
    assert [bool(line.get("at")) for line in lines] == [True, False, True, True]
    assert all(":" in line["said_at"] for line in lines if line["event"] == "library")
