"""`python -m benchmarks.pushing PLAN`: push requests to a server and print how long each took, as JSON.

A process of its own, so that what the client costs is not the server's. PLAN is a file of JSON: `host`,
`port`, `path`, `key`, `clients`, `bodies` (texts), and `rate`, requests a second in all, or null for as
fast as they are answered.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

PATIENCE = 600
"""Seconds that an answer may take; on a machine that does something else it may take long."""


def main() -> None:
    """Push all bodies, by so many clients at once."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    work = deque(enumerate(body.encode() for body in plan["bodies"]))
    taken: list[float] = []
    statuses: list[int] = []
    answers: list[dict[str, Any]] = []
    began = time.perf_counter()

    def client() -> None:
        connection = http.client.HTTPConnection(plan["host"], plan["port"], timeout=PATIENCE)
        head = {"Authorization": f"Bearer {plan['key']}", "Content-Type": "application/json"}
        while True:
            try:
                number, body = work.popleft()
            except IndexError:
                break
            planned = time.perf_counter()
            if plan["rate"] is not None:
                planned = began + number / plan["rate"]
                if (ahead := planned - time.perf_counter()) > 0:
                    time.sleep(ahead)
            connection.request("POST", plan["path"], body, head)
            answer = connection.getresponse()
            text = answer.read()
            taken.append(time.perf_counter() - planned)
            statuses.append(answer.status)
            answers.append(json.loads(text))
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(plan["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": seconds,
                "taken": sorted(taken),
                "statuses": Counter(statuses),
                "failed": sum(status >= 300 for status in statuses),
                "accepted": sum(answer.get("accepted", 0) for answer in answers),
                "duplicates": sum(answer.get("duplicates", 0) for answer in answers),
                "refused": next((a for a, s in zip(answers, statuses, strict=True) if s >= 300), None),
            }
        )
    )


if __name__ == "__main__":
    main()
