"""Who may talk to the simulator: its own page, in demo mode, and nobody else's page."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from flask import Response, abort, request

from webhook.simulator.refusal import RefusedError
from webhook.simulator.settings import SimulatorSettings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FORBIDDEN = RefusedError(403, "Requête refusée : autre origine.", "Request refused: another origin.")


def demo_only(settings: SimulatorSettings) -> None:
    """404 outside demo mode, as if the page did not exist."""
    if settings.mode != "demo":
        abort(404)


def same_origin(settings: SimulatorSettings) -> None:
    """Raises :class:`RefusedError` for what a foreign page may have sent.

    A browser says where a request comes from (``Sec-Fetch-Site``, ``Origin``), and cannot send JSON to another origin
    unasked. A foreign name in ``Host`` that leads here (DNS rebinding) is refused; numeric addresses cannot rebind.
    """
    public_host = urlsplit(settings.public_url).hostname
    if not _is_ours(urlsplit(f"//{request.host}").hostname, public_host):
        raise _FORBIDDEN
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise _FORBIDDEN
    if request.method == "POST":
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc not in {request.host, urlsplit(settings.public_url).netloc}:
            raise _FORBIDDEN
        if not request.is_json:
            raise RefusedError(415, "JSON attendu.", "JSON expected.")


def _is_ours(host: str | None, public_host: str | None) -> bool:
    if not host:
        return False
    if host in {"localhost", public_host}:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def protect(response: Response) -> Response:
    """Headers of every answer of the simulator."""
    headers: dict[str, Any] = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    for name, value in headers.items():
        response.headers[name] = value
    if request.endpoint != "simulator.static":
        response.headers["Cache-Control"] = "no-store"
    return response
