"""What of a provider's tokens is believed: a small provider over HTTP whose keys the tests have."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.errors import StoreError, UnauthenticatedError
from engine.model.values import HOUR, MINUTE, SECOND, Micros
from engine.model.workspace import SignIn
from engine.runtime.callers.openid import LEEWAY, LONGEST_TOKEN, Provider
from engine.runtime.clock import VirtualClock

NOW: Micros = 1_767_614_400_000_000
SECONDS = NOW // SECOND
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    kinds = {"RS256": rsa.RSAPrivateKey, "ES256": ec.EllipticCurvePrivateKey}
    algorithm = next((name for name, kind in kinds.items() if isinstance(key, kind)), "EdDSA")
    found = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, **more}


class Told:
    """What the small provider tells, and how often it was asked for it."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.keys: list[dict[str, Any]] = [jwk(RSA, "r", alg="RS256"), jwk(EC, "e"), jwk(ED, "d")]
        self.issuer = ""
        self.broken = False


@pytest.fixture
def told() -> Generator[Told]:
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked[self.path] += 1
            if self.path == "/jwks":
                body: Any = {"keys": told.keys}
            else:
                body = {
                    "issuer": told.issuer,
                    "authorization_endpoint": f"{told.issuer}/auth?tenant=1",
                    "token_endpoint": f"{told.issuer}/token",
                    "jwks_uri": f"{told.issuer}/jwks",
                }
            data = b"<html>" if told.broken else json.dumps(body).encode()
            self.send_response(500 if told.broken else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def provider(told: Told, clock: VirtualClock) -> Provider:
    return Provider(settings(told), None, clock.now)


def settings(told: Told, **more: Any) -> SignIn:
    return SignIn(
        **{
            "issuer": told.issuer,
            "client_id": "holdfast",
            "hosts": ("127.0.0.1",),
            "roles": {"authors": "author", "leads": "approver", "admins": "admin"},
            **more,
        }
    )


def claims(told: Told, **more: Any) -> dict[str, Any]:
    found = {
        "iss": told.issuer,
        "aud": "holdfast",
        "sub": "s-1",
        "exp": SECONDS + 3600,
        "iat": SECONDS,
        "email": "Ann@Example.com",
        "email_verified": True,
        "groups": ["authors", "staff"],
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def token(told: Told, key: Any = RSA, algorithm: str = "RS256", kid: str | None = "r", **more: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(told, **more), key, algorithm, headers=headers)


def test_a_token_names_a_human_and_their_roles(provider: Provider, told: Told) -> None:
    human = provider.human(token(told))
    assert (human.owner, human.roles, human.subject) == ("ann@example.com", ("author",), "s-1")
    assert human.until == NOW + HOUR


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(RSA, "RS256", "r"), (EC, "ES256", "e"), (ED, "EdDSA", "d")],
    ids=["RS256", "ES256", "EdDSA"],
)
def test_signatures_of_keys_with_a_secret_half_are_taken(
    provider: Provider, told: Told, key: Any, algorithm: str, kid: str
) -> None:
    assert provider.human(token(told, key, algorithm, kid)).subject == "s-1"


def unsigned(told: Told) -> str:
    body = token(told).split(".")[1]
    bare = base64.urlsafe_b64encode(b'{"alg":"none","kid":"r"}').rstrip(b"=").decode()
    return f"{bare}.{body}."


def signed_with_the_public_key(told: Told) -> str:
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"r"}').rstrip(b"=").decode()
    body = token(told).split(".")[1]
    mark = hmac.digest(public, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def with_a_key_of_its_own(told: Told) -> str:
    mine = {"kid": "r", "jwk": jwk(OTHER_RSA, "r"), "jku": f"{told.issuer}/mine"}
    return jwt.encode(claims(told), OTHER_RSA, "RS256", headers=mine)


@pytest.mark.parametrize(
    "forged",
    [
        unsigned,
        signed_with_the_public_key,
        with_a_key_of_its_own,
        lambda told: token(told, OTHER_RSA),
        lambda told: token(told, RSA, "RS512"),
        lambda told: token(told, RSA, "PS256"),
        lambda told: token(told, EC, "ES256", "r"),
        lambda told: token(told, RSA, "RS256", "e"),
        lambda told: token(told, kid=None),
        lambda told: token(told, kid="unheard"),
        lambda told: jwt.encode(
            claims(told), RSA, "RS256", headers={"kid": "r", "crit": ["b64"], "b64": True}
        ),
        lambda told: token(told)[:-4] + "AAAA",
        lambda told: ".".join([*token(told).split(".")[:1], token(told, sub="s-2").split(".")[1], "AAAA"]),
        lambda told: token(told, iss="https://id.example.com"),
        lambda told: token(told, iss=f"{told.issuer}/"),
        lambda told: token(told, aud="another"),
        lambda told: token(told, aud=["another", "a third"]),
        lambda told: token(told, aud=None),
        lambda told: token(told, sub=None),
        lambda told: token(told, sub=7),
        lambda told: token(told, exp=None),
        lambda told: token(told, iat=None),
        lambda told: token(told, exp=SECONDS - LEEWAY),
        lambda told: token(told, iat=SECONDS + LEEWAY + 1),
        lambda told: token(told, nbf=SECONDS + LEEWAY + 1),
        lambda told: token(told, exp=str(SECONDS + 3600)),
        lambda told: token(told, exp=True),
        lambda told: token(told, exp=float("nan")),
        lambda told: token(told, email=None),
        lambda told: token(told, email=["ann@example.com"]),
        lambda told: token(told, email=" "),
        lambda told: token(told, email="a\x00@example.com"),
        lambda told: token(told, email_verified=False),
        lambda told: token(told, email_verified="true"),
        lambda told: token(told, email_verified=None),
        lambda told: token(told, more="x" * LONGEST_TOKEN),
        lambda told: "a.b.c",
        lambda told: "..",
        lambda told: "é.é.é",
    ],
)
def test_a_token_that_is_not_good_is_refused(provider: Provider, told: Told, forged: Any) -> None:
    with pytest.raises(UnauthenticatedError) as raised:
        provider.human(forged(told))
    assert raised.value.because == "token"


def test_clocks_may_differ_by_a_minute(provider: Provider, told: Told) -> None:
    late = token(told, exp=SECONDS - LEEWAY + 1, iat=SECONDS + LEEWAY, nbf=SECONDS + LEEWAY)
    assert provider.human(late).subject == "s-1"


def test_a_nonce_is_that_of_the_sign_in_and_several_audiences_name_theirs(
    provider: Provider, told: Told
) -> None:
    def signed_in(**more: Any) -> Any:
        return provider._claims(token(told, **more), {"holdfast"}, "n-1")

    assert signed_in(nonce="n-1")["sub"] == "s-1"
    assert signed_in(nonce="n-1", aud=["holdfast", "x"], azp="holdfast")["sub"] == "s-1"
    for wrong in (
        {},
        {"nonce": "n-2"},
        {"nonce": 1},
        {"nonce": "n-1", "azp": "x"},
        {"nonce": "n-1", "aud": ["holdfast", "x"]},
    ):
        with pytest.raises(UnauthenticatedError):
            signed_in(**wrong)


@pytest.mark.parametrize(
    ("written", "said", "roles"),
    [
        ({}, {"groups": "leads"}, ("approver",)),
        ({}, {"groups": ["staff"]}, ()),
        ({}, {"groups": None}, ()),
        ({}, {"groups": {"leads": True}}, ()),
        ({}, {"groups": ["leads", "authors", 7, "leads"]}, ("author", "approver")),
        # an admin cannot approve
        ({}, {"groups": ["leads", "admins"]}, ("admin",)),
        ({"roles_claim": "realm_access.roles"}, {"realm_access": {"roles": ["authors"]}}, ("author",)),
        ({"roles_claim": "https://x/roles"}, {"https://x/roles": ["authors"]}, ("author",)),
        ({"roles_claim": "realm_access.roles"}, {"realm_access": ["authors"]}, ()),
    ],
)
def test_groups_give_roles(
    told: Told, clock: VirtualClock, written: dict[str, Any], said: dict[str, Any], roles: tuple[str, ...]
) -> None:
    provider = Provider(settings(told, **written), None, clock.now)
    assert provider.human(token(told, **said)).roles == roles


def test_a_human_may_be_named_by_another_claim(told: Told, clock: VirtualClock) -> None:
    provider = Provider(settings(told, human="sub"), None, clock.now)
    assert provider.human(token(told, email=None)).owner == "s-1"


def test_a_token_may_be_for_another_audience_that_is_written(told: Told, clock: VirtualClock) -> None:
    provider = Provider(settings(told, audiences=("https://api.example.com",)), None, clock.now)
    assert provider.human(token(told, aud="https://api.example.com")).subject == "s-1"


def test_a_new_key_is_asked_for_at_most_once_a_minute(
    provider: Provider, told: Told, clock: VirtualClock
) -> None:
    # given a provider whose keys are known, and which then takes another one
    provider.human(token(told))
    told.keys = [jwk(OTHER_RSA, "new")]
    fresh = token(told, OTHER_RSA, kid="new")
    # then it is not asked again within a minute, however many tokens come
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            provider.human(fresh)
    assert told.asked["/jwks"] == 1
    # and once after it, also for keys that nobody has
    clock.move_to(NOW + MINUTE)
    assert provider.human(fresh).subject == "s-1"
    for number in range(3):
        with pytest.raises(UnauthenticatedError):
            provider.human(token(told, OTHER_RSA, kid=f"made-up-{number}"))
    assert told.asked["/jwks"] == 2
    # the old key is good no longer
    with pytest.raises(UnauthenticatedError):
        provider.human(token(told))


def test_a_key_that_was_taken_back_is_forgotten_within_an_hour(
    provider: Provider, told: Told, clock: VirtualClock
) -> None:
    lasting = token(told, exp=SECONDS + 10_000)
    provider.human(lasting)
    told.keys = [jwk(OTHER_RSA, "new")]
    clock.move_to(NOW + HOUR)
    with pytest.raises(UnauthenticatedError):
        provider.human(lasting)


def test_what_is_no_key_for_signatures_is_passed_over(provider: Provider, told: Told) -> None:
    told.keys = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "o"},
        jwk(OTHER_RSA, "r", use="enc"),
        {"kty": "RSA", "kid": "broken"},
        "nonsense",  # type: ignore[list-item]
        jwk(RSA, "r"),
    ]
    assert provider.human(token(told)).subject == "s-1"
    for kid in ("o", "broken"):
        with pytest.raises(UnauthenticatedError):
            provider.human(token(told, kid=kid))


def test_a_provider_that_is_away_or_another_one_is_a_fault_of_ours(told: Told, clock: VirtualClock) -> None:
    told.broken = True
    with pytest.raises(StoreError):
        Provider(settings(told), None, clock.now).human(token(told))
    told.broken, told.keys = False, []
    with pytest.raises(StoreError):
        Provider(settings(told), None, clock.now).human(token(told))
    with pytest.raises(StoreError):
        Provider(settings(told, issuer=f"{told.issuer}/tenant"), None, clock.now).start("https://x/back")


def test_a_provider_inside_is_reached_only_where_it_is_allowed_by_name(
    told: Told, clock: VirtualClock
) -> None:
    with pytest.raises(StoreError):
        Provider(settings(told, hosts=()), None, clock.now).start("https://x/back")
    assert told.asked.total() == 0


def test_a_sign_in_begins_with_proof_of_who_began_it(provider: Provider) -> None:
    started = provider.start("https://holdfast.test/auth/callback")
    asked = dict(pair.split("=") for pair in started.address.partition("?")[2].split("&"))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(started.verifier.encode()).digest()).decode()
    assert asked["code_challenge"] == challenge.rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid+email+profile"
    assert (asked["tenant"], asked["state"], asked["nonce"]) == ("1", started.state, started.nonce)
    assert len({started.state, started.nonce, started.verifier}) == 3
