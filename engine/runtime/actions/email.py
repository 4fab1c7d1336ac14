"""`email.send`: by SMTP, or as .eml files in a folder until SMTP is set up."""

from __future__ import annotations

import base64
import datetime as dt
import email.policy
import email.utils
import hashlib
import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.values import Micros
from engine.model.workspace import Smtp
from engine.runtime.actions import Delivery, Letter
from engine.runtime.actions.rendering import in_one_line

# Folded, a long link would be encoded, and no mail program would find it in the header.
_POLICY = email.policy.SMTP.clone(max_line_length=998)

SECONDS = 10.0
"""How long one exchange with the mail server may take."""


class SmtpSend:
    """The action `email.send` by SMTP."""

    spec = SHIPPED["email.send"]

    def __init__(self, smtp: Smtp, password: str | None) -> None:
        self._smtp = smtp
        self._password = password

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Hand the message to the server.

        A refusal by a 4xx may be tried again, one by a 5xx not; a connection lost while the message
        was on its way is uncertain. The Message-ID comes from the effect's key, so that a second
        copy can be known as one.
        """
        message = compose(delivery, self._smtp.from_)
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError("the mail server does not know this user", retryable=False) from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"the mail server cannot be reached: {type(error).__name__}") from error
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise DeliveryError(f"the recipient was refused: {codes}", retryable=min(codes) < 500) from error
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(
                f"the message was refused: {error.smtp_code}", retryable=error.smtp_code < 500
            ) from error
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise DeliveryError("the connection was lost while sending", uncertain=True) from error
        finally:
            server.close()
        return {}

    def _connect(self) -> smtplib.SMTP:
        if self._smtp.security == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._smtp.smtp, self._smtp.port, timeout=SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._smtp.smtp, self._smtp.port, timeout=SECONDS)
        try:
            if self._smtp.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self._smtp.user is not None and self._password is not None:
                server.login(self._smtp.user, self._password)
        except BaseException:
            server.close()
            raise
        return server


class FolderSend:
    """The action `email.send` into a folder: one .eml file an effect, whatever happens."""

    spec = SHIPPED["email.send"]

    def __init__(self, folder: Path, from_: str) -> None:
        self._folder = folder
        self._from = from_

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Write the file, unless an earlier attempt at this effect already has."""
        message = compose(delivery, self._from)
        path = self._folder / f"{_moment(delivery.created_at):%Y%m%dT%H%M%SZ}-{_digest(delivery.key)}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                draft = path.with_suffix(".tmp")
                draft.write_bytes(message.as_bytes())
                os.replace(draft, path)
        except OSError as error:
            raise DeliveryError(f"the folder cannot be written: {error.strerror}") from error
        return {}


def compose(delivery: Delivery, from_: str) -> EmailMessage:
    """Give the message as it travels: text and HTML, List-Unsubscribe where its letter has a link.

    Raises `DeliveryError` where there is nothing to send or the address is no address.
    """
    letter, recipient = delivery.letter, delivery.recipient
    if letter is None or recipient is None:
        raise DeliveryError("nothing to send, or nobody to send it to", retryable=False)
    addresses = email.utils.getaddresses([recipient])
    if in_one_line(recipient) != recipient or len(addresses) != 1 or addresses[0][1].count("@") != 1:
        raise DeliveryError("the address is not one", retryable=False)
    message = EmailMessage(policy=_POLICY)
    digest = _digest(delivery.key)
    try:
        message["From"] = in_one_line(from_)
        message["To"] = recipient
        message["Subject"] = letter.subject
        message["Date"] = email.utils.format_datetime(_moment(delivery.at))
        message["Message-ID"] = f"<{message_id(delivery.key)}@{_domain(from_)}>"
        _unsubscribable(message, letter)
        message.set_content(letter.text)
        if letter.html is not None:
            message.add_alternative(letter.html, subtype="html")
            message.set_boundary(f"=_{digest}")
    except ValueError as error:
        raise DeliveryError(f"the message cannot be put together: {error}", retryable=False) from error
    return message


def _unsubscribable(message: EmailMessage, letter: Letter) -> None:
    # RFC 8058: one click, without a page in between.
    if letter.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def message_id(key: str) -> str:
    """Give what stands before the @ of a Message-ID: an effect's key, as base64 without padding."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_of(message_id: str) -> str | None:
    """Give the key of the effect that an e-mail was, by its Message-ID; None where that is none of ours."""
    coded = message_id.strip().strip("<>").partition("@")[0]
    try:
        return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except ValueError:
        return None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _domain(from_: str) -> str:
    return email.utils.parseaddr(from_)[1].partition("@")[2] or "localhost"


def _moment(instant: Micros) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=instant)
