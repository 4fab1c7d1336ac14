"""What is handed out and comes back: unsubscribe links, cursors, keys; changed, cut short, or made up."""

from __future__ import annotations

import base64
from collections.abc import Callable

import msgspec

from api.paging import Listing, _filters
from api.routes.quarantine import QuarantineListing
from engine.runtime.actions.unsubscribe import Unsubscription, token_for
from tests.hostile.case import Case, Ground

GONE = "404 not_found"


def _good(ground: Ground) -> str:
    return token_for(ground.engine._shell.link_secret, Unsubscription("b", "email", "e1"))


def _link(what: str, wanted: str, token: Callable[[str], str], method: str = "POST") -> Case:
    def got(ground: Ground) -> str:
        return ground.ask("", method, f"/u/{token(_good(ground))}")

    return Case("links", what, wanted, got, alone=False)


def _flipped(place: int) -> Callable[[str], str]:
    def change(token: str) -> str:
        raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        raw[place] ^= 1
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    return change


def _looked_at(ground: Ground) -> str:
    shown = ground.send("", "GET", f"/u/{_good(ground)}")
    return f"{shown.status_code}, {ground.engine.doctor()['received']} in"


def _of_another_shop(ground: Ground) -> str:
    return ground.ask("", "POST", f"/u/{token_for(bytes(32), Unsubscription('b', 'email', 'e1'))}")


def _markup(ground: Ground) -> str:
    wanted = Unsubscription("b", "<script>alert(1)</script>", "e1")
    shown = ground.send("", "GET", f"/u/{token_for(ground.engine._shell.link_secret, wanted)}")
    return f"{shown.status_code} {'unsafe' if '<script>' in shown.text else 'as text'}"


def _cursor(what: str, wanted: str, path: str, listing: Listing, key: object) -> Case:
    """Forge a cursor as one would be made: what it is made of is no secret."""

    def got(ground: Ground) -> str:
        raw = msgspec.msgpack.encode((_filters(listing, ""), key))
        cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return ground.ask("admin", "GET", path, params={"cursor": cursor})

    return Case("cursors", what, wanted, got, alone=False)


def _key(what: str, text: Callable[[Ground], str | bytes], wanted: str = "401 unauthenticated") -> Case:
    def got(ground: Ground) -> str:
        return ground.ask("", "GET", "/v1/rules", headers={"Authorization": text(ground)})

    return Case("keys", what, wanted, got, alone=False)


def _with_cookie(ground: Ground) -> str:
    return ground.ask("", "GET", "/v1/rules", headers={"Cookie": "__Host-holdfast=" + "A" * 43})


CASES = [
    _link("a token that is made up", GONE, lambda _: "abc"),
    _link("a token of 8 KB", GONE, lambda _: "A" * 8_000),
    _link("a token that is no base64", GONE, lambda _: "%ff%fe%00"),
    _link("a token cut short", GONE, lambda token: token[:-6]),
    _link("a token without a payload", GONE, lambda token: token[:21]),
    _link("a token twice", GONE, lambda token: token + token),
    _link("a token with a bit of its signature changed", GONE, _flipped(3)),
    _link("a token with a bit of its customer changed", GONE, _flipped(18)),
    _link("a token in capitals", GONE, str.upper),
    _link("a token and the way to keys", "401 unauthenticated", lambda token: f"{token}/../../v1/keys"),
    _link("PUT to a link", "405 method_not_allowed", lambda token: token, "PUT"),
    Case("links", "a token of another shop", GONE, _of_another_shop, alone=False),
    Case("links", "a scanner that looks at a link", "200, 0 in", _looked_at, alone=False),
    Case("links", "a channel that is markup", "200 as text", _markup, alone=False),
    *(
        _cursor(what, "404 invalid_cursor", "/v1/quarantine", QuarantineListing(), key)
        for what, key in (
            ("a number over 64 bits", 2**64 - 1),
            ("a text for a number", "5"),
            ("a truth for a number", True),
            ("half a number", 0.5),
            ("a list of lists", [[[[]]]]),
            ("nothing", None),
        )
    ),
    _cursor("a release of 2^63", "404 invalid_cursor", "/v1/releases", Listing(), 2**63),
    _cursor("the cursor of another list", "400 invalid_cursor", "/v1/runs", Listing(), 1),
    _key("a key of another role", lambda g: f"Bearer {g.key('auditor').replace('auditor', 'admin')}"),
    _key("a key with a space in it", lambda g: f"Bearer {g.key('auditor')[:20]} {g.key('auditor')[20:]}"),
    _key("a key and more behind it", lambda g: f"Bearer {g.key('auditor')}\t{g.key('auditor')}"),
    _key("a key that is no ASCII", lambda g: b"Bearer hf_admin_\xe9_\xff"),
    _key("a key with digits of another script", lambda g: "Bearer hf_admin_١٢٣_".encode()),
    _key("a key in braces", lambda g: f"Bearer {{{g.key('auditor')}}}"),
    _key("the hash of a key", lambda g: f"Bearer {g.engine.list_keys()[0].hash}" if g.key("auditor") else ""),
    _key("a token where nobody signs in", lambda g: "Bearer a.b.c"),
    _key("a token of 60 KB", lambda g: "Bearer " + ".".join(["A" * 20_000] * 3), "431 head_too_large"),
    _key("a token that is not signed", lambda g: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."),
    Case("keys", "a session that is made up", "401 unauthenticated", _with_cookie, alone=False),
]  # fmt: skip
