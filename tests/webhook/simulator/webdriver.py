"""A small client of the W3C WebDriver protocol (w3.org/TR/webdriver2), for Debian's chromium and chromium-driver.

Selenium would do, but its current versions need an attrs that Rasa 3.6 forbids; what is needed here is a few requests.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--hide-scrollbars",
)
PATIENCE_S = 20.0
STARTED = "was started successfully on port"


def missing() -> str:
    """What has to be installed; empty when all is there."""
    names = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(names)} not found (Debian: apt-get install chromium chromium-driver)" if names else ""


class Browser:
    """One browser window with an empty profile, for the length of a ``with``."""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(prefix="hankali-chromium-", ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        assert self._driver.stdout is not None
        port = next(line.rsplit(" ", 1)[1].strip(" .\n") for line in self._driver.stdout if STARTED in line)
        self._base = f"http://127.0.0.1:{port}/session"
        self._http = requests.Session()
        self._http.trust_env = False
        options = {"binary": shutil.which("chromium"), "args": [*FLAGS, f"--user-data-dir={self._profile.name}"]}
        always = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            session = self._send("POST", "", {"capabilities": {"alwaysMatch": always}})
        except Exception:
            self._driver.terminate()
            raise
        self._base += f"/{session['sessionId']}"
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._send("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(10)
            if self._driver.stdout:
                self._driver.stdout.close()
            self._profile.cleanup()

    def open(self, url: str, width: int = 1360, height: int = 960) -> None:
        """Shows a page in a window of the given size, with nothing remembered of earlier pages."""
        self._send("POST", "/window/rect", {"width": width, "height": height})
        self._send("POST", "/url", {"url": url})
        self.run("sessionStorage.clear()")
        self._send("POST", "/refresh", {})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value that the script returns."""
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        """Clicks like a person: the element must be in view and not covered."""
        self._send("POST", f"/element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Types into an element, key by key; "\ue007" is Enter."""
        self._send("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def clear(self, selector: str) -> None:
        """Empties a field."""
        self._send("POST", f"/element/{self._find(selector)}/clear", {})

    def text(self, selector: str) -> str:
        """What a person reads in the element."""
        return str(self._send("GET", f"/element/{self._find(selector)}/text"))

    def wait(self, script: str, *arguments: Any, seconds: float = PATIENCE_S) -> Any:
        """Waits until the script returns something true, and returns it."""
        polling = """
            const [script, seconds, given] = [arguments[0], arguments[1], arguments[2]];
            const done = arguments[arguments.length - 1];
            const until = performance.now() + seconds * 1000;
            const test = new Function(script);  // now: later the page's policy forbids it
            const look = () => {
                const value = test.apply(null, given);
                if (value || performance.now() > until) done(value || null);
                else setTimeout(look, 20);
            };
            look();"""
        self._send("POST", "/timeouts", {"script": int(seconds * 1000) + 5000})
        value = self._send("POST", "/execute/async", {"script": polling, "args": [script, seconds, list(arguments)]})
        assert value, f"waited {seconds:g} s in vain for: {script} {arguments}\n{self.text('body')}"
        return value

    def wait_for_text(self, selector: str, text: str, seconds: float = PATIENCE_S) -> None:
        """Waits until the element contains the text."""
        script = "return document.querySelector(arguments[0])?.textContent.includes(arguments[1])"
        self.wait(script, selector, text, seconds=seconds)

    def log(self) -> list[str]:
        """Errors and warnings of the console since the last look: policy violations among them."""
        entries = self._send("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]

    def screenshot(self, file: Path) -> None:
        """The window as it looks, as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def _find(self, selector: str) -> str:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = self._send("POST", "/element", {"using": "css selector", "value": selector})
            except LookupError:
                if time.monotonic() > until:
                    raise
            else:
                return str(found[ELEMENT])

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self._http.request(method, self._base + path, json=body, timeout=90)
        value = response.json()["value"]
        if response.status_code == 404 and value.get("error") == "no such element":
            raise LookupError(value["message"])
        if not response.ok:
            raise RuntimeError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value
