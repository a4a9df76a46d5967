"""What SMS and voice share: Twilio's signature, and TwiML as a response."""

from __future__ import annotations

from flask import Request, Response, abort
from werkzeug.datastructures import MultiDict

from webhook.security import TwilioSignature
from webhook.settings import Settings


class TwilioGuard:
    """Lets only requests through that the provider signed."""

    def __init__(self, settings: Settings) -> None:
        self._signature = TwilioSignature(settings.twilio_auth_token)
        self._public_url = settings.public_url if settings.public_url_set or not settings.demo else ""

    def parameters(self, request: Request) -> MultiDict[str, str]:
        """The form; aborts with 403 unless its signature is right."""
        form = request.form
        given = request.headers.get("X-Twilio-Signature", "")
        if not self._signature.valid(self.base(request) + asked_path(request), form, given):
            abort(403)
        return form

    def base(self, request: Request) -> str:
        """The address that the provider knows us by. On a laptop without one: the address it asked."""
        return self._public_url or request.host_url.rstrip("/")


def asked_path(request: Request) -> str:
    """Path and query byte for byte as they stood in the request line (the signature covers them so)."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    if raw.startswith("/"):
        return raw
    rest = raw.partition("://")[2]
    return "/" + rest.partition("/")[2]


def twiml(body: str) -> Response:
    """A TwiML document."""
    return Response(body, mimetype="text/xml")
