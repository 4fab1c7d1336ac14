"""CloudEvents 1.0 over HTTP as events: structured, batched and binary.

`source` and `id` tell an event from another, `type` is its name, `time` when it occurred, `subject` whom
it is about. What `data` says of these in the names of `/v1/events` (a `customer`, an `account`) comes
before `subject`; the rest of it are the properties, and so are extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from api.decoding import events_from, value_from
from engine.customers.normalise import ACCOUNT_KEYS, ANONYMOUS_KEYS, CUSTOMER_KEYS
from engine.errors import RequestError
from engine.model.reasons import QuarantineReason
from engine.runtime.intake import Unreadable

ONE = "application/cloudevents+json"
SEVERAL = "application/cloudevents-batch+json"

Decode = Callable[[bytes, int], list[object]]

_FAMILY = "application/cloudevents"
_HEADER = "ce-"
_REQUIRED = ("id", "source", "specversion", "type")
_OWN = frozenset((*_REQUIRED, "time", "subject", "data", "data_base64", "datacontenttype", "dataschema"))
_ABOUT = (CUSTOMER_KEYS, ANONYMOUS_KEYS, ACCOUNT_KEYS)


def decoder(headers: Mapping[str, str]) -> Decode | None:
    """Give what reads the events of a request's body, None where its head tells of no CloudEvents.

    Raises `RequestError` for CloudEvents in another form than JSON.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in (ONE, SEVERAL):
        return _written
    if kind.startswith(_FAMILY):
        raise RequestError(f"send CloudEvents as JSON, not as {kind}", code="unsupported_media_type")
    if f"{_HEADER}specversion" in headers:
        attributes = {
            name.lower().removeprefix(_HEADER): unquote(value)
            for name, value in headers.items()
            if name.lower().startswith(_HEADER)
        }
        return lambda body, most: [_binary(attributes, kind, body)]
    return None


def _written(body: bytes, most: int) -> list[object]:
    return [_event(each) if isinstance(each, dict) else each for each in events_from(body, ONE, most)]


def _binary(attributes: Mapping[str, Any], kind: str, body: bytes) -> object:
    if not body.strip():
        return _event(attributes)
    if kind and kind != "application/json" and not kind.endswith("+json"):
        return _refused(f"the data is JSON, not {kind}", attributes)
    data = value_from(body)
    return data if isinstance(data, Unreadable) else _event({**attributes, "data": data})


def _event(written: Mapping[str, Any]) -> object:
    absent = [name for name in _REQUIRED if not isinstance(written.get(name), str) or not written[name]]
    if absent:
        return _refused(f"a CloudEvent needs {', '.join(absent)}", written)
    if written["specversion"] != "1.0":
        return _refused(f"specversion is 1.0, not {written['specversion']}", written)
    if "data_base64" in written:
        return _refused("data_base64 is no JSON; send the data as `data`", written)
    data = written.get("data")
    properties = {name: value for name, value in written.items() if name not in _OWN and value is not None}
    if isinstance(data, Mapping):
        properties |= data
    elif data is not None:
        properties["data"] = data
    raw: dict[str, Any] = {"source": written["source"], "id": written["id"], "event": written["type"]}
    for names in _ABOUT:
        for name in names:
            if properties.get(name) is not None:
                raw[names[0]] = properties.pop(name)
                break
    if (subject := written.get("subject")) and not any(names[0] in raw for names in _ABOUT[:2]):
        raw["customer"] = subject
    if written.get("time") is not None:
        raw["at"] = written["time"]
    raw["properties"] = properties
    return raw


def _refused(detail: str, written: Mapping[str, Any]) -> Unreadable:
    return Unreadable(QuarantineReason.BAD_VALUE.value, detail, decoded=written)
