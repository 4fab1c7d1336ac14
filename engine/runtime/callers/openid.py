"""A provider of OpenID Connect: where it is reached, its keys, and what its tokens say of a human.

OpenID Connect Core 1.0 and Discovery 1.0, the code flow with PKCE (RFC 7636), the issuer in its answer
(RFC 9207), JWTs as access tokens (RFC 9068).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec
import structlog

from engine.errors import DeliveryError, StoreError, UnauthenticatedError
from engine.model.values import HOUR, MINUTE, SECOND, Micros
from engine.model.workspace import SignIn
from engine.runtime.actions.calling import Answer, get, post
from engine.runtime.callers.keys import ROLES, person

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Signatures that are taken: those of a key of which the provider alone has the secret half."""

ASYMMETRIC = ("RSA", "EC", "OKP")

LEEWAY = 60
"""Seconds by which the clocks may differ."""

FRESH: Micros = HOUR
"""How long what the provider tells of itself and of its keys is good."""

ASKED_AGAIN: Micros = MINUTE
"""How long a provider is not asked again for a key that it did not have."""

LONGEST_TOKEN = 16 * 1024
"""Bytes of a token that are looked at."""

REFUSED = "the provider's token is not good"

_log = structlog.get_logger("holdfast.openid")


class Configuration(msgspec.Struct, frozen=True):
    """What a provider tells of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None


class Human(msgspec.Struct, frozen=True):
    """Who a token is about: the human's name here, their roles, and until when it is good."""

    owner: str
    roles: tuple[str, ...]
    subject: str
    until: Micros


class Started(msgspec.Struct, frozen=True):
    """A sign-in under way: where the browser goes, and what it has to come back with."""

    address: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of a workspace. Every method may be called from any thread, and may wait for it."""

    def __init__(self, settings: SignIn, secret: str | None, now: Callable[[], Micros]) -> None:
        self.settings = settings
        self._secret = secret
        self._now = now
        self._lock = threading.Lock()
        self._configuration: tuple[Configuration, Micros] | None = None
        self._keys: dict[str, dict[str, Any]] = {}
        self._asked: Micros | None = None

    def start(self, redirect: str) -> Started:
        """Begin a sign-in that comes back to `redirect`; raises `StoreError` where nobody answers."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.settings.client_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": " ".join(dict.fromkeys(("openid", *self.settings.scopes))),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self.configuration().authorization_endpoint
        address = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
        return Started(address, state, nonce, verifier)

    def finish(self, code: str, verifier: str, nonce: str, redirect: str) -> Human:
        """Exchange the code that the browser came back with for who that is.

        Raises `UnauthenticatedError`, and `StoreError` where nobody answers.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "client_id": self.settings.client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._secret is not None:
            # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
            pair = "&".join(urlencode({"": each})[1:] for each in (self.settings.client_id, self._secret))
            basic = base64.b64encode(pair.replace("&", ":", 1).encode()).decode()
            headers["Authorization"] = f"Basic {basic}"
        endpoint = self.configuration().token_endpoint
        answer = self._call(lambda hosts: post(endpoint, urlencode(form).encode(), headers, allowed=hosts))
        if answer.status != 200:
            _log.warning("code_refused", status=answer.status)
            raise _refused()
        told = _decoded(answer.body)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise _refused()
        return self._human(self._claims(token, {self.settings.client_id}, nonce))

    def human(self, token: str) -> Human:
        """Give whom a JWT that came with a request is about; raises as `finish` does."""
        audiences = {self.settings.client_id, *self.settings.audiences}
        return self._human(self._claims(token, audiences, None))

    def configuration(self) -> Configuration:
        """Give what the provider tells of itself, at most an hour old; raises `StoreError`."""
        with self._lock:
            known = self._configuration
            if known is not None and known[1] > self._now():
                return known[0]
            address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            answer = self._call(lambda hosts: get(address, {"Accept": "application/json"}, allowed=hosts))
            try:
                found = msgspec.json.decode(answer.body, type=Configuration)
            except msgspec.MsgspecError:
                raise StoreError("what the provider tells of itself cannot be read") from None
            if answer.status != 200 or found.issuer != self.settings.issuer:
                raise StoreError("the provider says that it is another one")
            self._configuration = found, self._now() + FRESH
            return found

    def _claims(self, token: str, audiences: set[str], nonce: str | None) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise _refused()
        try:
            head = jwt.get_unverified_header(token)
            if head.get("alg") not in ALGORITHMS or "crit" in head:
                raise _refused()
            claims = jwt.decode(
                token,
                self._key(head.get("kid"), head["alg"]),
                algorithms=[head["alg"]],
                audience=audiences,
                issuer=self.settings.issuer,
                # What is told of time is held against the engine's own clock, below.
                options={
                    "require": ["exp", "iat", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            raise _refused() from None
        self._look(claims, nonce)
        return claims

    def _look(self, claims: Mapping[str, Any], nonce: str | None) -> None:
        now = self._now() / SECOND
        times = {name: claims.get(name, now) for name in ("exp", "nbf", "iat")}
        if not all(_is_time(at) for at in times.values()):
            raise _refused()
        if times["exp"] <= now - LEEWAY or max(times["nbf"], times["iat"]) > now + LEEWAY:
            raise _refused()
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if nonce is not None:
            told = claims.get("nonce")
            if not isinstance(told, str) or not secrets.compare_digest(told.encode(), nonce.encode()):
                raise _refused()
            if (several or "azp" in claims) and claims.get("azp") != self.settings.client_id:
                raise _refused()

    def _human(self, claims: Mapping[str, Any]) -> Human:
        settings = self.settings
        named = claims.get(settings.human)
        if not isinstance(named, str) or not named.strip() or len(named) > 200 or "\x00" in named:
            raise UnauthenticatedError(
                f"the token has no {settings.human} of a human; ask the provider for that claim",
                because="token",
            )
        if settings.human == "email" and claims.get("email_verified") is not True:
            raise UnauthenticatedError(
                "the provider has not verified this e-mail address; ask it to", because="token"
            )
        told = _at(claims, settings.roles_claim)
        values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
        known = (value for value in values if isinstance(value, str) and value in settings.roles)
        given = {settings.roles[value] for value in known}
        if "admin" in given:
            # An admin cannot approve.
            given.discard("approver")
        return Human(
            owner=person(named),
            roles=tuple(role for role in ROLES if role in given),
            subject=str(claims["sub"]),
            until=int(claims["exp"] * SECOND),
        )

    def _key(self, kid: object, algorithm: str) -> jwt.PyJWK:
        """Give the key of a token; for one that is not known the provider is asked, at most once a minute."""
        configuration = self.configuration()
        with self._lock:
            now = self._now()
            stale = self._asked is None or now - self._asked >= FRESH
            if stale or (self._found(kid) is None and now - (self._asked or 0) >= ASKED_AGAIN):
                self._asked = now
                self._keys = self._fetched(configuration)
            if not self._keys:
                raise StoreError("the provider has told no keys")
            found = self._found(kid)
        if found is None or found.get("alg", algorithm) != algorithm:
            raise _refused()
        return jwt.PyJWK(found, algorithm)

    def _found(self, kid: object) -> dict[str, Any] | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid) if isinstance(kid, str) else None

    def _fetched(self, configuration: Configuration) -> dict[str, dict[str, Any]]:
        answer = self._call(
            lambda hosts: get(configuration.jwks_uri, {"Accept": "application/json"}, allowed=hosts)
        )
        listed = _decoded(answer.body).get("keys") if answer.status == 200 else None
        if not isinstance(listed, list):
            raise StoreError("the provider's keys cannot be read")
        return {
            str(each.get("kid", number)): each
            for number, each in enumerate(listed)
            if isinstance(each, dict) and each.get("use", "sig") == "sig" and each.get("kty") in ASYMMETRIC
        }

    def _call(self, call: Callable[[tuple[str, ...]], Answer]) -> Answer:
        try:
            return call(self.settings.hosts)
        except DeliveryError as error:
            _log.warning("provider_away", error=str(error))
            raise StoreError("the provider of sign-ins cannot be reached") from error


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(REFUSED, because="token")


def _is_time(value: object) -> bool:
    """Tell whether a value is seconds since 1970 up to the year 5000; NaN and infinity are none."""
    return not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value < 10**11


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise StoreError("the provider's answer cannot be read") from None


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """Give a claim by its name, or by a path through claims such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
