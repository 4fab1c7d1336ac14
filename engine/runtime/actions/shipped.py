"""The actions that ship, made ready from holdfast.yaml."""

from __future__ import annotations

from pathlib import Path

from engine.model.workspace import Folder, Settings, Webhook
from engine.runs.cases import TELL
from engine.runtime.actions import Action, Actions, plug_ins
from engine.runtime.actions.email import FolderSend, SmtpSend
from engine.runtime.actions.webhook import Endpoint, SmsSend, WebhookCall
from engine.runtime.secret import resolve


def ready(settings: Settings, workspace: Path) -> Actions:
    """Give every action of a workspace: those that ship, and those of installed packages.

    Raises `SecretError` when a secret that a connector refers to is not there.
    """
    connectors = settings.connectors
    sms = None if connectors.sms is None else _endpoint(connectors.sms, workspace)
    email = _email(settings, workspace)
    shipped: dict[str, Action] = {
        "email.send": email,
        TELL: email,
        "sms.send": SmsSend(sms),
        "webhook.call": WebhookCall(
            {name: _endpoint(webhook, workspace) for name, webhook in connectors.webhooks.items()}
        ),
    }
    return Actions(shipped | {name: plug_in(settings) for name, plug_in in plug_ins().items()})


def _email(settings: Settings, workspace: Path) -> Action:
    connector = settings.connectors.email
    if isinstance(connector, Folder):
        return FolderSend(workspace / connector.folder, connector.from_)
    password = None if connector.password is None else resolve(connector.password, workspace)
    return SmtpSend(connector, password)


def _endpoint(webhook: Webhook, workspace: Path) -> Endpoint:
    secret = None if webhook.secret is None else resolve(webhook.secret, workspace)
    return Endpoint(webhook, secret)
