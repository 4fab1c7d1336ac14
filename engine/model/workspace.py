"""The workspace: `holdfast.yaml`, and everything its files say together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal

import msgspec

from engine.model.facts import FactsFile, Marks, Subject
from engine.model.goal import Goal
from engine.model.hook import HookMap
from engine.model.ladder import Calendar, Ladder
from engine.model.lifecycle import Lifecycle
from engine.model.message import Message
from engine.model.metric import Metrics
from engine.model.policy import ContactPolicy
from engine.model.program import Program
from engine.model.rule import Rule
from engine.model.score import Score
from engine.model.segment import Segment
from engine.model.values import BudgetLimit, Duration, OpenAtMost, Percent, Rate, Weekday
from engine.model.workflow import Workflow

Delivery = Literal["at_least_once", "at_most_once", "verify"]

Role = Literal["ingest", "author", "approver", "operator", "auditor", "admin"]
"""What somebody may do."""


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret by reference: `{env: NAME}` or `{file: PATH}`; never the secret itself."""

    MARKS: ClassVar[Marks] = (("env",), ("file",))
    env: str | None = None
    file: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may be told: a role or a name.

    `asks_at_most` questions wait for their answer at a time, and what they grant by answering, which is a
    question's `worth`, is within `may_grant`.
    """

    email: str
    name: str | None = None
    asks_at_most: OpenAtMost | None = None
    may_grant: BudgetLimit | None = None


class Breaker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After so many failures in a row nothing is sent for a while; then one is, to see."""

    failures: int = 5
    pause: Duration = Duration(30, "s")


class Smtp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where e-mail goes out."""

    MARKS: ClassVar[Marks] = (("smtp",),)
    smtp: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    from_: str = msgspec.field(name="from")
    rate: Rate | None = None
    breaker: Breaker = Breaker()
    report_secrets: tuple[Secret, ...] = ()


class Folder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """E-mail as .eml files in a folder: the default until SMTP is set up."""

    MARKS: ClassVar[Marks] = (("folder",),)
    folder: str = "outbox"
    from_: str = msgspec.field(name="from", default="Holdfast <holdfast@localhost>")


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook: its address, the hosts it may reach, and the secret that signs its calls.

    With `delivery: verify` an attempt of which nobody knows whether it was taken is asked for at
    `lookup`, an address with {key} in it, before it is made again.
    """

    MARKS: ClassVar[Marks] = (("url",),)
    url: str
    hosts: tuple[str, ...] = ()
    secret: Secret | None = None
    delivery: Delivery = "at_least_once"
    lookup: str | None = None
    rate: Rate | None = None
    breaker: Breaker = Breaker()
    report_secrets: tuple[Secret, ...] = ()


class Requests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many requests one key of a role may make: so many at once, and then evenly."""

    ingest: Rate = Rate(20_000, "second")
    author: Rate = Rate(1000, "second")
    approver: Rate = Rate(1000, "second")
    operator: Rate = Rate(5000, "second")
    auditor: Rate = Rate(1000, "second")
    admin: Rate = Rate(5000, "second")


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a vendor's webhooks come in: the map that reads them, and the secrets that may have signed them.

    There are two secrets while one takes the other's place. Salesforce, which signs nothing, has its
    `organization` checked, and one of the secrets in its address.
    """

    MARKS: ClassVar[Marks] = (("map",),)
    map: str
    secrets: tuple[Secret, ...]
    organization: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the workspace allows itself, and one key: its requests, its events, and requests at once."""

    events_per_request: int = 1000
    stale_after: Duration = Duration(1, "d")
    requests: Requests = Requests()
    events: Rate = Rate(500_000, "second")
    at_once: int = 256


class Releases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How changes of the files go live.

    With `approval: local` a start on a changed folder makes it live; with `required` nothing goes live
    without a second person, or an emergency that goes back by itself. A plan warns of a rule that would
    fire for more than `warn_over` of the customers.
    """

    approval: Literal["local", "required"] = "local"
    warn_over: Percent = Percent(Decimal("0.2"))


class Connectors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How effects leave the building."""

    email: Smtp | Folder = Folder()
    sms: Webhook | None = None
    webhooks: dict[str, Webhook] = {}


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people sign in: a provider of OpenID Connect, who they are to it, and what they may do here.

    `human` is the claim that names the human, `roles_claim` the one whose values `roles` turns into roles.
    """

    issuer: str
    client_id: str
    secret: Secret | None = None
    human: str = "email"
    roles_claim: str = "groups"
    roles: dict[str, Role] = {}
    scopes: tuple[str, ...] = ("email", "profile")
    audiences: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    lasts: Duration = Duration(8, "h")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`holdfast.yaml`: what is the workspace's own."""

    name: str = "Holdfast"
    timezone: str = "UTC"
    currency: str = "EUR"
    week_starts: Weekday = "monday"
    public_url: str = "http://127.0.0.1:8080"
    trusted_proxies: tuple[str, ...] = ()
    people: dict[str, Person] = {}
    connectors: Connectors = Connectors()
    hooks: dict[str, Hook] = {}
    limits: Limits = Limits()
    sign_in: SignIn | None = None
    releases: Releases = Releases()
    metrics: Metrics = Metrics()


class Source(msgspec.Struct, frozen=True):
    """One authored file: its path in the workspace, its text, the SHA-256 of its bytes (hex)."""

    path: str
    text: str
    sha256: str


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a folder says, checked; `hash` is over all sources.

    `places` gives, for a file, the line and column of each path in it, e.g.
    ("rules/usage-drop.yaml", ("if", 0)) -> (9, 5).
    """

    settings: Settings = Settings()
    facts: FactsFile = FactsFile()
    segments: dict[str, Segment] = {}
    scores: dict[str, Score] = {}
    rules: dict[str, Rule] = {}
    workflows: dict[str, Workflow] = {}
    programs: dict[str, Program] = {}
    ladders: dict[str, Ladder] = {}
    calendars: dict[str, Calendar] = {}
    goals: dict[str, Goal] = {}
    lifecycles: dict[str, Lifecycle] = {}
    policy: ContactPolicy = ContactPolicy()
    messages: dict[str, Message] = {}
    hooks: dict[str, HookMap] = {}
    sources: dict[str, Source] = {}
    origins: dict[tuple[str, str], str] = {}
    places: dict[str, dict[tuple[Any, ...], tuple[int, int]]] = {}
    hash: str = ""

    def subject_of(self, on: Subject | None) -> Subject:
        """The kind of customer that something is about; person unless it is written."""
        return on or "person"
