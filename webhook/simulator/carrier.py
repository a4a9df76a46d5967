"""The provider's side of the line: signed requests to the service's real webhooks, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit, urlunsplit

import requests
from twilio.request_validator import RequestValidator

from webhook.simulator.refusal import RefusedError
from webhook.simulator.settings import SimulatorSettings

CONNECT_TIMEOUT_S = 3.05
ANSWER_TIMEOUT_S = 15.0
"""Twilio's own limit for a webhook."""
QUEUE_TIMEOUT_S = 5.0
MAX_REQUESTS_AT_ONCE = 2
"""Each holds one thread of the service, its webhook a second, and a call back to the stand-ins a third."""
MAX_WAITING = 6
"""More are refused at once: threads that wait here are missing where the webhooks run."""


@dataclass(frozen=True)
class Answer:
    """What a webhook answered: ``status`` 0 means that it did not (``body`` says why, without details)."""

    status: int
    body: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Carrier:
    """Delivers to the webhooks as Twilio and Telegram do. ``listening`` is where the service's own socket is."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._public_url = settings.public_url.rstrip("/")
        self._places = threading.BoundedSemaphore(MAX_REQUESTS_AT_ONCE + MAX_WAITING)
        self._slots = threading.BoundedSemaphore(MAX_REQUESTS_AT_ONCE)

    def telegram(self, update: Mapping[str, Any], listening: str) -> Answer:
        """POSTs an Update with the secret header."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._settings.telegram_webhook_secret or ""}
        return self._send("POST", f"{self._public_url}/telegram", listening, headers, json=update)

    def twilio(self, url: str, parameters: Mapping[str, str], listening: str, method: str = "POST") -> Answer:
        """Sends Twilio's parameters to ``url`` (absolute, on the service's public address), signed.

        A GET carries them in the query, and the signature then covers the whole URL and no parameters.
        """
        validator = RequestValidator(self._settings.twilio_auth_token or "")
        if method == "GET":
            joined = "&" if urlsplit(url).query else "?"
            url = f"{url}{joined}{urlencode(parameters)}"
            signature = validator.compute_signature(url, {})
            return self._send("GET", url, listening, {"X-Twilio-Signature": signature})
        signature = validator.compute_signature(url, dict(parameters))
        return self._send("POST", url, listening, {"X-Twilio-Signature": signature}, data=dict(parameters))

    def webhook_url(self, target: str, document_url: str = "") -> str:
        """The absolute URL of an action, seen from the document that names it.

        Raises :class:`RefusedError` for an address that is not one of this service's Twilio webhooks: whoever uses the
        page must not make the service fetch anything else.
        """
        url = urljoin(document_url or f"{self._public_url}/", target or document_url)
        public, asked = urlsplit(self._public_url), urlsplit(url)
        base = f"{public.path}/twilio/"
        climbs = ".." in unquote(asked.path)
        if (asked.scheme, asked.netloc) != (public.scheme, public.netloc) or climbs or not asked.path.startswith(base):
            raise RefusedError(
                422, "Cette adresse n'est pas un webhook du service.", "That address is not a webhook of the service."
            )
        return url

    def _send(self, method: str, url: str, listening: str, headers: dict[str, str], **body: Any) -> Answer:
        public, own = urlsplit(url), urlsplit(listening or url)
        local = urlunsplit((own.scheme, own.netloc, public.path, public.query, ""))
        with self._turn():
            return _request(method, local, {**headers, "Host": public.netloc}, body)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        busy = RefusedError(503, "Réseau simulé occupé, réessayez.", "The simulated network is busy, try again.")
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._slots.acquire(timeout=QUEUE_TIMEOUT_S):
                raise busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def _request(method: str, url: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["User-Agent"] = "Hankali-Simulator"
            timeouts_s = (CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S)
            response = session.request(method, url, headers=headers, timeout=timeouts_s, allow_redirects=False, **body)
            # Not response.text: for text/xml without a charset requests would take Latin-1.
            return Answer(response.status_code, response.content.decode("utf-8", "replace"))
    except requests.Timeout:
        return Answer(0, "timeout")
    except requests.RequestException:
        return Answer(0, "unreachable")


def listening_address(environ: Mapping[str, Any]) -> str:
    """Where this process listens, from the WSGI environ of a request that it serves (gunicorn and werkzeug say so).

    The public address may be a tunnel that cannot be reached from here; empty (use the public address) for a
    Unix socket.
    """
    host, port = str(environ.get("SERVER_NAME", "")), str(environ.get("SERVER_PORT", ""))
    if not port.isdigit() or not host:
        return ""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - the address that a wildcard socket answers at
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
