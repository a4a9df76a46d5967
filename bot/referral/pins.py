"""PINs of contacts: what stands in the directory is a salted scrypt hash, made by ``hankali contacts pin``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

MIN_DIGITS, MAX_DIGITS = 4, 8
_COST = {"n": 2**14, "r": 8, "p": 1}


def is_pin(text: str) -> bool:
    """4 to 8 digits: they must be typed on a keypad."""
    return text.isascii() and text.isdigit() and MIN_DIGITS <= len(text) <= MAX_DIGITS


def hash_pin(pin: str, salt: bytes | None = None) -> str:
    """``scrypt$salt$hash`` of a PIN."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.scrypt(pin.encode(), salt=salt, dklen=24, **_COST)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def pin_matches(pin: str, stored: str) -> bool:
    """Whether ``stored`` is a hash of ``pin``; False for anything else."""
    parts = stored.split("$")
    if len(parts) != 3 or parts[0] != "scrypt" or not is_pin(pin):
        return False
    try:
        salt = base64.b64decode(parts[1], validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(hash_pin(pin, salt), stored)
