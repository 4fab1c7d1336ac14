"""E-mail: sound headers, a stable Message-ID, and what a mail server's words mean."""

import email
import email.policy
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.errors import DeliveryError
from engine.model.workspace import Smtp
from engine.runtime.actions import Delivery, Letter
from engine.runtime.actions.email import FolderSend, SmtpSend, compose

AT = 1_767_614_400_000_000
URL = "http://127.0.0.1:8080/u/" + "a_b-" * 40
LETTER = Letter(channel="email", subject="Hällo", text="Hi\n", html="<p>Hi</p>", unsubscribe_url=URL)
DELIVERY = Delivery(
    key="run1:2:0", action="email.send", run="run1", workflow="w", customer="ann", path="2", attempt=1,
    at=AT, created_at=AT, recipient="ann@example.com", letter=LETTER,
)  # fmt: skip
FROM = "Shop <shop@example.com>"


def parsed(data: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)  # type: ignore[return-value]


def test_a_message_has_text_and_html_and_a_way_out() -> None:
    message = parsed(compose(DELIVERY, FROM).as_bytes())
    assert message["Subject"] == "Hällo"
    assert message["To"] == "ann@example.com"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_long_unsubscribe_link_stays_in_one_piece() -> None:
    assert f"List-Unsubscribe: <{URL}>\r\n".encode() in compose(DELIVERY, FROM).as_bytes()


def test_every_attempt_has_the_same_message_id_and_bytes_differ_only_in_date() -> None:
    # given two attempts at one effect, and another effect
    again = msgspec.structs.replace(DELIVERY, attempt=2, at=AT + 60_000_000)
    other = msgspec.structs.replace(DELIVERY, key="run1:3:0")
    first, second, third = (compose(one, FROM) for one in (DELIVERY, again, other))

    # then a mail program can tell which is a copy
    assert first["Message-ID"] == second["Message-ID"] != third["Message-ID"]
    assert str(first["Message-ID"]).endswith("@example.com>")
    del first["Date"], second["Date"]
    assert first.as_bytes() == second.as_bytes()


@pytest.mark.parametrize(
    "recipient",
    [
        "ann@example.com\r\nBcc: all@example.com",
        "ann@example.com, bob@example.com",
        "ann",
        "",
        "a@b@c",
        "@",
        None,
    ],
)
def test_what_is_no_one_address_is_refused(recipient: str | None) -> None:
    with pytest.raises(DeliveryError) as caught:
        compose(msgspec.structs.replace(DELIVERY, recipient=recipient), FROM)
    assert not caught.value.retryable


def test_a_subject_with_line_ends_adds_no_header() -> None:
    letter = msgspec.structs.replace(LETTER, subject="Hi\r\nBcc: all@example.com")
    with pytest.raises(DeliveryError):
        compose(msgspec.structs.replace(DELIVERY, letter=letter), FROM)


def test_the_folder_takes_an_effect_once(tmp_path: Path) -> None:
    folder = FolderSend(tmp_path / "outbox", FROM)
    folder.send(DELIVERY)
    folder.send(msgspec.structs.replace(DELIVERY, attempt=2, at=AT + 1))
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name.startswith("20260105T120000Z-") and path.suffix == ".eml"


class Desk:
    """A mail server that answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.rcpt = self.data = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            self.taken.append(envelope)
        return self.data


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def smtp(desk: Desk) -> Generator[Callable[[], SmtpSend]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(desk, hostname="127.0.0.1", port=port)
    controller.start()
    connector = {"smtp": "127.0.0.1", "port": port, "security": "none", "from": FROM}
    yield lambda: SmtpSend(msgspec.convert(connector, Smtp), None)
    controller.stop()


def test_a_mail_server_gets_the_message(smtp, desk: Desk) -> None:
    smtp().send(DELIVERY)
    (envelope,) = desk.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.com", ["ann@example.com"])
    assert b"List-Unsubscribe: <" + URL.encode() + b">" in envelope.content  # type: ignore[operator]


@pytest.mark.parametrize(
    "stage, said, retryable",
    [
        ("rcpt", "450 mailbox busy", True),
        ("rcpt", "550 no such mailbox", False),
        ("data", "451 try later", True),
        ("data", "554 refused", False),
    ],
)
def test_a_refusal_says_whether_to_come_back(
    smtp, desk: Desk, stage: str, said: str, retryable: bool
) -> None:
    setattr(desk, stage, said)
    with pytest.raises(DeliveryError) as caught:
        smtp().send(DELIVERY)
    assert (caught.value.retryable, caught.value.uncertain) == (retryable, False)
    assert desk.taken == []


def test_no_mail_server_may_be_tried_again() -> None:
    connector = msgspec.convert({"smtp": "127.0.0.1", "port": 1, "security": "none", "from": FROM}, Smtp)
    with pytest.raises(DeliveryError) as caught:
        SmtpSend(connector, None).send(DELIVERY)
    assert (caught.value.retryable, caught.value.uncertain) == (True, False)
