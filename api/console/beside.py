"""What stands beside a question or a case: who the customer is, how they are, and what happened last."""

from __future__ import annotations

import asyncio
from typing import Any

from api.console.asking import Api, RefusedError, place
from engine.model.reasons import RunStatus

LATEST = 5
"""So many open runs and entries of the timeline are shown."""
_OPEN = (RunStatus.WAITING.value, RunStatus.RUNNING.value)


async def beside(api: Api, customer: str) -> dict[str, Any] | None:
    """Give what the template `beside.html` shows of a customer; None where nobody is known by this id."""
    try:
        found, story, *runs = await asyncio.gather(
            api.get("/v1/customers", {"prefix": customer, "details": "true", "limit": 1}),
            api.get(place("/v1/customers/{}/timeline", customer), {"limit": LATEST}),
            *(api.get("/v1/runs", {"customer": customer, "status": each, "limit": LATEST}) for each in _OPEN),
        )
    except RefusedError as error:
        if error.problem.status != 404:
            raise
        return None
    # What begins with the id comes after the id itself.
    known = next((one["known"] for one in found["items"] if one["name"] == customer), None)
    if known is None:
        return None
    open_runs = sorted((run for page in runs for run in page["items"]), key=lambda run: run["started_at"])
    return {"id": customer, "known": known, "runs": open_runs[-LATEST:][::-1], "story": story["items"]}
