"""holdfast.yaml: zone, currency, people, and where effects may go."""

from __future__ import annotations

import re
from ipaddress import ip_network
from urllib.parse import urlsplit

from engine.authoring.checks.ladders import zone
from engine.authoring.draft import Draft
from engine.authoring.wording import quoted
from engine.model.values import DAY, MINUTE
from engine.model.workspace import Breaker, SignIn, Smtp, Webhook

MOST_EVENTS = 1_000
MOST_AT_ONCE = 10_000
LONGEST_SESSION = 30 * DAY
_CURRENCY = re.compile(r"[A-Z]{3}")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


def check(draft: Draft) -> None:
    """Check the settings, where they were written."""
    settings = draft.workspace.settings
    if draft.origins.page(settings) is None:
        return
    zone(draft, settings, "timezone", name=settings.timezone)
    if not _CURRENCY.fullmatch(settings.currency):
        draft.say(
            settings,
            "currency",
            code="bad-currency",
            message=f"{quoted(settings.currency)} is no currency",
            hint="write EUR, USD or another of ISO 4217",
        )
    if urlsplit(settings.public_url).scheme not in ("http", "https"):
        draft.say(
            settings,
            "public_url",
            code="bad-url",
            message=f"{quoted(settings.public_url)} is no address of the web",
            hint="write https://holdfast.example.com",
        )
    for proxy in settings.trusted_proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            draft.say(
                settings,
                "trusted_proxies",
                code="bad-network",
                message=str(error),
                hint="write a network such as 10.0.0.0/8, or one address",
            )
    for person in settings.people.values():
        if not _ADDRESS.fullmatch(person.email):
            draft.say(
                person,
                "email",
                code="bad-address",
                message=f"{quoted(person.email)} is no e-mail address",
                hint="write name@example.com",
            )
        limit = person.may_grant
        if limit is not None and limit.money.currency != settings.currency:
            draft.say(
                person,
                "may_grant",
                code="bad-currency",
                message=f"the workspace counts in {settings.currency}",
                hint=f"write 100.00 {settings.currency} per month",
            )
    if not 1 <= settings.limits.events_per_request <= MOST_EVENTS:
        draft.say(
            settings.limits,
            "events_per_request",
            code="out-of-range",
            message="a request has at most 1000 events",
            hint="write 1 to 1000",
        )
    if not 1 <= settings.limits.at_once <= MOST_AT_ONCE:
        draft.say(
            settings.limits,
            "at_once",
            code="out-of-range",
            message=f"a key makes 1 to {MOST_AT_ONCE} requests at once",
            hint="write 256",
        )
    if settings.sign_in is not None:
        _sign_in(draft, settings.sign_in)
    connectors = settings.connectors
    if isinstance(connectors.email, Smtp) and not 1 <= connectors.email.port <= 65_535:
        draft.say(
            connectors.email,
            "port",
            code="out-of-range",
            message=f"{connectors.email.port} is no port",
            hint="write 587 or 465",
        )
    if isinstance(connectors.email, Smtp):
        _breaker(draft, connectors.email.breaker)
    for webhook in (*connectors.webhooks.values(), *((connectors.sms,) if connectors.sms else ())):
        _breaker(draft, webhook.breaker)
        _lookup(draft, webhook)
        _hosts(draft, webhook)
        for key, address in (("url", webhook.url), ("lookup", webhook.lookup)):
            if address is not None:
                _address(draft, webhook, key, address)


def _sign_in(draft: Draft, sign_in: SignIn) -> None:
    issuer = urlsplit(sign_in.issuer)
    allowed = issuer.scheme == "https" or (issuer.scheme == "http" and issuer.hostname in sign_in.hosts)
    if not allowed or not issuer.hostname or issuer.query or issuer.fragment:
        draft.say(
            sign_in,
            "issuer",
            code="bad-url",
            message=f"{quoted(sign_in.issuer)} is no issuer that is reached safely",
            hint="write https://id.example.com",
        )
    if not sign_in.roles:
        draft.say(
            sign_in,
            "roles",
            code="missing-key",
            message="nobody who signs in may do anything",
            hint="write roles: {retention-authors: author}",
        )
    if not MINUTE <= sign_in.lasts.micros <= LONGEST_SESSION:
        draft.say(
            sign_in,
            "lasts",
            code="out-of-range",
            message="a session lasts a minute to 30 days",
            hint="write 8h",
        )


def _breaker(draft: Draft, breaker: Breaker) -> None:
    if breaker.failures < 1:
        draft.say(
            breaker,
            "failures",
            code="out-of-range",
            message="nothing would ever be sent",
            hint="write 1 or more",
        )


def _lookup(draft: Draft, webhook: Webhook) -> None:
    if webhook.delivery == "verify" and webhook.lookup is None:
        draft.say(
            webhook,
            "delivery",
            code="missing-key",
            message="verify has nowhere to ask",
            hint='add lookup: "https://.../{key}"',
        )
    elif webhook.lookup is not None and webhook.delivery != "verify":
        draft.say(
            webhook,
            "lookup",
            code="unused",
            message="nobody is asked here",
            hint="write delivery: verify, or take lookup out",
        )
    elif webhook.lookup is not None and "{key}" not in webhook.lookup:
        draft.say(
            webhook,
            "lookup",
            code="bad-url",
            message="this address does not say what is asked for",
            hint="put {key} into it",
        )


def _hosts(draft: Draft, webhook: Webhook) -> None:
    for position, name in enumerate(webhook.hosts):
        if not _HOST.fullmatch(name):
            draft.say(
                webhook,
                "hosts",
                position,
                code="bad-host",
                message=f"{quoted(name)} is no host",
                hint="write hooks.example.com",
            )


def _address(draft: Draft, webhook: Webhook, key: str, written: str) -> None:
    address = urlsplit(written)
    host = (address.hostname or "").lower()
    if address.scheme not in ("http", "https") or not host:
        draft.say(
            webhook,
            key,
            code="bad-url",
            message=f"{quoted(written)} is no address of the web",
            hint="write https:// and the host",
        )
        return
    if address.username or address.password:
        draft.say(
            webhook,
            key,
            code="secret-written",
            message="a secret is never written here",
            hint="write secret: {env: NAME}",
        )
    hosts = {name.lower() for name in webhook.hosts}
    if hosts and not hosts & {host, address.netloc.rpartition("@")[2].lower()}:
        draft.say(
            webhook,
            "hosts",
            code="host-not-allowed",
            message=f"{host} is not among the hosts it may reach",
            hint=f"add {host}",
        )
    if address.scheme == "http" and not hosts:
        draft.say(
            webhook,
            key,
            code="not-encrypted",
            message="this address is not encrypted",
            hint="write https://, or name the host under hosts",
        )
