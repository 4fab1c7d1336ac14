"""CloudEvents on /v1/events: three modes, one pipeline, and no event at its neighbour's cost."""

from __future__ import annotations

import msgspec
import pytest

from api.clients.cloudevents import ONE, SEVERAL
from engine.runtime.engine import Engine
from tests.integration.api.conftest import Door
from tests.integration.api.test_ingest import BAD

ORDER = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order_completed", "subject": "ann"}
BINARY = {f"ce-{name}": value for name, value in ORDER.items()}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (msgspec.json.encode(ORDER), {"Content-Type": ONE}),
        (msgspec.json.encode([ORDER]), {"Content-Type": SEVERAL}),
        (b"", BINARY),
    ],
    ids=["structured", "batched", "binary"],
)
def test_each_mode_stores_the_event_under_its_own_source(
    as_role: Door, engine: Engine, body: bytes, headers: dict[str, str]
) -> None:
    answer = as_role("ingest")("POST", "/v1/events", content=body, headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    with engine.store.reader() as reader:
        stored = reader.event("/shop", "e1")
    assert stored is not None and stored.event.customer == "ann"


def test_a_bad_cloud_event_costs_its_neighbours_nothing(as_role: Door, engine: Engine) -> None:
    # given each kind of bad event as the data of one, with a good one after each
    parts: list[bytes] = []
    for number, bad in enumerate(BAD.values()):
        head = msgspec.json.encode({**ORDER, "id": f"bad{number}", "subject": None})
        parts += [head[:-1] + b', "data": ' + bad + b"}"]
        parts += [msgspec.json.encode({**ORDER, "id": f"good{number}"})]
    body = b"[" + b", ".join(parts) + b"]"
    answer = as_role("ingest")("POST", "/v1/events", content=body, headers={"Content-Type": SEVERAL})
    # then the good ones are in, and the bad ones are kept with a reason
    told = answer.json()
    quarantined = {entry["index"] for entry in told["quarantined"]}
    with engine.store.reader() as reader:
        assert all(reader.event("/shop", f"good{number}") for number in range(len(BAD)))
    assert answer.status_code == 200
    assert quarantined <= set(range(0, 2 * len(BAD), 2))
    # a bad name of `at` or `event` in the data is but a property; everything else is refused
    assert len(quarantined) == len(BAD) - len({"year 1"})
    assert engine.doctor()["balanced"]


def test_another_form_is_refused(as_role: Door) -> None:
    answer = as_role("ingest")(
        "POST", "/v1/events", content=b"x", headers={"Content-Type": "application/cloudevents+avro"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
