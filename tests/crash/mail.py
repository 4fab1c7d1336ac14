"""A mail server that counts what it takes, and can let something happen at one message of many."""

from __future__ import annotations

import email
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mail:
    """What a mail server has taken: the Message-ID of each message, in order.

    When it has taken `at` messages, `then` is called, before the sender is answered.
    """

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[str] = []
        self.at = 0
        self.then: Callable[[], object] = int

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        message = email.message_from_bytes(content if isinstance(content, bytes) else b"")
        self.taken.append(str(message["Message-ID"]))
        if len(self.taken) == self.at:
            self.then()
        return "250 OK"


@contextmanager
def taking_mail() -> Generator[Mail]:
    """Take mail on a free port of this machine."""
    mail = Mail()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mail.port = free.getsockname()[1]
    controller = Controller(mail, hostname="127.0.0.1", port=mail.port)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()
