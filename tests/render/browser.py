"""Headless Chromium as the tests of the HTML page drive it: the DevTools protocol over its own socket, and no more."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)  # fmt: skip
_PATIENCE = 60.0
"""Seconds: a loaded machine starts a browser slowly, and a test fails for what it sees, not for how long it takes."""


class Page:
    """One tab, with everything it has said and asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0
        self.requests: list[str] = []
        """Addresses that the page asked for, itself included."""
        self.said: list[str] = []
        """Console messages, uncaught errors, breaches of the content security policy and dialogs."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command and return its result; what happens meanwhile is noted."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = self._next()
            if message.get("id") == self._count:
                assert "error" not in message, message
                return dict(message["result"])

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=_PATIENCE))
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("data:"):
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(f"{params['type']}: {params['args']}")
        elif method == "Runtime.exceptionThrown":
            self.said.append(f"error: {params['exceptionDetails']}")
        elif method == "Log.entryAdded":
            self.said.append(f"log: {params['entry']}")
        elif method == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {params}")
            self._socket.send(
                json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}})
            )
        return message

    def open(self, file: Path) -> None:
        """Load a file and wait until it is complete."""
        self.requests.clear()
        self.said.clear()
        self.send("Page.navigate", url=file.as_uri())
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(file.as_uri())}")

    def wait(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        until = time.monotonic() + _PATIENCE
        while not self.ask(expression):
            assert time.monotonic() < until, f"{expression} stays {self.ask(expression)!r}"
            time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def drag(self, start: tuple[float, float], stop: tuple[float, float]) -> None:
        """Press the left button at `start`, move to `stop` in a few steps and let go."""
        self._mouse("mouseMoved", start, 0)
        self._mouse("mousePressed", start, 1)
        for share in (0.3, 0.6, 1.0):
            self._mouse("mouseMoved", (start[0] + share * (stop[0] - start[0]), stop[1]), 1)
        self._mouse("mouseReleased", stop, 0)

    def hover(self, at: tuple[float, float]) -> None:
        """Move the mouse there."""
        self._mouse("mouseMoved", at, 0)

    def _mouse(self, kind: str, at: tuple[float, float], held: int) -> None:
        button = "none" if kind == "mouseMoved" and not held else "left"
        self.send(
            "Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button=button, buttons=held, clickCount=1,
            pointerType="mouse",
        )  # fmt: skip


@contextmanager
def page(profile: Path) -> Iterator[Page]:
    """A tab of a fresh browser, 1,200 pixels wide, that is ended with it."""
    assert PROGRAM is not None
    flags = [*_FLAGS, f"--user-data-dir={profile}", "--window-size=1200,900", "about:blank"]
    with subprocess.Popen([PROGRAM, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            with connect(_address(browser, profile), max_size=None, open_timeout=_PATIENCE) as socket:
                yield Page(socket)
        finally:
            browser.terminate()
            browser.wait(_PATIENCE)


def _address(browser: subprocess.Popen[bytes], profile: Path) -> str:
    """Where the only tab listens."""
    from urllib.request import ProxyHandler, build_opener

    told = profile / "DevToolsActivePort"
    until = time.monotonic() + _PATIENCE
    while not (told.exists() and told.read_text().count("\n")):
        assert browser.poll() is None, f"{PROGRAM} ended with {browser.returncode}"
        assert time.monotonic() < until, f"{PROGRAM} does not answer"
        time.sleep(0.05)
    port = told.read_text().split("\n")[0]
    with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/json/list", timeout=_PATIENCE) as answer:
        return str(next(t for t in json.load(answer) if t["type"] == "page")["webSocketDebuggerUrl"])
