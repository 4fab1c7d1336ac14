"""The ways out: how surely each delivers, how often it is called, and when it is left alone.

What is known of a connector is one row that all processes share. Its rate is the generic cell rate
algorithm (ITU-T I.371) without a burst: calls are evenly spaced, and one that comes too early is given
the next free slot. Its circuit breaker (M. Nygard, Release It!) opens after failures in a row; once its
pause is over one call goes, to see, and what comes of it decides for the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.errors import DeliveryError
from engine.model.values import Micros, Rate
from engine.model.workspace import Breaker, Connectors, Delivery, Folder, Secret, Settings, Webhook
from engine.runs.cases import TELL
from engine.runs.run import Effect
from engine.store.interface import Reader, Writer
from engine.store.records import ConnectorRow


class Connector(msgspec.Struct, frozen=True):
    """A way out of holdfast.yaml, by the name that its row has; `report_secrets` sign what comes back."""

    name: str
    breaker: Breaker
    delivery: Delivery = "at_least_once"
    rate: Rate | None = None
    report_secrets: tuple[Secret, ...] = ()


def connectors_of(connectors: Connectors) -> dict[str, Connector]:
    """Give the connectors that may fail, by name."""
    found = []
    email = connectors.email
    if not isinstance(email, Folder):
        found.append(Connector("email", email.breaker, rate=email.rate, report_secrets=email.report_secrets))
    if connectors.sms is not None:
        found.append(_called("sms", connectors.sms))
    found += [_called(f"webhooks.{name}", webhook) for name, webhook in connectors.webhooks.items()]
    return {connector.name: connector for connector in found}


def _called(name: str, webhook: Webhook) -> Connector:
    return Connector(name, webhook.breaker, webhook.delivery, webhook.rate, webhook.report_secrets)


def connector_of(settings: Settings, effect: Effect) -> Connector | None:
    """Give the connector of an effect; None for a folder, and for what a plug-in sends."""
    if effect.action in ("email.send", TELL):
        name = "email"
    elif effect.action == "sms.send":
        name = "sms"
    else:
        name = f"webhooks.{effect.arguments.get('webhook')}" if effect.action == "webhook.call" else ""
    return connectors_of(settings.connectors).get(name)


class Gate:
    """Tells in one transaction which effects may go to their connectors now. `save` is its last word."""

    def __init__(self, settings: Settings, writer: Writer, effects: Iterable[Effect], now: Micros) -> None:
        self._settings = settings
        self._writer = writer
        self._now = now
        asked = {each.name: each for effect in effects if (each := connector_of(settings, effect))}
        known = writer.connectors() if asked else {}
        # A row that says nothing stands in nobody's way, and is not held.
        told = [name for name, each in asked.items() if each.rate or name in known]
        self._rows = writer.hold_connectors(told) if told else {}
        self._before = dict(self._rows)

    def later(self, effect: Effect) -> Effect | None:
        """Give an effect as it is put again where it may not go yet; None where it may."""
        connector = connector_of(self._settings, effect)
        row = None if connector is None else self._rows.get(connector.name)
        if connector is None or row is None:
            return None
        if row.open_until is not None and row.open_until > self._now:
            return msgspec.structs.replace(effect, due=row.open_until, slot=None)
        if connector.rate is None or effect.slot is not None or row.tat <= self._now:
            return None
        slot = row.tat
        self._rows[row.name] = msgspec.structs.replace(row, tat=slot + connector.rate.spacing)
        return msgspec.structs.replace(effect, due=slot, slot=slot)

    def take(self, effect: Effect) -> None:
        """Let an effect go: it uses the rate, unless it had its slot, and tries an open breaker."""
        connector = connector_of(self._settings, effect)
        row = None if connector is None else self._rows.get(connector.name)
        if connector is None or row is None:
            return
        if connector.rate is not None and effect.slot is None:
            row = msgspec.structs.replace(row, tat=max(self._now, row.tat) + connector.rate.spacing)
        if row.open_until is not None:
            row = msgspec.structs.replace(row, open_until=self._now + connector.breaker.pause.micros)
        self._rows[row.name] = row

    def save(self) -> None:
        """Write what has changed."""
        for name, row in self._rows.items():
            if row != self._before[name]:
                self._writer.save_connector(row)


def note(
    settings: Settings, writer: Writer, results: Iterable[tuple[Effect, DeliveryError | None]], now: Micros
) -> list[str]:
    """Count failures in a row; give the connectors whose breaker has opened.

    Only what may pass counts: who refuses one message for good is there, and answers.
    """
    heard: dict[str, list[bool]] = {}
    for effect, error in results:
        connector = connector_of(settings, effect)
        if connector is not None:
            heard.setdefault(connector.name, []).append(error is not None and error.retryable)
    known = writer.connectors() if heard else {}
    told = [name for name, failed in heard.items() if any(failed) or _troubled(known.get(name))]
    opened = []
    for name, row in (writer.hold_connectors(told) if told else {}).items():
        breaker = connectors_of(settings.connectors)[name].breaker
        failures, until = row.failures, row.open_until
        for failed in heard[name]:
            failures, until = (failures + 1, until) if failed else (0, None)
            if failures >= breaker.failures:
                until = now + breaker.pause.micros
        if until is not None and row.open_until is None:
            opened.append(name)
        writer.save_connector(msgspec.structs.replace(row, failures=failures, open_until=until))
    return opened


def _troubled(row: ConnectorRow | None) -> bool:
    return row is not None and (row.failures > 0 or row.open_until is not None)


def shown(connectors: Connectors, reader: Reader, now: Micros) -> list[dict[str, Any]]:
    """Give how each connector stands: `closed`, `open` until an instant, or `half_open`."""
    rows = reader.connectors()
    found = []
    for name, connector in sorted(connectors_of(connectors).items()):
        row, rate = rows.get(name) or ConnectorRow(name=name), connector.rate
        state = "closed" if row.open_until is None else "open" if row.open_until > now else "half_open"
        found.append(
            {
                "name": name,
                "delivery": connector.delivery,
                "rate": None if rate is None else f"{rate.times} per {rate.per}",
                "state": state,
                "failures": row.failures,
                "open_until": row.open_until,
            }
        )
    return found
