"""Keys and proofs: who sent this, under which name we know them, and what only we can read."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

_ID_CONTEXT = b"hankali conversation id v1"
_LINK_CONTEXT = b"hankali link v1"
ID_BYTES = 24


class Vault:
    """Encrypts what is stored and names conversations without storing addresses. Thread-safe."""

    def __init__(self, secret_key: str, encryption_keys: Sequence[str]) -> None:
        self._id_key = _derived(secret_key, _ID_CONTEXT)
        self._link_key = _derived(secret_key, _LINK_CONTEXT)
        self._fernet = MultiFernet([Fernet(key) for key in encryption_keys])

    def conversation_id(self, channel: str, sender: str) -> str:
        """48 hex digits, the same for the same channel and sender as long as the secret key stays."""
        message = f"{channel}\0{normal_sender(channel, sender)}".encode()
        return hmac.digest(self._id_key, message, hashlib.sha256)[:ID_BYTES].hex()

    def lock(self, value: Any) -> bytes:
        """Encrypts something JSON can say."""
        return self._fernet.encrypt(json.dumps(value, separators=(",", ":")).encode())

    def unlock(self, token: bytes | memoryview | None) -> Any:
        """What :meth:`lock` was given; None when there is nothing or no key of ours reads it."""
        if token is None:
            return None
        try:
            return json.loads(self._fernet.decrypt(bytes(token)))
        except (InvalidToken, ValueError):
            return None

    def lock_bytes(self, value: bytes) -> bytes:
        """Encrypts bytes as they are (a sound)."""
        return self._fernet.encrypt(value)

    def unlock_bytes(self, token: bytes | memoryview | None) -> bytes | None:
        """The reverse of :meth:`lock_bytes`; None when there is nothing or no key of ours reads it."""
        try:
            return self._fernet.decrypt(bytes(token)) if token is not None else None
        except InvalidToken:
            return None

    def proof(self, path: str) -> str:
        """What shows that an address was made by us: 64 hex digits (HMAC-SHA256 under a key of its own)."""
        return hmac.digest(self._link_key, path.encode(), hashlib.sha256).hex()

    def renew(self, token: bytes | memoryview) -> bytes | None:
        """The same secret under the first key; None when no key of ours reads it."""
        try:
            return self._fernet.rotate(bytes(token))
        except InvalidToken:
            return None


def _derived(secret_key: str, context: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(secret_key.encode())


def normal_sender(channel: str, sender: str) -> str:
    """One spelling per sender: telephone numbers lose their spaces, dots, dashes and brackets."""
    if channel == "telegram":
        return sender.strip()
    return "".join(c for c in sender if c not in " .-()/\u00a0")


class TwilioSignature:
    """Checks ``X-Twilio-Signature``: HMAC-SHA1 over the URL and the sorted parameters."""

    def __init__(self, auth_token: str | None) -> None:
        self._validator = RequestValidator(auth_token) if auth_token else None

    def valid(self, url: str, parameters: MultiDict[str, str], signature: str) -> bool:
        """False for a wrong or missing signature, and always without an auth token."""
        if self._validator is None or not signature:
            return False
        # compare_digest refuses non-ASCII text with an exception.
        return signature.isascii() and bool(self._validator.validate(url, parameters, signature))


def same_secret(expected: str | None, given: str | None) -> bool:
    """Constant-time comparison; a secret that is not configured equals nothing."""
    if not expected or not given:
        return False
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
