"""Addresses at which the provider hears one message for a few minutes: signed, and worth nothing afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort

from webhook.clock import Clock
from webhook.database import Database
from webhook.referrals.voice_rows import sound_of
from webhook.security import Vault, same_secret

LIVES = timedelta(minutes=15)
"""From the moment the words before it begin; five messages of two minutes fit in."""
MAX_DIGITS = 12


def path_of(vault: Vault, message: str, now: datetime) -> str:
    """The path of a message for LIVES."""
    named = f"/twilio/voice/message/{message}/{int((now + LIVES).timestamp())}"
    return f"{named}/{vault.proof(named)}.wav"


def create_blueprint(database: Database, vault: Vault, clock: Clock) -> Blueprint:
    """``GET /twilio/voice/message/<id>/<until>/<proof>.wav``; 404 for everything that is not right."""
    blueprint = Blueprint("messages", __name__)

    @blueprint.get("/twilio/voice/message/<message>/<until>/<proof>.wav")
    def message_sound(message: str, until: str, proof: str) -> Response:
        expected = vault.proof(f"/twilio/voice/message/{message}/{until}")
        in_time = until.isascii() and until.isdigit() and len(until) <= MAX_DIGITS
        if not same_secret(expected, proof) or not in_time or int(until) < clock().timestamp():
            abort(404)
        with database.reading() as transaction:
            sound = sound_of(transaction, vault, message)
        if sound is None:
            abort(404)
        return Response(sound, mimetype="audio/wav")

    return blueprint
