"""Sends calls through a vendor's library for Python, as a program of its own: LIBRARY HOST KEY NUMBER.

The five kinds of call take turns; call number i has the message id of `message_id(i)`. Ends with 1 where
the library says that something was not sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

KINDS = ("identify", "track", "page", "group", "alias")


def message_id(number: int) -> str:
    """Give the id of a call: PostHog's library takes only such that are UUIDs."""
    return str(UUID(int=number))


def _segment(host: str, key: str, failed: Callable[..., None]) -> Any:
    from segment.analytics import Client

    return Client(key, host=host, upload_interval=0.2, on_error=failed)


def _rudder(host: str, key: str, failed: Callable[..., None]) -> Any:
    from rudderstack.analytics.client import Client

    return Client(key, host=host, upload_interval=0.2, on_error=failed)


def _posthog(host: str, key: str, failed: Callable[..., None]) -> Any:
    from posthog import Posthog

    return Posthog(key, host=host, flush_interval=0.2, on_error=failed)


def _call(client: Any, number: int) -> None:
    kind, customer, id = KINDS[number % len(KINDS)], f"c{number % 50}", message_id(number)
    if kind == "identify":
        client.identify(customer, {"seats": number}, message_id=id)
    elif kind == "track":
        client.track(customer, "Order Completed", {"total": number}, message_id=id)
    elif kind == "page":
        client.page(customer, "Shop", "Home", {"url": "/"}, message_id=id)
    elif kind == "group":
        client.group(customer, f"acme-{number % 3}", {"plan": "team"}, message_id=id)
    else:
        client.alias(f"anonymous-{number}", customer, message_id=id)


def _capture(client: Any, number: int) -> None:
    kind, customer, id = KINDS[number % len(KINDS)], f"c{number % 50}", message_id(number)
    if kind == "identify":
        client.set(distinct_id=customer, properties={"seats": number}, uuid=id)
    elif kind == "track":
        client.capture("Order Completed", distinct_id=customer, properties={"total": number}, uuid=id)
    elif kind == "page":
        client.capture("$pageview", distinct_id=customer, properties={"$current_url": "/"}, uuid=id)
    elif kind == "group":
        client.group_identify("company", f"acme-{number % 3}", {"plan": "team"}, uuid=id)
    else:
        client.alias(f"anonymous-{number}", customer, uuid=id)


def main(library: str, host: str, key: str, number: int) -> int:
    """Send so many calls, and wait until the library says that they are sent."""
    lost: list[object] = []
    client = {"segment": _segment, "rudder": _rudder, "posthog": _posthog}[library](
        host, key, lambda error, batch: lost.append(error)
    )
    call = _capture if library == "posthog" else _call
    for each in range(number):
        call(client, each)
    client.flush()
    client.shutdown()
    for error in lost:
        print(error, file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
