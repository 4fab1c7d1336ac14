"""Addresses inside, in every notation, and answers that are meant to harm."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from unittest import mock

from engine.errors import DeliveryError
from engine.runtime.actions.calling import post
from tests.hostile.case import Case


def _reach(url: str, allowed: tuple[str, ...] = ()) -> str:
    try:
        answer = post(url, b"{}", {}, allowed=allowed)
    except DeliveryError as error:
        if error.uncertain:
            return "given up, uncertain"
        return "refused" if not error.retryable else "not reached"
    except (UnicodeError, ValueError):
        return "refused"
    return f"answered {answer.status}"


def _url(what: str, url: str) -> Case:
    return Case("outbound", what, "refused", lambda ground: _reach(url))


def _served(what: str, wanted: str, answer: Callable[[BaseHTTPRequestHandler], None]) -> Case:
    def got(ground: object) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            return _reach(f"http://127.0.0.1:{server.server_address[1]}/", ("127.0.0.1",))
        finally:
            server.shutdown()
            server.server_close()

    return Case("outbound", what, wanted, got)


def _redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://169.254.169.254/latest/meta-data/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1_000):
        try:
            handler.wfile.write(b"x" * 65_536)
        except OSError:
            return


def _nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
    handler.close_connection = True


def _rebinding(ground: object) -> str:
    answers = iter([[(2, 1, 6, "", ("93.184.216.34", 443))], [(2, 1, 6, "", ("127.0.0.1", 443))]])
    reached: list[str] = []

    def connect(self: object, host: str, *args: object) -> object:
        reached.append(host)
        raise OSError

    # The system's resolver and the socket, which no test can make lie: everything between is ours.
    with (
        mock.patch("socket.getaddrinfo", lambda *args, **more: next(answers)),
        mock.patch("httpcore.SyncBackend.connect_tcp", connect),
    ):
        try:
            post("https://rebinding.example/", b"{}", {})
        except (DeliveryError, OSError):
            pass
    return f"connected to {', '.join(reached)}"


def _both(ground: object) -> str:
    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    with mock.patch("socket.getaddrinfo", lambda *args, **more: found):
        return _reach("https://both.example/")


CASES = [
    _url("the machine itself", "https://127.0.0.1/"),
    _url("by name", "https://localhost/"),
    _url("without encryption", "http://example.com/"),
    _url("as one number", "https://2130706433/"),
    _url("in octal", "https://0177.0.0.1/"),
    _url("in hexadecimal", "https://0x7f.1/"),
    _url("with parts left out", "https://127.1/"),
    _url("in full-width digits", "https://\uff11\uff12\uff17.0.0.1/"),
    _url("with ideographic stops", "https://127\u30020\u30020\u30021/"),
    _url("IPv6 loopback", "https://[::1]/"),
    _url("IPv4 inside IPv6", "https://[::ffff:127.0.0.1]/"),
    _url("NAT64 of loopback", "https://[64:ff9b::7f00:1]/"),
    _url("NAT64 of the metadata service", "https://[64:ff9b::a9fe:a9fe]/"),
    _url("6to4 of loopback", "https://[2002:7f00:1::]/"),
    _url("the metadata service", "https://169.254.169.254/"),
    _url("a neighbour", "https://10.0.0.1/"),
    _url("a carrier's network", "https://100.64.0.1/"),
    _url("everybody", "https://255.255.255.255/"),
    _url("a name before it", "https://example.com@127.0.0.1/"),
    _url("a backslash and a name", "https://example.com\\@127.0.0.1/"),
    _url("a file", "file:///etc/passwd"),
    _url("gopher", "gopher://127.0.0.1:6379/"),
    Case("outbound", "no host", "not reached", lambda ground: _reach("https:///path")),
    Case(
        "outbound",
        "a host that is not among those named",
        "refused",
        lambda ground: _reach("https://elsewhere.example/", ("named.example",)),
    ),
    Case(
        "outbound", "a name that resolves otherwise the second time", "connected to 93.184.216.34", _rebinding
    ),
    Case("outbound", "a name with a public and a private address", "refused", _both),
    _served("a redirect to the metadata service", "answered 302", _redirect),
    _served("an answer without an end", "given up, uncertain", _endless),
    _served("an answer that is not HTTP", "given up, uncertain", _nonsense),
]
