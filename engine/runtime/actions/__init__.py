"""The actions that leave the building, and the door by which others come in.

A plug-in is a class under the entry-point group `holdfast.actions`. It has a `spec` of its own, is
called with the workspace's `Settings`, and its objects have a `send`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

import msgspec

from engine.errors import AuthoringError, DeliveryError, Finding
from engine.model.actions import SHIPPED, ActionSpec
from engine.model.values import Micros
from engine.model.workspace import Settings

ENTRY_POINTS = "holdfast.actions"

Answers = Mapping[str, Any]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered message. `html` is only there for e-mail."""

    channel: str
    subject: str
    text: str
    html: str | None = None
    unsubscribe_url: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send one effect. `key` is the same for every attempt at it.

    `at` is the instant of this attempt, `created_at` that of the decision to send;
    `recipient` is the address on the letter's channel.
    """

    key: str
    action: str
    run: str
    workflow: str
    customer: str
    path: str
    attempt: int
    at: Micros
    created_at: Micros
    arguments: dict[str, Any] = {}
    recipient: str | None = None
    letter: Letter | None = None


class Action(Protocol):
    """Something that can carry out an external effect.

    `send` gives the action's answers, or raises `DeliveryError`, which says whether another
    attempt makes sense. Any other exception counts as a failure that will not be tried again.
    """

    @property
    def spec(self) -> ActionSpec:
        """Give the name, the arguments and the answers."""
        ...

    def send(self, delivery: Delivery) -> Answers | Awaitable[Answers]:
        """Send, once."""
        ...


@runtime_checkable
class Verifying(Protocol):
    """An action that can be asked whether it has taken an effect."""

    def lookup(self, delivery: Delivery) -> Answers | None:
        """Give the answers of an attempt that was taken, None where none was."""
        ...


class Actions:
    """The actions by name."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = dict(actions)

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def specs(self) -> dict[str, ActionSpec]:
        """Give what every action takes, the internal ones too: what a workflow may do."""
        return SHIPPED | {action.spec.name: action.spec for action in self._actions.values()}

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Send through the action of that name; blocks until it has answered.

        Raises `DeliveryError`, also for what an action raised without meaning to.
        """
        action = self._actions.get(delivery.action)
        if action is None:
            raise DeliveryError(f"there is no action {delivery.action}", retryable=False)
        try:
            answer = action.send(delivery)
            if inspect.isawaitable(answer):
                answer = asyncio.run(_finish(answer))
            return dict(answer)
        except DeliveryError:
            raise
        except Exception as error:
            raise DeliveryError(f"{type(error).__name__} in {delivery.action}", retryable=False) from error

    def lookup(self, delivery: Delivery) -> dict[str, Any] | None:
        """Ask whether an earlier attempt was taken: what was answered then, None where it was not.

        Raises `DeliveryError` where that cannot be known now.
        """
        action: object = self._actions.get(delivery.action)
        if not isinstance(action, Verifying):
            raise DeliveryError(f"{delivery.action} cannot be asked", retryable=False)
        try:
            found = action.lookup(delivery)
            return None if found is None else dict(found)
        except DeliveryError:
            raise
        except Exception as error:
            raise DeliveryError(f"{type(error).__name__} in {delivery.action}") from error


async def _finish(answer: Awaitable[Answers]) -> Answers:
    return await answer


class PlugIn(Protocol):
    """The class that a plug-in's entry point names."""

    @property
    def spec(self) -> ActionSpec:
        """Give the name, the arguments and the answers, before there is an object."""
        ...

    def __call__(self, settings: Settings) -> Action:
        """Make the action of a workspace."""
        ...


@cache
def plug_ins() -> Mapping[str, PlugIn]:
    """Give what installed packages offer, by the action's name.

    Raises `AuthoringError` where one cannot be loaded, or takes a name that is taken.
    """
    found: dict[str, PlugIn] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            plug_in: PlugIn = entry.load()
            name = plug_in.spec.name
        except Exception as error:
            raise _refused(
                entry.name,
                f"the action {entry.name} cannot be loaded: {error}; install its package again, or remove it",
            ) from error
        if name in SHIPPED or name in found:
            raise _refused(
                entry.name,
                f"the action {name} of {entry.value} has a name that is taken; remove its package",
            )
        found[name] = plug_in
    return found


def known_actions() -> dict[str, ActionSpec]:
    """Give what every action takes that a workflow may name: the ones that ship, and plug-ins."""
    return SHIPPED | {name: plug_in.spec for name, plug_in in plug_ins().items()}


def _refused(name: str, message: str) -> AuthoringError:
    return AuthoringError([Finding(file=name, line=1, column=1, code="plug-in", message=message)])
