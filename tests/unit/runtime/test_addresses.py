import ipaddress

import pytest

from engine.runtime.addresses import address_of, client_of, networks_of, within

PROXIES = networks_of("10.0.0.0/8 2001:db8::/32")


@pytest.mark.parametrize(
    ("address", "ranges", "inside"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2", "192.0.2.1 192.0.2.2", True),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("::ffff:11.1.2.3", "10.0.0.0/8", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db8::1%eth0", "2001:db8::/32", True),
        ("2001:db9::1", "2001:db8::/32", False),
        ("::10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "::/0", False),
        ("testclient", "0.0.0.0/0 ::/0", False),
        ("010.1.2.3", "10.0.0.0/8 8.0.0.0/8", False),
        ("", "0.0.0.0/0", False),
    ],
)
def test_an_address_lies_in_a_range_or_not(address: str, ranges: str, inside: bool) -> None:
    assert within(address_of(address), networks_of(ranges)) == inside


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "10.0.0.0/33", "10.0.0", "example.com", "10.0.0.0/8,11.0.0.0"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.partition("/")[0]):
        networks_of(text)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # a peer that is no trusted proxy says nothing of others
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        # what the client itself has written stands to the left of what the proxy writes
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        # through two proxies, in either family, with ports
        ("::ffff:10.0.0.1", ["198.51.100.7:4711, [2001:db8::5]:80"], "198.51.100.7"),
        ("10.0.0.1", ["2001:db9::7"], "2001:db9::7"),
        ("10.0.0.1", ["[2001:db9::7]:443"], "2001:db9::7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        # what cannot be read is nobody
        ("10.0.0.1", ["198.51.100.7, unknown"], None),
        ("10.0.0.1", [""], None),
        (None, ["198.51.100.7"], None),
    ],
)
def test_a_proxy_is_believed_where_it_is_trusted(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    expected = None if client is None else ipaddress.ip_address(client)
    assert client_of(peer, forwarded, PROXIES) == expected


def test_without_trusted_proxies_nobody_speaks_for_others() -> None:
    assert str(client_of("10.0.0.1", ["198.51.100.7"], ())) == "10.0.0.1"
