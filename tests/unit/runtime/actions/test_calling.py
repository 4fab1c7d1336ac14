"""Calls outside: only where they may go, never for ever, never too much."""

import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.errors import DeliveryError
from engine.runtime.actions.calling import LONGEST_ANSWER, is_public, post

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "192.0.2.1", "198.18.0.1", "2001:db8::1", "64:ff9b:1::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1",
    "192.0.0.8", "192.88.99.1", "168.63.129.16", "5f00::1", "3fff::1", "2001::1", "::ffff:168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Generator[Callable[[Answer], str]]:
    """Starts an HTTP server on this machine; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/hook"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def plainly(status: int, body: bytes = b"ok", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["content-length"]))
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_host_that_is_allowed_by_name_is_reached(serve) -> None:
    answer = post(serve(plainly(200, X_Test="yes")), b"{}", {"Content-Type": "a/b"}, allowed=["127.0.0.1"])
    assert (answer.status, answer.body, answer.headers["x-test"]) == (200, b"ok", "yes")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:1/",
        "https://localhost:1/",
        "https://[::1]:1/",
        "https://169.254.169.254/",
        "http://example.com/",
    ],
)
def test_an_address_inside_or_unencrypted_is_refused_without_a_byte(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        post(url, b"{}", {})
    assert (caught.value.retryable, caught.value.uncertain) == (False, False)


@pytest.mark.parametrize(
    "url", ["https://\uff11\uff12\uff17.0.0.1/", "https://[::1/", "https://a:b/", "https://a:99999/"]
)
def test_what_is_no_address_is_refused_for_good(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        post(url, b"{}", {})
    assert (caught.value.retryable, caught.value.uncertain) == (False, False)


def test_a_host_that_is_not_among_those_named_is_refused(serve) -> None:
    with pytest.raises(DeliveryError, match="not among the hosts"):
        post(serve(plainly(200)), b"{}", {}, allowed=["example.com"])


def test_a_redirect_is_not_followed(serve) -> None:
    answer = post(serve(plainly(302, Location="http://127.0.0.1:1/")), b"{}", {}, allowed=["127.0.0.1"])
    assert answer.status == 302


def test_a_long_answer_is_not_read_to_its_end(serve) -> None:
    url = serve(plainly(200, b"x" * (LONGEST_ANSWER + 1)))
    with pytest.raises(DeliveryError, match="64 KiB"):
        post(url, b"{}", {}, allowed=["127.0.0.1"])


def test_nobody_there_may_be_tried_again() -> None:
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        post("http://127.0.0.1:1/", b"{}", {}, allowed=["127.0.0.1"])
    assert (caught.value.retryable, caught.value.uncertain) == (True, False)


def test_no_answer_after_the_request_left_is_uncertain(serve) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["content-length"]))
        handler.close_connection = True
        handler.connection.close()

    with pytest.raises(DeliveryError, match="no answer") as caught:
        post(serve(hang_up), b"{}", {}, allowed=["127.0.0.1"])
    assert caught.value.uncertain
