"""A busy shop, decided again from its record alone, byte for byte."""

from __future__ import annotations

from tests.integration.parity.everything import measure


def test_whatever_a_busy_shop_decided_comes_out_again() -> None:
    said: list[str] = []

    found = measure(customers=20, each=40, say=said.append)

    assert found.differences == [], "\n".join(said)
    assert found.equal > 1_000
