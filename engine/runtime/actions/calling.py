"""One HTTP call to an address that was checked: where it may go, how long, how much.

The address is resolved once, checked, and connected to as checked, so that a name that resolves
differently a moment later gains nothing. There are no redirects and no proxies.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping

import httpcore
import msgspec

from engine.errors import DeliveryError

SECONDS = 10.0
"""How long one call may take in all."""

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; what is longer counts as a failure."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""Where IANA gives out public IPv6 addresses; none outside of it is one."""
_INSIDE = tuple(
    ipaddress.ip_network(each)
    for each in (
        "168.63.129.16/32",  # Azure's own services, as seen from its machines
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays, given up
        "3fff::/20",  # documentation
    )
)
"""What some versions of `ipaddress` take for public."""


class Answer(msgspec.Struct, frozen=True):
    """What the other side said. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], *, allowed: Iterable[str] = ()) -> Answer:
    """Post `body`; only https to public addresses, unless the host is `allowed` by name.

    Raises `DeliveryError`: not to be tried again where the address is refused, uncertain where the
    request had left and no answer came.
    """
    return _exchange("POST", url, body, headers, allowed)


def get(url: str, headers: Mapping[str, str], *, allowed: Iterable[str] = ()) -> Answer:
    """Get what is at an address, under the same rules; raises `DeliveryError` likewise."""
    return _exchange("GET", url, b"", headers, allowed)


def _exchange(
    method: str, url: str, body: bytes, headers: Mapping[str, str], allowed: Iterable[str]
) -> Answer:
    hosts = frozenset(host.lower() for host in allowed)
    try:
        target = httpcore.URL(url)
    except (TypeError, ValueError) as error:
        raise DeliveryError("this is no address; write https://, a host, a path", retryable=False) from error
    host = target.host.decode().lower()
    if hosts and host not in hosts:
        raise DeliveryError(f"{host} is not among the hosts of this webhook", retryable=False)
    if target.scheme != b"https" and not (target.scheme == b"http" and host in hosts):
        raise DeliveryError("only https is called, unless `hosts:` names the host", retryable=False)
    backend = _Checked(hosts, time.monotonic() + SECONDS)
    with httpcore.ConnectionPool(network_backend=backend, max_connections=1) as pool:
        try:
            return _call(pool, method, target, body, headers)
        except httpcore.ConnectError as error:
            raise DeliveryError(f"{host} cannot be reached: {error}") from error
        except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise DeliveryError(f"{host} cannot be reached in time") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise DeliveryError(f"{host} gave no answer: {type(error).__name__}", uncertain=True) from error


def _call(
    pool: httpcore.ConnectionPool,
    method: str,
    target: httpcore.URL,
    body: bytes,
    headers: Mapping[str, str],
) -> Answer:
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
    sent = [(key.encode(), value.encode()) for key, value in headers.items()]
    extensions = {"timeout": timeout}
    with pool.stream(method, target, headers=sent, content=body, extensions=extensions) as response:
        read = bytearray()
        for chunk in response.iter_stream():
            read += chunk
            if len(read) > LONGEST_ANSWER:
                raise DeliveryError("the answer is over 64 KiB", uncertain=True)
        received = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers}
    return Answer(response.status, received, bytes(read))


class _Checked(httpcore.NetworkBackend):
    """Connects to public addresses only, or to hosts that are allowed by name, until a deadline."""

    def __init__(self, allowed: frozenset[str], deadline: float) -> None:
        self._inner = httpcore.SyncBackend()
        self._allowed = allowed
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error
        addresses = [str(entry[4][0]) for entry in found]
        if host.lower() not in self._allowed:
            refused = [address for address in addresses if not is_public(address)]
            if refused or not addresses:
                raise DeliveryError(f"{host} is not a public address", retryable=False)
        stream = self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)
        return _Timed(stream, self._deadline)


class _Timed(httpcore.NetworkStream):
    """A stream that a slow answer cannot hold open beyond the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(
            self._inner.start_tls(ssl_context, server_hostname, self._left()),  # type: ignore[arg-type]
            self._deadline,
        )

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public Internet.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, Teredo, NAT64) are looked at as what they carry.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        carried = parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if parsed not in _UNICAST or (carried is not None and not is_public(str(carried))):
            return False
    return parsed.is_global and not parsed.is_multicast and not any(parsed in each for each in _INSIDE)
