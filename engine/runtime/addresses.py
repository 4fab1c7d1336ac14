"""Addresses of the network that requests come from: which are meant by a range, and whose a request is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(text: str) -> Address | None:
    """Read an address, None where it is none; an IPv4 address inside an IPv6 one is the IPv4 address."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def network_of(text: str) -> Network:
    """Read a range such as `10.0.0.0/8`, or one address; raises ValueError.

    An IPv4 range inside an IPv6 one is the IPv4 range.
    """
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        carried = network.network_address.ipv4_mapped
        if carried is not None:
            return ipaddress.IPv4Network((carried, network.prefixlen - 96))
    return network


@lru_cache(maxsize=1024)
def networks_of(texts: str) -> tuple[Network, ...]:
    """Read ranges that are separated by spaces; raises ValueError."""
    return tuple(network_of(text) for text in texts.split())


def within(address: Address | None, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the ranges; an unknown one lies in none."""
    return address is not None and any(address in network for network in networks)


def client_of(peer: str | None, forwarded: Iterable[str], proxies: Sequence[Network]) -> Address | None:
    """Give the address that a request comes from: that of the peer, unless the peer is a trusted proxy.

    `forwarded` are the values of X-Forwarded-For, to the right of which each proxy has written whom it
    speaks for: the last one who is no trusted proxy is who asks.
    """
    address = None if peer is None else address_of(peer)
    named = [each.strip() for value in forwarded for each in value.split(",")]
    while named and within(address, proxies):
        further = address_of(_bare(named.pop()))
        if further is None:
            return None
        address = further
    return address


def _bare(text: str) -> str:
    """Leave the port out: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
