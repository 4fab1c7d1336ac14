"""A real Chromium in front of a real server: what no test of text alone can tell."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from api.app import create_app
from engine.runtime.engine import Engine

WHERE = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Gives the path of the machine's Chromium, or of `HOLDFAST_CHROMIUM`; skips where there is none."""
    found = os.environ.get("HOLDFAST_CHROMIUM") or next(filter(None, map(shutil.which, WHERE)), None)
    if found is None:
        pytest.skip("chromium is not there; install it (on Debian: apt-get install chromium)")
    return found


@contextmanager
def opened() -> Generator[Browser]:
    """Opens the browser until the block ends."""
    with sync_playwright() as playwright:
        # A container has no sandbox of its own; nothing but this server is looked at.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(engine: Engine) -> Generator[str]:
    """Serves an engine on a free port until the block ends; gives the address."""
    app = create_app(engine)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            app.state.tail.close()
            server.should_exit = True
            thread.join()


class Window:
    """A window of the browser that keeps what went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.faults: list[str] = []
        host = urlsplit(address).netloc
        page.on("console", lambda said: self._note(said.type in ("error", "warning"), said.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("request", lambda asked: self._note(urlsplit(asked.url).netloc != host, asked.url))
        page.on("response", lambda told: self._note(told.status >= 400, f"{told.status} {told.url}"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.faults.append(text)

    def go(self, path: str) -> None:
        """Goes to a page."""
        self.page.goto(self.address + path)

    def sign_in(self, key: str) -> None:
        """Signs in with a key, as a person does."""
        self.go("/sign-in")
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.address + "/")


AXE = Path("node_modules") / "axe-core" / "axe.min.js"
"""Where axe-core's script is, in the folder of its package.json."""
