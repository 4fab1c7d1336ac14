"""The recorder: remembers what it was asked to send, and refuses as told."""

from pathlib import Path

import msgspec
import pytest

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.runtime.actions import Actions, Delivery
from engine.runtime.actions.recorder import Recorder, recording

DELIVERY = Delivery(
    key="r:2:0",
    action="email.send",
    run="r",
    workflow="w",
    customer="ann",
    path="2",
    attempt=1,
    at=1,
    created_at=1,
)


def test_what_is_sent_is_remembered_in_order() -> None:
    actions, recorders = recording()
    actions.send(DELIVERY)
    assert recorders["email.send"].deliveries == [DELIVERY]


def test_refusals_come_first(tmp_path: Path) -> None:
    # given a recorder that refuses once
    recorder = Recorder(SHIPPED["email.send"], refusals=[DeliveryError("busy")], path=tmp_path / "sent.jsonl")
    actions = Actions({"email.send": recorder})

    # when the same effect is sent twice
    with pytest.raises(DeliveryError):
        actions.send(DELIVERY)
    actions.send(DELIVERY)

    # then it was taken once
    lines = (tmp_path / "sent.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Delivery) for line in lines] == [DELIVERY]


def test_an_action_that_does_not_exist_is_not_tried_again() -> None:
    with pytest.raises(DeliveryError) as caught:
        Actions({}).send(DELIVERY)
    assert caught.value.retryable is False


def test_an_action_may_be_asynchronous() -> None:
    class Later:
        spec = SHIPPED["email.send"]

        async def send(self, delivery: Delivery) -> dict[str, object]:
            return {"sent": delivery.key}

    assert Actions({"email.send": Later()}).send(DELIVERY) == {"sent": "r:2:0"}


def test_what_an_action_raises_by_accident_is_a_failure_without_its_text() -> None:
    class Broken:
        spec = SHIPPED["email.send"]

        def send(self, delivery: Delivery) -> dict[str, object]:
            raise ValueError("ann@example.com")

    with pytest.raises(DeliveryError, match=r"ValueError in email\.send") as caught:
        Actions({"email.send": Broken()}).send(DELIVERY)
    assert caught.value.retryable is False
    assert "ann@" not in str(caught.value)
